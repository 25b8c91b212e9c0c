"""What a layer around a step is: `async (call, next) -> result` and its place in the onion."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ciranda.actions import Action
    from ciranda.context import Context
    from ciranda.workflow.model import Step

__all__ = ["ABANDONED", "Call", "Layer", "Middleware", "Next", "Place", "StepPlan", "onion"]


ABANDONED: Final = "abandoned"  # the note that holds an event: set when a thread is really done


class Place(enum.IntEnum):
    """Where a layer stands, outermost first; equal places follow plugin order."""

    TRACING = 10
    CACHE = 20
    BREAKER = 30
    LIMIT = 40
    TIMEOUT = 50


class Call:
    """One attempt of one step (or one action called by itself) on its way inwards.

    Attributes:
        inputs: The evaluated inputs, plain data owned by this call.
        path: The step's path, such as `verify/3`.
        attempt: Counts from 1.
        scope: The names that run-time expressions of options (`key:`) see.
        env: The environment variables that the file declares for the step, if any.
        reveal: Opens the `Secret`s that inputs may hold; None where there are none.
        notes: What layers leave for the record, such as `{"cached": True}`.
    """

    __slots__ = ("_ctx", "_make", "_reveal", "attempt", "env", "inputs", "notes", "path", "scope")

    def __init__(
        self,
        inputs: dict[str, Any],
        make: Callable[[Call], Context],
        path: str,
        attempt: int,
        scope: Mapping[str, Any],
        env: Mapping[str, str] | None = None,
        *,
        reveal: Callable[[Any], Any] | None = None,
    ) -> None:
        self.inputs: Final = inputs
        self.path: Final = path
        self.attempt: Final = attempt
        self.scope: Final = scope
        self.env: Final = env
        self._reveal: Final = reveal
        self.notes: dict[str, Any] = {}
        self._make: Final = make  # most actions never ask for their context
        self._ctx: Context | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The inputs as the action gets them: secrets as the text they stand for."""
        return self.inputs if self._reveal is None else self._reveal(self.inputs)

    @property
    def ctx(self) -> Context:
        """The step's context, made when it is first asked for."""
        ctx = self._ctx
        if ctx is None:
            ctx = self._ctx = self._make(self)
        return ctx

    def replace(self, *, inputs: dict[str, Any]) -> Call:
        """Return the same call with other inputs."""
        other = Call(
            inputs,
            self._make,
            self.path,
            self.attempt,
            self.scope,
            self.env,
            reveal=self._reveal,
        )
        other.notes, other._ctx = self.notes, self._ctx
        return other


Next = Callable[[Call], Awaitable[Any]]
Middleware = Callable[[Call, Next], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What a middleware is asked about once, when a plan is compiled."""

    id: str
    uses: str
    action: Action
    options: Step
    workflow: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """A middleware and where it wants to stand.

    Args:
        call: `async (call, next) -> result`.
        place: Its ring.
        name: How `before` and `after` of others call it.
        after: Names of layers of the same place that must be further out.
        before: Names of layers of the same place that must be further in.
    """

    call: Middleware
    place: Place
    name: str = ""
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


def onion(layers: list[Layer], core: Next) -> Next:
    """Wrap `core` in `layers`, the first outermost."""
    for layer in reversed(layers):
        core = _wrap(layer.call, core)
    return core


def _wrap(middleware: Middleware, inner: Next) -> Next:
    async def call(call: Call) -> Any:
        return await middleware(call, inner)

    return call
