"""What the council hands over to, and whom it listens to, as far as it needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from ciranda.events.judging import Judgement, Opinion

from ..expert import Finding, Question
from ..intent.intent import Intent

__all__ = ["Adviser", "Desk", "Purity", "Recorder", "Settling"]


class Recorder(Protocol):
    """Takes every judgement for telemetry."""

    def record(
        self,
        judgement: Judgement,
        *,
        raw: dict[str, float],
        skipped: tuple[str, ...],
        shadow: tuple[Opinion, ...],
        candidates: tuple[Opinion, ...],
    ) -> None:
        """Take one; at once, and never waiting for a disk.

        Args:
            judgement: What the council said.
            raw: Confidence before calibration by expert, and by `expert@version` of candidates.
            skipped: Experts that the gate left out.
            shadow: What some of these said when they were asked all the same.
            candidates: What versions on trial said.
        """


class Desk(Protocol):
    """Puts what is uncertain before a human."""

    def open(self, judgement: Judgement, source: Mapping[str, Any] | str) -> str:
        """Return the id of the item that waits; empty where none was made."""


class Adviser(Protocol):
    """Says what was learned."""

    @property
    def revision(self) -> int:
        """Another number when anything below is another one."""

    @property
    def threshold(self) -> float:
        """The confidence that a verdict needs."""

    def calibrated(self, expert: str, raw: float, version: str) -> float:
        """Return the confidence, 0 to 1, that an opinion deserves."""

    def current(self, expert: str) -> str | None:
        """Return the version of an expert that counts; None for the first one offered."""

    def beside(self, expert: str, key: str) -> str | None:
        """Return the version that judges an intent too, without effect."""


@runtime_checkable
class Settling(Protocol):
    """What the object whose method an expert's `judge` is may also have: the last word."""

    async def settle(self, question: Question, judgement: Judgement | None) -> Finding | None:
        """Take note of what came of a question; None if it came to no end.

        Awaited once for each question that was put, with the same object, before anybody hears
        of the judgement. A finding takes the place of the one that was given before.
        """


@runtime_checkable
class Purity(Protocol):
    """What such an object may also have: whether it is pure depends on the intent."""

    def is_pure(self, intent: Intent) -> bool:
        """Say whether a finding about this intent may be given again without asking."""
