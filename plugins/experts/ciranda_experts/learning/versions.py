"""Which version of an expert counts, which one is on trial beside it, and how that changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

from ciranda.errors import CirandaError
from ciranda.events.judging import Verdict
from ciranda.store import Database

from ..telemetry.sample import Sample
from .trial import Decision, Kind, Pair, Rules, Trial, chosen, decide, pair_of

__all__ = ["Change", "VersionError", "Versions"]

_TRIAL: Final = (
    "id, expert, incumbent, candidate, share, kind, begun, ended, pairs, wins, losses, "
    "incumbent_false, candidate_false, outcome"
)


class VersionError(CirandaError):
    """A trial cannot begin, or there is nothing to end or to go back to."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to an expert's versions; `at` in unix seconds."""

    at: float
    expert: str
    what: str
    former: str
    latter: str
    by: str
    why: str


@final
class Versions:
    """The versions, in memory and in a database.

    A candidate never decides: both versions judge, the incumbent's answer counts, the other one
    is recorded, until the test promotes it.

    Args:
        database: Of the tables of `learning.schema`.
        rules: When a trial is decided.
        share: Share of intents that a candidate judges, unless its trial says.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        rules: Rules,
        *,
        share: float = 0.1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database: Final = database
        self._rules: Final = rules
        self._share: Final = share
        self._clock: Final = clock
        self._current: dict[str, tuple[str, str]] = {}
        self._trials: dict[str, Trial] = {}
        self.reload()

    def current(self, expert: str) -> str | None:
        """Return the version whose answer counts; None where nobody ever chose one."""
        found = self._current.get(expert)
        return None if found is None else found[0]

    @property
    def chosen(self) -> dict[str, str]:
        """The versions whose answers count, by expert, where somebody chose one."""
        return {expert: current for expert, (current, _) in self._current.items()}

    def beside(self, expert: str, key: str) -> str | None:
        """Return the version that judges an intent too, without effect; None for no other.

        Args:
            expert: Whose version.
            key: The intent's key.
        """
        trial = self._trials.get(expert)
        if trial is None or not key or not chosen(trial.id, expert, key, trial.share):
            return None
        return trial.candidate

    def trials(self) -> list[Trial]:
        """Return the trials that run, by expert."""
        return [self._trials[expert] for expert in sorted(self._trials)]

    def begin(
        self,
        expert: str,
        candidate: str,
        *,
        incumbent: str,
        share: float | None = None,
        by: str,
        known: Mapping[str, Sequence[str]] | None = None,
    ) -> Trial:
        """Put a version on trial.

        Args:
            expert: Whose version.
            candidate: The version.
            incumbent: The version that counts if nobody ever chose one.
            share: Share of intents, above 0 and up to 1.
            by: Who wants it.
            known: The versions that the council has, by expert; unknown ones are not refused
                without it.

        Raises:
            VersionError: A trial runs, the version is the one in use, another one is in use than
                `incumbent`, the council has no such expert or version, or the share is none.
        """
        if known is not None:
            _check_known(known, expert, (candidate, incumbent))
        share = self._share if share is None else share
        if not 0 < share <= 1:
            raise VersionError(f"{share:g} is no share of intents: say more than 0 and at most 1")
        running = self._trials.get(expert)
        if running is not None:
            raise VersionError(
                f"version {running.candidate!r} of {expert} is on trial already: stop it first"
            )
        current = self.current(expert) or incumbent
        if current != incumbent:
            raise VersionError(
                f"version {current!r} of {expert} is the one in use, not {incumbent!r}"
            )
        if candidate == current:
            raise VersionError(f"version {candidate!r} of {expert} is the one in use")
        with self._database.transaction():
            self._choose(expert, current, self._current.get(expert, ("", ""))[1])
            self._start(expert, current, candidate, share, Kind.TRIAL)
            self._note(expert, "trial", current, candidate, by, f"for {share:.0%} of intents")
        self.reload()
        return self._trials[expert]

    def stop(self, expert: str, *, by: str, why: str = "") -> None:
        """End a trial, or the watch after a promotion; the version in use stays.

        Raises:
            VersionError: None runs.
        """
        trial = self._trials.get(expert)
        if trial is None:
            raise VersionError(f"no version of {expert} is on trial")
        with self._database.transaction():
            self._end(trial, "stopped")
            self._note(expert, "stopped", trial.candidate, trial.incumbent, by, why)
        self.reload()

    def rollback(self, expert: str, *, by: str, why: str = "") -> str:
        """Go back to the version before the last promotion.

        Returns:
            The version in use from now on.

        Raises:
            VersionError: There is none.
        """
        self.reload()
        current, previous = self._current.get(expert, ("", ""))
        if not previous:
            raise VersionError(f"{expert} has no version to go back to: none was promoted")
        with self._database.transaction():
            self._back(expert, current, previous, by, why)
        self.reload()
        return previous

    def learn(self, sample: Sample, truth: Verdict) -> list[Change]:
        """Count an outcome for the trials that it is part of; return what it decided."""
        changes: list[Change] = []
        with self._database.transaction():
            for trial in self._running():
                pair = pair_of(trial, sample, truth)
                # An intent that comes a hundred times tells no more than once.
                if pair is None or not self._database.change(
                    "INSERT OR IGNORE INTO pairs VALUES (?, ?)", [trial.id, sample.key]
                ):
                    continue
                counted = self._count(trial, pair)
                changes += self._settle(counted, decide(counted, self._rules))
        self.reload()
        return changes

    def history(self, limit: int = 100) -> list[Change]:
        """Return what happened, the newest first."""
        rows = self._database.execute(
            "SELECT at, expert, what, former, latter, by, why FROM changes "
            "ORDER BY id DESC LIMIT ?",
            [limit],
        )
        return [Change(*row) for row in rows]

    def reload(self) -> None:
        """Read what another process may have changed."""
        rows = self._database.execute("SELECT expert, current, previous FROM versions")
        self._current = {expert: (current, previous) for expert, current, previous in rows}
        self._trials = {trial.expert: trial for trial in self._running()}

    def _running(self) -> list[Trial]:
        rows = self._database.execute(f"SELECT {_TRIAL} FROM trials WHERE ended IS NULL")
        return [_trial(row) for row in rows]

    def _count(self, trial: Trial, pair: Pair) -> Trial:
        win = pair.candidate_right and not pair.incumbent_right
        loss = pair.incumbent_right and not pair.candidate_right
        counted = replace(
            trial,
            pairs=trial.pairs + 1,
            wins=trial.wins + win,
            losses=trial.losses + loss,
            incumbent_false=trial.incumbent_false + pair.incumbent_false,
            candidate_false=trial.candidate_false + pair.candidate_false,
        )
        self._database.execute(
            "UPDATE trials SET pairs = ?, wins = ?, losses = ?, incumbent_false = ?, "
            "candidate_false = ? WHERE id = ?",
            [
                counted.pairs, counted.wins, counted.losses, counted.incumbent_false,
                counted.candidate_false, counted.id,
            ],
        )  # fmt: skip
        return counted

    def _settle(self, trial: Trial, decision: Decision) -> list[Change]:
        if decision is Decision.UNDECIDED:
            return []
        expert, incumbent, candidate = trial.expert, trial.incumbent, trial.candidate
        why = (
            f"of {trial.pairs} intents that both judged, {trial.wins} only {candidate!r} got "
            f"right and {trial.losses} only {incumbent!r}"
        )
        if decision is Decision.ROLLED_BACK:
            return [self._back(expert, incumbent, candidate, "the sequential test", why)]
        self._end(trial, decision.value)
        latter = incumbent
        if decision is Decision.PROMOTED:
            latter = candidate
            self._choose(expert, candidate, incumbent)
            self._start(expert, candidate, incumbent, trial.share, Kind.WATCH)
        former = candidate if latter == incumbent else incumbent
        return [self._note(expert, decision.value, former, latter, "the sequential test", why)]

    def _back(self, expert: str, current: str, previous: str, by: str, why: str) -> Change:
        self._database.execute(
            "UPDATE trials SET ended = ?, outcome = 'rolled-back' "
            "WHERE expert = ? AND ended IS NULL",
            [self._clock(), expert],
        )
        self._choose(expert, previous, "")
        return self._note(expert, Decision.ROLLED_BACK.value, current, previous, by, why)

    def _choose(self, expert: str, current: str, previous: str) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO versions(expert, current, previous) VALUES (?, ?, ?)",
            [expert, current, previous],
        )

    def _start(self, expert: str, incumbent: str, candidate: str, share: float, kind: Kind) -> None:
        self._database.execute(
            "INSERT INTO trials(expert, incumbent, candidate, share, kind, begun) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [expert, incumbent, candidate, share, kind.value, self._clock()],
        )

    def _end(self, trial: Trial, outcome: str) -> None:
        self._database.execute(
            "UPDATE trials SET ended = ?, outcome = ? WHERE id = ?",
            [self._clock(), outcome, trial.id],
        )
        self._database.execute("DELETE FROM pairs WHERE trial = ?", [trial.id])

    def _note(self, expert: str, what: str, former: str, latter: str, by: str, why: str) -> Change:
        change = Change(self._clock(), expert, what, former, latter, by, why)
        self._database.execute(
            "INSERT INTO changes(at, expert, what, former, latter, by, why) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [change.at, expert, what, former, latter, by, why],
        )
        return change


def _check_known(known: Mapping[str, Sequence[str]], expert: str, versions: Sequence[str]) -> None:
    if expert not in known:
        raise VersionError(f"there is no expert {expert!r}; there are {', '.join(known)}")
    for version in versions:
        if version not in known[expert]:
            raise VersionError(
                f"the council has no version {version!r} of {expert}; it has "
                f"{', '.join(map(repr, known[expert]))}: a plugin offers another as a second "
                "Expert of the name"
            )


def _trial(row: tuple[Any, ...]) -> Trial:
    number, expert, incumbent, candidate, share, kind, *rest = row
    begun, ended, pairs, wins, losses, incumbent_false, candidate_false, outcome = rest
    return Trial(
        id=number,
        expert=expert,
        incumbent=incumbent,
        candidate=candidate,
        share=share,
        kind=Kind(kind),
        begun=begun,
        ended=ended,
        pairs=pairs,
        wins=wins,
        losses=losses,
        incumbent_false=incumbent_false,
        candidate_false=candidate_false,
        outcome=outcome,
    )
