"""What an expert is: third parties make theirs of this."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ciranda.events.judging import Verdict

from .intent.intent import Feature, Intent

__all__ = ["Expert", "Finding", "Isolation", "Question"]


class Isolation(StrEnum):
    """Where an expert runs."""

    INLINE = "inline"  # in the event loop; for an `async def`, or a function of microseconds
    THREAD = "thread"  # a late answer is dropped, but the thread cannot be killed
    PROCESS = "process"  # killed at its deadline; `judge` is a function of an importable module


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an expert is asked.

    Args:
        intent: What is to be judged.
        budget: Seconds until it should have an answer; shortly after, none is of any use.
        key: Idempotency key of the step on whose behalf it is asked, or "".
    """

    intent: Intent
    budget: float
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an expert finds.

    Args:
        verdict: Approved, rejected, uncertain or abstained ("this is not mine to judge").
        confidence: Probability, 0 to 1, that the verdict is right.
        reason: A kind, lower case with hyphens, such as `counterexample`.
        message: One sentence for a reader.
        evidence: Plain data that shows why; with `proven`, what is needed to check it again.
        proven: The verdict was checked by machine: a proven rejection is a veto.
    """

    verdict: Verdict
    confidence: float
    reason: str
    message: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    proven: bool = False


Judging = Callable[[Question], Finding | Awaitable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """One checker of the council.

    Args:
        name: Lower case, unique in a council.
        judge: Finds; sync or async.
        handles: Features that make it relevant; empty means every intent.
        cost: Expected milliseconds.
        timeout: Seconds it may take at most.
        isolation: Where it runs, or the word for it; by default an `async def` in line and
            any other function in a thread, which may block without holding up the rest.
        mandatory: Whether nothing is approved without its answer where it is relevant.
        pure: Whether equal intents always get equal findings, so that they may be cached.
        version: Changes when its findings may.
        weight: How much it counts in the rules that weigh, above 0.
    """

    name: str
    judge: Judging
    handles: frozenset[Feature] = frozenset()
    cost: float = 1.0
    timeout: float = 5.0
    isolation: Isolation | str | None = None
    mandatory: bool = False
    pure: bool = True
    version: str = "1"
    weight: float = 1.0

    def __post_init__(self) -> None:
        place = self.isolation
        if place is None:
            place = Isolation.INLINE if _is_async(self.judge) else Isolation.THREAD
        elif type(place) is str and place in set(Isolation):
            place = Isolation(place)
        object.__setattr__(self, "isolation", place)


def _is_async(judge: object) -> bool:
    """Return whether calling something only makes a coroutine."""
    return inspect.iscoroutinefunction(judge) or inspect.iscoroutinefunction(
        getattr(judge, "__call__", None)  # noqa: B004  (its kind is asked, not whether it is there)
    )
