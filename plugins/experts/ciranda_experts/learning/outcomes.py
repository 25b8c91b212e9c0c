"""Ground truth: what was right, and which experts had said so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, final

import msgspec

from ciranda.errors import CirandaError
from ciranda.events.judging import Verdict
from ciranda.store import Database

from ..telemetry.sample import Sample
from .reliability import Reliability, reliability

__all__ = ["Accuracy", "OutcomeError", "Outcomes"]

_DAY: Final = 86400.0
_DECISIONS: Final = (Verdict.APPROVED, Verdict.REJECTED)


class OutcomeError(CirandaError):
    """What is said to be right is no decision, about no known judgement, or contradicts another."""


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """How often a version of an expert was right, over the newest outcomes.

    Only approvals and rejections count: who is uncertain is not wrong. `false_approvals` counts
    the approvals of what should have been rejected, `approvals` all of them.
    """

    expert: str
    version: str
    count: int
    right: int
    approvals: int
    false_approvals: int
    reliability: Reliability

    @property
    def share(self) -> float:
        """The share of right answers."""
        return self.right / self.count


@final
class Outcomes:
    """The outcomes, in a database.

    Args:
        database: Of the tables of `learning.schema`.
        window: Newest outcomes of an expert that count.
        clock: Unix seconds.
    """

    def __init__(
        self, database: Database, *, window: int = 1000, clock: Callable[[], float] = time.time
    ) -> None:
        self._database: Final = database
        self._window: Final = window
        self._clock: Final = clock

    def record(self, sample: Sample, truth: Verdict, *, by: str) -> bool:
        """Record what was right about a judgement; the same again changes nothing.

        Judgements without an id are one judgement for each intent.

        Args:
            sample: The judgement.
            truth: Approved or rejected.
            by: Who says so.

        Returns:
            Whether it was new.

        Raises:
            OutcomeError: The truth is no decision, or another one was recorded.
        """
        if truth not in _DECISIONS:
            raise OutcomeError(
                f"{truth.value!r} is no outcome of judgement {sample.id!r}: "
                "say approved or rejected"
            )
        former = self._database.execute(
            "SELECT truth, by FROM outcomes WHERE judgement = ? AND key = ?",
            [sample.id, sample.key],
        )
        if former:
            if former[0][0] == truth.value:
                return False
            raise OutcomeError(
                f"the outcome of judgement {sample.id!r} was {former[0][0]} by {former[0][1]}: "
                "it is not changed afterwards"
            )
        now = self._clock()
        self._database.execute(
            "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                sample.id, sample.key, sample.at, now, truth.value, sample.verdict.value,
                sample.confidence, by,
            ],
        )  # fmt: skip
        self._database.execute_many(
            'INSERT INTO graded(at, expert, version, verdict, raw, confidence, "right", role) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    now, each.expert, each.version, each.verdict.value,
                    each.raw, each.confidence, each.verdict is truth,
                    int(each.role),
                )
                for each in sample.answers
                if each.verdict in _DECISIONS
            ],
        )  # fmt: skip
        return True

    def count(self, expert: str, version: str) -> int:
        """Count all outcomes kept of an expert's version."""
        rows = self._database.execute(
            "SELECT count(*) FROM graded WHERE expert = ? AND version = ?", [expert, version]
        )
        return int(rows[0][0])

    def points(self, expert: str, version: str) -> list[tuple[float, bool]]:
        """Return raw confidence and rightness of the newest outcomes, oldest first."""
        rows = self._newest(expert, version, "AND raw IS NOT NULL")
        return [(raw, bool(right)) for _, raw, _, right in rows]

    def right(self, expert: str, version: str) -> list[bool]:
        """Return the rightness of the newest outcomes, oldest first."""
        return [bool(right) for _, _, _, right in self._newest(expert, version)]

    def versions(self) -> list[tuple[str, str]]:
        """Return the experts and versions with outcomes."""
        rows = self._database.execute(
            "SELECT DISTINCT expert, version FROM graded ORDER BY expert, version"
        )
        return [(expert, version) for expert, version in rows]

    def accuracy(self, expert: str, version: str) -> Accuracy | None:
        """Return how often an expert's version was right; None if nobody knows."""
        rows = self._newest(expert, version)
        if not rows:
            return None
        approvals = [right for verdict, _, _, right in rows if verdict == Verdict.APPROVED]
        return Accuracy(
            expert=expert,
            version=version,
            count=len(rows),
            right=sum(right for *_, right in rows),
            approvals=len(approvals),
            false_approvals=len(approvals) - sum(approvals),
            reliability=reliability(
                [(confidence, bool(right)) for _, _, confidence, right in rows]
            ),
        )

    def forget(self, days: float) -> None:
        """Remove outcomes that were recorded so many days ago."""
        before = self._clock() - days * _DAY
        with self._database.transaction():
            self._database.execute("DELETE FROM outcomes WHERE at < ?", [before])
            self._database.execute("DELETE FROM graded WHERE at < ?", [before])

    def _newest(self, expert: str, version: str, also: str = "") -> Sequence[tuple[Any, ...]]:
        rows = self._database.execute(
            f'SELECT verdict, raw, confidence, "right" FROM graded '
            f"WHERE expert = ? AND version = ? {also} ORDER BY id DESC LIMIT ?",
            [expert, version, self._window],
        )
        return rows[::-1]
