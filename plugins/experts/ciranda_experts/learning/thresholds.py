"""The confidence that an approval needs, moved in bounded steps toward a share of wrong ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from ciranda.store import Database

__all__ = ["Move", "Rules", "Threshold", "Thresholds", "bounds", "next_threshold"]

_DOUBT: Final = 0.05  # chance that the share lies beyond one of its bounds
_SLACK: Final = 1e-9


class Move(StrEnum):
    """What happens to the threshold."""

    STAYS = "stays"
    RAISED = "raised"
    LOWERED = "lowered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the threshold moves.

    Args:
        floor: What is configured; it never goes below.
        ceiling: It is never raised above; a floor that is higher stays.
        target: Share of approvals that may be wrong.
        step: How far it moves at a time, at the most.
        minimum: Approvals with known outcome between two looks.
    """

    floor: float
    ceiling: float
    target: float
    step: float
    minimum: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value, and when and why it became that; unix seconds."""

    value: float
    at: float
    approvals: int
    wrong: int
    why: str


def bounds(wrong: int, count: int) -> tuple[float, float]:
    """Return what a share is at least and at most, each with 95 % (Clopper and Pearson)."""
    lower = 0.0 if not wrong else _solve(lambda p: 1 - _at_most(wrong - 1, count, p), _DOUBT)
    upper = 1.0 if wrong >= count else _solve(lambda p: 1 - _at_most(wrong, count, p), 1 - _DOUBT)
    return lower, upper


def next_threshold(current: float, approvals: int, wrong: int, rules: Rules) -> tuple[float, Move]:
    """Return where the threshold goes after so many approvals since it last moved.

    It is looked at after each `minimum` approvals. It is raised by a step when the share of wrong
    ones is above the target with 95 %, and lowered by one when it is below half of the target
    with 95 %; in between it stays, so that it does not swing. After a move the count begins anew.
    """
    top = max(rules.floor, rules.ceiling)
    current = min(top, max(rules.floor, current))
    if not approvals or approvals % rules.minimum:
        return current, Move.STAYS
    lower, upper = bounds(wrong, approvals)
    if lower > rules.target and current < top - _SLACK:
        return min(top, current + rules.step), Move.RAISED
    if upper < rules.target / 2 and current > rules.floor + _SLACK:
        return max(rules.floor, current - rules.step), Move.LOWERED
    return current, Move.STAYS


def _at_most(hits: int, count: int, share: float) -> float:
    """Return the chance of so many hits at the most."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(hits >= count)
    on, off = math.log(share), math.log1p(-share)
    whole = math.lgamma(count + 1)
    return min(
        1.0,
        math.fsum(
            math.exp(
                whole - math.lgamma(k + 1) - math.lgamma(count - k + 1) + k * on + (count - k) * off
            )
            for k in range(hits + 1)
        ),
    )


def _solve(rising: Callable[[float], float], value: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@final
class Thresholds:
    """The threshold and its history, in a database.

    Args:
        database: Of the tables of `learning.schema`.
        rules: How it moves.
        clock: Unix seconds.
    """

    def __init__(
        self, database: Database, rules: Rules, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database: Final = database
        self._rules: Final = rules
        self._clock: Final = clock
        self._value = rules.floor
        self.reload()

    @property
    def value(self) -> float:
        """The confidence that an approval needs now."""
        return self._value

    def reload(self) -> None:
        """Read what another process may have written."""
        newest = self.history(1)
        value = newest[0].value if newest else self._rules.floor
        self._value = min(
            max(self._rules.floor, self._rules.ceiling), max(self._rules.floor, value)
        )

    def consider(self) -> Threshold | None:
        """Move the threshold if the outcomes since its last move ask for it."""
        newest = self.history(1)
        rows = self._database.execute(
            "SELECT count(*), coalesce(sum(truth = 'rejected'), 0) FROM outcomes "
            "WHERE verdict = 'approved' AND judged > ?",
            [newest[0].at if newest else 0.0],
        )
        approvals, wrong = int(rows[0][0]), int(rows[0][1])
        value, move = next_threshold(self._value, approvals, wrong, self._rules)
        if move is Move.STAYS:
            return None
        beside = "above" if move is Move.RAISED else "below half of"
        why = (
            f"{wrong} of {approvals} approvals were wrong, which is {beside} the "
            f"{self._rules.target:g} that may be: {move.value} from {self._value:.4g}"
        )
        moved = Threshold(value, self._clock(), approvals, wrong, why)
        self._database.execute(
            "INSERT INTO thresholds(value, at, approvals, wrong, why) VALUES (?, ?, ?, ?, ?)",
            [moved.value, moved.at, moved.approvals, moved.wrong, moved.why],
        )
        self._value = value
        return moved

    def history(self, limit: int = 100) -> list[Threshold]:
        """Return the moves, the newest first."""
        rows = self._database.execute(
            "SELECT value, at, approvals, wrong, why FROM thresholds ORDER BY id DESC LIMIT ?",
            [limit],
        )
        return [Threshold(*row) for row in rows]
