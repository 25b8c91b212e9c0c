"""The marks a plugin puts on its functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, Final, Literal, TypeVar, get_args

import pluggy

from ciranda.errors import PluginError
from ciranda.events import CacheHit, Event
from ciranda.workflow.durations import parse_duration

__all__ = ["MARK", "ObserverMark", "Overflow", "hookimpl", "hookspec", "observer"]

Overflow = Literal["drop_oldest", "block", "fail"]
F = TypeVar("F", bound=Callable[..., Any])

PROJECT: Final = "ciranda"
MARK: Final = "ciranda_observer"  # the attribute that `observer` leaves on a function

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class ObserverMark:
    """What `@observer` says about a function; `drain` in seconds."""

    types: tuple[type[Event], ...]
    buffer: int = 256
    overflow: Overflow = "drop_oldest"
    drain: float = 5.0
    durable: bool = False


def observer(
    *types: type[Event],
    buffer: int = 256,
    overflow: Overflow = "drop_oldest",
    drain: str | float = "5s",
    durable: bool = False,
) -> Callable[[F], F]:
    """Mark a function that hears facts of the given types, and of types beneath them.

    An `async def` gets its own task and a bounded buffer, so that however slow it is, runs do
    not wait for it. A plain `def` is called in line, before the run goes on: it must be fast,
    and the options do not apply to it.

    Args:
        types: Event classes; `Event` stands for every one.
        buffer: How many events may wait for the function.
        overflow: What happens when one more comes: `drop_oldest` forgets the oldest and counts
            it, `block` makes the publisher wait, `fail` stops the observer for good.
        drain: How long it may go on when the engine closes: seconds, or text such as `5s`.
        durable: It hears every event of its types that a run recorded, in order, at least once,
            whatever dies or fails meanwhile: they are read from the run's log, and the store
            keeps how far the function has come. There is no buffer then.

    Raises:
        PluginError: An option or a type that cannot work.
    """
    if not types:
        raise PluginError("@observer names no event type: write @observer(StepFailed)")
    for kind in types:
        if not _is_event(kind):
            raise PluginError(f"@observer({_shown(kind)}): that is not an event type")
        if durable and kind.__module__ == CacheHit.__module__:
            raise PluginError(
                f"@observer({_shown(kind)}, durable=True): such events are in no run's log; "
                "drop `durable`"
            )
    if durable and (buffer, overflow) != (256, "drop_oldest"):
        raise PluginError(
            "@observer(durable=True) reads the run's log, where buffer and overflow mean nothing: "
            "drop them"
        )
    if buffer < 1:
        raise PluginError(f"@observer(buffer={buffer}): at least 1 event must fit")
    if overflow not in get_args(Overflow):
        known = ", ".join(get_args(Overflow))
        raise PluginError(f"@observer(overflow={overflow!r}): choose one of {known}")
    mark = ObserverMark(types, buffer, overflow, _seconds(drain), durable)

    def decorate(function: F) -> F:
        if not inspect.iscoroutinefunction(function) and mark != ObserverMark(types):
            raise PluginError(
                f"@observer: '{function.__name__}' is not async and is called in line, where "
                "buffer, overflow, drain and durable mean nothing: drop them or write `async def`"
            )
        setattr(function, MARK, mark)
        return function

    return decorate


def _is_event(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Event)


def _shown(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) else repr(kind)


def _seconds(drain: str | float) -> float:
    try:
        seconds = parse_duration(drain) if isinstance(drain, str) else float(drain)
    except ValueError as error:
        raise PluginError(f"@observer(drain=...): {error}") from None
    if not 0 <= seconds < inf:
        raise PluginError(f"@observer(drain={drain!r}): give seconds, 0 or more")
    return seconds
