"""All that hears one event type, compiled to one function."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from ciranda.bus.buffered import CHAIN
from ciranda.bus.implementation import Implementation
from ciranda.bus.report import ObserverFailure
from ciranda.bus.served import Served
from ciranda.errors import PluginError

__all__ = ["Channel", "Send", "compile_send"]

Send = Callable[[Any], None]
Report = Callable[[ObserverFailure], None]

DEEPEST: Final = 64


class Channel:
    """Where events of one type go in.

    A channel keeps its identity when plugins come and go, so a caller in a hurry may hold it
    and look at `send`, which is None while nobody listens:

        if started.send is not None:
            started.send(StepStarted(...))
    """

    __slots__ = ("blocking", "send", "type")

    def __init__(self, kind: type) -> None:
        self.type: Final = kind
        self.send: Send | None = None
        self.blocking: tuple[Served, ...] = ()


def compile_send(
    kind: type,
    inline: Sequence[Implementation],
    buffered: Sequence[Served],
    stack: list[type],
    report: Report,
) -> Send | None:
    """Return the function that delivers an event, or None when nobody listens.

    `stack` holds the types that are being sent right now, outermost first; it is shared by all
    channels of a bus.
    """
    calls = tuple((one.call, one) for one in inline)
    offers = tuple(one.offer for one in buffered)
    push, pop = stack.append, stack.pop

    def send(event: Any) -> None:
        # Sending has no await in it, so what is on the stack is this call's own history.
        if len(stack) >= DEEPEST:
            _refuse_circle((*CHAIN.get(), *stack, kind))
        push(kind)
        try:
            for call, one in calls:
                try:
                    if (odd := call(event)) is not None:
                        _check_answer(odd, one, kind, report)
                except (Exception, SystemExit) as error:  # an observer cannot fail a run
                    report(_failure(one, kind, str(error), error))
        finally:
            pop()

    def send_buffered(event: Any) -> None:
        chain = (*CHAIN.get(), *stack, kind)
        if len(chain) > DEEPEST:
            _refuse_circle(chain)
        send(event)
        for offer in offers:
            offer(event, chain)

    if offers:
        return send_buffered
    return send if calls else None


def _refuse_circle(chain: tuple[type, ...]) -> None:
    names = [kind.__name__ for kind in chain]
    shown = " -> ".join([*names[:6], "...", *names[-3:]] if len(names) > 12 else names)  # noqa: PLR2004 # a line's worth
    raise PluginError(
        f"events go in a circle, {len(names)} deep: {shown}; "
        "an observer must not publish what leads back to itself"
    )


def _check_answer(answer: Any, one: Implementation, kind: type, report: Report) -> None:
    """Report a coroutine that nobody will await; any other answer is simply not looked at."""
    if isinstance(answer, Coroutine):
        answer.close()
        reason = "it returned a coroutine though it is not `async def`; it did not run"
        report(_failure(one, kind, reason))


def _failure(
    one: Implementation, kind: type, reason: str, error: BaseException | None = None
) -> ObserverFailure:
    return ObserverFailure(one.plugin, one.name, kind.__name__, reason, error)
