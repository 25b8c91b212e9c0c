"""From whatever an action raised to a failure that every log can keep."""

from __future__ import annotations

import math
import sys
from typing import Any, Final

import anyio
import msgspec

from ciranda.actions import Action, failure_of
from ciranda.actions.values import NotPlainError, plain
from ciranda.events import Failure
from ciranda.expressions import ExpressionError

__all__ = ["called_off", "keepable_failure", "plain_failure", "unfit"]

LONGEST: Final = 65_536  # characters of a message that are kept


def keepable_failure(error: BaseException, action: Action | None) -> Failure:
    """Describe an error; what no log can keep of it is replaced, never the reason to stop a run.

    Texts may hold lone surrogates (names of files do), details objects of any class, and the
    error may not even have a text.
    """
    assert action is not None  # nothing else raises here
    try:
        failure = failure_of(error, action)
    except Exception as second:
        name, other = type(error).__name__, type(second).__name__
        return Failure(kind="crash", message=f"{name}, whose text raises {other}")
    finally:
        # Actions may raise one object again and again: each raise would add its frames for ever.
        error.__traceback__ = None
    after = failure.retry_after
    return msgspec.structs.replace(
        failure,
        kind=_text(failure.kind),
        message=_short(_text(failure.message)),
        traceback=_text(failure.traceback),
        detail=_detail(failure.detail),
        retry_after=after if isinstance(after, int | float) and 0 <= after < math.inf else None,
    )


def unfit(error: ExpressionError) -> Failure:
    """Describe an expression that could not be evaluated."""
    where = f" in `{error.source.strip()}`" if error.source else ""
    return Failure(kind="invalid-input", message=f"{error.message}{where}", retryable=False)


def plain_failure(failure: Failure) -> dict[str, Any]:
    """Return the error model as expressions read it, every name present."""
    return {name: getattr(failure, name) for name in _FIELDS}


_FIELDS: Final = tuple(
    field.name
    for field in msgspec.structs.fields(Failure)
    if field.name not in ("traceback", "log", "place")
)


def called_off() -> bool:
    """Say whether a cancellation that is on its way comes from outside of the step.

    An action that awaits a task of its own which was cancelled raises the same exception.
    """
    if anyio.current_effective_deadline() == -math.inf:
        return True
    asyncio = sys.modules.get("asyncio")  # where only trio runs, nothing else cancels
    try:
        task = asyncio.current_task() if asyncio is not None else None
    except RuntimeError:
        return True
    return task is None or task.cancelling() > 0


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode()


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}... ({len(text) - LONGEST} more characters)"


def _detail(detail: Any) -> dict[str, Any]:
    try:
        kept = plain(detail)
    except NotPlainError as error:
        return {"unkept": _text(error.sentence("detail"))}
    return kept if isinstance(kept, dict) else {"value": kept}
