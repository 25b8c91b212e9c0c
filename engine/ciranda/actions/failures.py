"""From an exception to the one error model."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ciranda.errors import InputError, StepError
from ciranda.events import Failure

if TYPE_CHECKING:
    from ciranda.actions.action import Action

# What the engine itself calls failures; plugins add `<plugin>.<word>`. Matched by prefix.
KINDS: Final = (
    "cancelled",
    "check",
    "circuit_open",
    "conflict",
    "crash",
    "denied",
    "exit",
    "failed",
    "invalid-input",
    "invalid-output",
    "join",
    "limit",
    "memory",
    "rate_limited",
    "refused",
    "secret",
    "timeout",
    "unavailable",
    "worker-lost",
)
_BY_TYPE: Final[dict[type[BaseException], str]] = {
    TimeoutError: "timeout",
    ConnectionError: "unavailable",
    MemoryError: "memory",
    InputError: "invalid-input",
}
_MAX_TRACEBACK: Final = 16_384  # characters kept; the end tells most
_MAX_FRAMES: Final = 100  # of each exception in a chain, innermost


def failure_of(error: BaseException, action: Action | None = None) -> Failure:
    """Describe why an attempt failed.

    A group with one exception in it counts as that exception; a group whose exceptions all
    have one kind, as the first of them. An exception that nobody declared is a `crash` that
    carries the author's type, place and traceback.

    Args:
        error: What the action raised.
        action: Whose `raises` and `errors` tables apply.
    """
    leaves = list(_leaves(error))
    failures = [_of_one(leaf, action) for leaf in leaves]
    first = failures[0]
    if len(leaves) > 1:
        if any(failure.kind != first.kind for failure in failures):
            return _of_one(error, action)
        more = f"{first.message} (and {len(leaves) - 1} more)"
        return msgspec.structs.replace(first, message=more)
    return first


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _of_one(error: BaseException, action: Action | None) -> Failure:
    errors = action.errors if action is not None else {}
    if isinstance(error, StepError):
        declared = kind_matches(error.kind, errors)
        return Failure(
            kind=error.kind,
            message=error.message,
            detail=error.detail,
            retryable=error.retryable if error.retryable is not None else declared,
            retry_after=error.retry_after,
            traceback=_traceback(error, action) if error.__cause__ is not None else _notes(error),
        )
    kind = _declared_kind(error, action.raises if action is not None else {})
    text = str(error) or type(error).__name__
    at = _place(error)
    return Failure(
        kind=kind,
        message=f"{type(error).__qualname__}: {text}{f' ({at})' if at else ''}"
        if kind == "crash"
        else text,
        detail={"type": _qualified(type(error)), "at": at},
        retryable=kind_matches(kind, errors),
        traceback=_traceback(error, action),
    )


def kind_matches(kind: str, table: Mapping[str, bool]) -> bool | None:
    """Look a kind up in a table by itself, then by its shorter prefixes (`a.b.c`, `a.b`, `a`)."""
    while kind:
        if kind in table:
            return table[kind]
        kind = kind.rpartition(".")[0]
    return None


def _declared_kind(error: BaseException, raises: Mapping[type[BaseException], str]) -> str:
    for table in (raises, _BY_TYPE):
        for kind in type(error).__mro__:  # the nearest class wins
            if kind in table:
                return table[kind]
    return "crash"


def _qualified(kind: type) -> str:
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _traceback(error: BaseException, action: Action | None) -> str:
    """Format from the author's function inwards; the frames that led there are ours."""
    start = error.__traceback__
    code = _code(action.function) if action is not None else None
    frame: Any = start
    while frame is not None and frame.tb_frame.f_code is not code:
        frame = frame.tb_next
    shown = error.with_traceback(frame) if frame is not None else error
    text = "".join(traceback.format_exception(shown, limit=-_MAX_FRAMES))
    error.__traceback__ = start
    return _end_of(text)


def _notes(error: BaseException) -> str:
    """Return what was noted on the way, such as the traceback of a worker process."""
    return _end_of("\n".join(getattr(error, "__notes__", ())))


def _end_of(text: str) -> str:
    return text if len(text) <= _MAX_TRACEBACK else f"...{text[-_MAX_TRACEBACK:]}"


def _code(function: Any) -> Any:
    return getattr(function, "__code__", None)
