"""Whether a failed attempt is followed by another, and after how long: a pure rule."""

from __future__ import annotations

from collections.abc import Iterable

from ciranda.events import Failure
from ciranda.workflow.model import Retry

__all__ = ["NEVER_BEGUN", "kind_matches", "retry_delay"]

# The other side did nothing yet, so another attempt cannot do it twice.
NEVER_BEGUN = ("unavailable", "rate_limited", "refused", "circuit_open", "conflict")
# Another attempt would meet the same wall.
HOPELESS = ("invalid-input", "invalid-output", "denied", "cancelled", "secret", "check")


def kind_matches(kind: str, patterns: Iterable[str]) -> bool:
    """Say whether a kind is one of the patterns or below one: `exit.3` is below `exit`."""
    return any(kind == pattern or kind.startswith(f"{pattern}.") for pattern in patterns)


def retry_delay(
    retry: Retry | None, failure: Failure, attempt: int, *, repeatable: bool, chance: float
) -> float | None:
    """Return the seconds to wait before the next attempt, or None when there is none.

    Args:
        retry: The step's rule.
        failure: How this attempt failed.
        attempt: Its number, from 1.
        repeatable: Whether doing the work twice is harmless (pure, idempotent or keyed).
        chance: A random number in [0, 1) for the jitter.
    """
    if retry is None or attempt >= retry.attempts or kind_matches(failure.kind, retry.unless):
        return None
    if retry.on:
        wanted = kind_matches(failure.kind, retry.on)
    elif failure.retryable is not None:
        wanted = failure.retryable and (repeatable or kind_matches(failure.kind, NEVER_BEGUN))
    elif repeatable:
        wanted = not kind_matches(failure.kind, HOPELESS)
    else:
        wanted = kind_matches(failure.kind, NEVER_BEGUN)
    if not wanted:
        return None
    try:
        delay: float = min(retry.backoff * float(retry.factor) ** (attempt - 1), retry.cap)
    except OverflowError:
        delay = retry.cap
    if retry.jitter == "full":
        delay *= chance
    return max(delay, failure.retry_after or 0.0)
