"""When a schedule is due, as a function of times: cron in a time zone, and what was missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Final, Literal, cast, get_args
from zoneinfo import ZoneInfo

from ciranda.workflow.cron import cron_problem, zone_problem

__all__ = ["LATE", "Due", "Missed", "Schedule", "schedule_of"]

Missed = Literal["skip", "one", "all"]

LATE: Final = 60.0  # seconds after which a time counts as missed
_TURNED: Final = 3 * 3600.0  # seconds: more than any clock is turned back
MOST: Final = 100  # missed times that are made up for at a time


@dataclass(frozen=True, slots=True)
class Due:
    """A time of a schedule that has come, in unix seconds; `missed` if nobody was there then."""

    at: float
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Cron times in a time zone, as Debian's cron has them when clocks are put on or back.

    Times written with an hour that a day skips come as soon as the hour is over; those of an hour
    that a day has twice come once. Times that come every hour or minute (a `*` in front) follow
    the time that really passes: none in an hour that is skipped, and again in one that is doubled.
    """

    cron: str
    zone: tzinfo = UTC
    missed: Missed = "skip"

    def due(self, cursor: float, now: float) -> tuple[list[Due], float]:
        """Return what is due after `cursor`, up to `now`, and the next cursor; unix seconds.

        A cursor from the future means that the clock was set back: it begins anew.
        """
        if cursor > now + LATE:
            return [], now
        late = max(cursor, now - LATE)  # what comes later is on time
        found: list[Due] = []
        if cursor < late and self.missed == "all":
            missed = list(islice(self._between(cursor, late), MOST + 1))
            found = [Due(at, missed=True) for at in missed[:MOST]]
            if len(missed) > MOST:
                return found, found[-1].at
        elif cursor < late and self.missed == "one":
            last = next(self._times(late, back=True), cursor)
            found = [Due(last, missed=True)] if last > cursor else []
        found += [Due(at) for at in self._between(late, now)]
        return found, max(now, cursor)

    def following(self, at: float) -> float:
        """Return the first time after `at`, infinity if there is none."""
        return next(self._times(at), float("inf"))

    def _between(self, after: float, until: float) -> Iterator[float]:
        for at in self._times(after):
            if at > until:
                return
            yield at

    def _times(self, at: float, *, back: bool = False) -> Iterator[float]:
        """Yield the times after `at` in their order, or those up to it from the last on."""
        from cronsim import CronSim  # here: only servers need it

        # In an hour that comes twice, local times alone lead back to its first turn.
        begin = datetime.fromtimestamp(at + _TURNED if back else at, self.zone)
        for each in CronSim(self.cron, begin, reverse=back):
            found = each.timestamp()
            if (found <= at) is back:
                yield found


def schedule_of(cron: str, timezone: str = "UTC", missed: str = "skip") -> Schedule:
    """Return the schedule that a file describes.

    Raises:
        ValueError: It describes none; the text is one sentence.
    """
    problem, hint = cron_problem(cron)
    problem = f"{problem}: {hint}" if hint else problem
    problem = problem or zone_problem(timezone)
    if problem:
        raise ValueError(problem)
    if missed not in get_args(Missed):
        raise ValueError(f"`missed: {missed}` is neither `skip` nor `one` nor `all`")
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    return Schedule(cron, zone, cast(Missed, missed))
