"""What the council hands over to, and whom it listens to, as far as it needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from ciranda.events.judging import Judgement, Opinion

from ..expert import Finding, Question
from ..intent.intent import Intent

__all__ = ["Adviser", "Desk", "Purity", "Recorder", "Settling", "Versioning"]


class Recorder(Protocol):
    """Takes every judgement for telemetry."""

    def record(
        self,
        judgement: Judgement,
        opinions: tuple[Opinion, ...],
        *,
        skipped: tuple[str, ...],
        candidates: tuple[Opinion, ...],
    ) -> None:
        """Take one; at once, and never waiting for a disk.

        Args:
            judgement: What the council said.
            opinions: What its experts said before calibration.
            skipped: Experts that the gate left out.
            candidates: What versions on trial said, before calibration.
        """

    def record_late(self, judgement: Judgement, shadow: tuple[Opinion, ...]) -> None:
        """Take what skipped experts said when they were asked all the same."""

    def crisis(self, *, began: bool, reason: str = "") -> None:
        """Take note that a crisis began or ended."""


class Desk(Protocol):
    """Puts what is uncertain before a human."""

    def open(self, judgement: Judgement, source: Mapping[str, Any] | str) -> str:
        """Return the id of the item that waits; empty where none was made."""


class Versioning(Protocol):
    """Says which versions of experts are asked."""

    def current(self, expert: str) -> str | None:
        """Return the version of an expert that counts; None for the first one offered."""

    def beside(self, expert: str, key: str) -> str | None:
        """Return the version that judges the intent of a key too, without effect."""


class Adviser(Protocol):
    """Says what was learned."""

    @property
    def revision(self) -> int:
        """Another number when anything below is another one."""

    @property
    def versions(self) -> Versioning:
        """The versions of experts."""

    def calibrated(self, opinion: Opinion) -> float:
        """Return the probability, 0 to 1, that an opinion as its expert gave it is right."""

    def threshold(self, usual: float) -> float:
        """Return the confidence that a verdict needs, never below `usual`."""


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
