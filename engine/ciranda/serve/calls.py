"""Triggers that nobody calls from outside: times, files, and events of other runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, final

import anyio
import anyio.to_thread
import msgspec

from ciranda.errors import InputError
from ciranda.expressions import ExpressionError
from ciranda.serve.cursors import Cursors
from ciranda.serve.filewatch import Look, changes, event_of_change, look
from ciranda.serve.flow import Flow
from ciranda.serve.health import Health
from ciranda.serve.lines import Lines
from ciranda.serve.occurrence import Occurrence
from ciranda.serve.schedule import Due
from ciranda.serve.trigger import Triggering
from ciranda.serve.work import Accepted, Order
from ciranda.settings import project_root
from ciranda.store import Log, Message

__all__ = ["Calls", "event_of_message", "event_of_time"]

OfKind = Callable[[str], list[tuple[Flow, Triggering]]]


@final
class Calls:
    """Looks at clocks, folders and announcements, and has runs accepted.

    Args:
        of_kind: Returns the triggers of a kind with their flows.
        cursors: How far they are.
        log: Where events are announced.
        health: Counts.
        lines: Tells.
        wake: Called when there is work.
        wall: The clock, in unix seconds.
        new_id: Makes ids of runs.
    """

    def __init__(
        self,
        of_kind: OfKind,
        cursors: Cursors,
        log: Log,
        *,
        health: Health,
        lines: Lines,
        wake: Callable[[], None],
        wall: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._of_kind: Final = of_kind
        self._cursors: Final = cursors
        self._log: Final = log
        self._health: Final = health
        self._lines: Final = lines
        self._wake: Final = wake
        self._wall: Final = wall
        self._new_id: Final = new_id
        self._before: Final[dict[str, Look]] = {}  # the last look of each watch

    @property
    def looks(self) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
        """Each look with the seconds between two of them."""
        return [(1.0, self.schedules), (1.0, self.files), (0.5, self.events)]

    async def schedules(self) -> None:
        """Begin what is due."""
        for flow, trigger in self._of_kind("schedule"):
            await anyio.to_thread.run_sync(self._schedule, flow, trigger)

    async def files(self) -> None:
        """Begin what files ask for that came or changed."""
        for flow, trigger in self._of_kind("files"):
            await anyio.to_thread.run_sync(self._files, flow, trigger)

    async def events(self) -> None:
        """Begin what events ask for that were announced to the whole store."""
        for flow, trigger in self._of_kind("event"):
            await anyio.to_thread.run_sync(self._events, flow, trigger)

    def _schedule(self, flow: Flow, trigger: Triggering) -> None:
        assert trigger.schedule is not None  # by its kind
        now = self._wall()
        since = self._cursors.at(trigger.cursor, lambda: now)
        due, until = trigger.schedule.due(since, now)
        for each in due:
            order = self._order(flow, trigger, event_of_time(each, trigger.cursor))
            if not self._told(
                flow, trigger, self._cursors.advance(trigger.cursor, since, each.at, order)
            ):
                return
            since = each.at
        if until != since:
            self._cursors.advance(trigger.cursor, since, until)

    def _events(self, flow: Flow, trigger: Triggering) -> None:
        since = self._cursors.at(trigger.cursor, self._newest)
        for message in self._log.announced(int(since)):
            order = self._order_for(flow, trigger, message)
            accepted = self._cursors.advance(trigger.cursor, since, float(message.id), order)
            if not self._told(flow, trigger, accepted):
                return
            since = float(message.id)

    def _order_for(self, flow: Flow, trigger: Triggering, message: Message) -> Order | None:
        """Return the order for an announcement; none, with a word, if it makes no sense."""
        if message.kind == "event":
            event = event_of_message(message)
            try:
                return self._order(flow, trigger, event) if trigger.takes(event) else None
            except ExpressionError as error:
                why = str(error)
        else:
            why = f"announcement {message.id} is damaged: send it again"
        self._lines.warning("not begun", flow=flow.file, trigger=trigger.name, why=why)
        return None

    def _newest(self) -> float:
        """Return the last announcement: a new trigger does not hear of those before it."""
        return float(max((message.id for message in self._log.announced()), default=0))

    def _files(self, flow: Flow, trigger: Triggering) -> None:
        folder = Path(flow.file).parent
        now = look(project_root(folder), folder, trigger.patterns)
        before, self._before[trigger.cursor] = self._before.get(trigger.cursor), now
        known = self._cursors.files(trigger.cursor)
        if known is None:
            self._cursors.begin(trigger.cursor, now, self._wall())
            return
        for change in changes(known, before or {}, now):
            order = self._order(flow, trigger, event_of_change(change))
            if not self._told(flow, trigger, self._cursors.tell(trigger.cursor, change, order)):
                return
        if gone := known.keys() - now.keys():
            self._cursors.drop(trigger.cursor, gone)

    def _order(self, flow: Flow, trigger: Triggering, event: Occurrence) -> Order | None:
        """Return the order for an event; none, with a word, if its inputs do not fit."""
        try:
            return trigger.order(event, self._new_id)
        except InputError as error:
            self._lines.warning("not begun", flow=flow.file, trigger=trigger.name, why=str(error))
            return None

    def _told(self, flow: Flow, trigger: Triggering, accepted: list[Accepted] | None) -> bool:
        """Tell what was accepted; False if nothing could be, so that it is tried again later."""
        if accepted is None:
            return False
        for each in accepted:
            word = "known already" if each.duplicate else "accepted"
            self._lines.info(word, run=each.run, trigger=trigger.name, flow=flow.file)
            self._health.count("accepted", trigger.kind)
        return True


def event_of_time(due: Due, schedule: str) -> Occurrence:
    """Return the event of a time that has come; the same time gives the same event."""
    at = datetime.fromtimestamp(due.at, UTC).isoformat().replace("+00:00", "Z")
    return Occurrence(
        id=at,
        source=f"schedule:{schedule[:12]}",
        type="ciranda.schedule",
        time=at,
        data={"scheduled": at, "missed": due.missed},
    )


def event_of_message(message: Message) -> Occurrence:
    """Return the event that was announced."""
    told: dict[str, Any] = msgspec.msgpack.decode(message.payload)
    at = datetime.fromtimestamp(message.at, UTC).isoformat().replace("+00:00", "Z")
    return Occurrence(
        id=str(told.get("id") or message.id),
        source=str(told.get("source") or "emit"),
        type=str(told.get("event", "")),
        time=at,
        data=told.get("data"),
    )
