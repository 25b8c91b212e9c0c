"""What a layer around a step is: `async (call, next) -> result` and its place in the onion."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ciranda.errors import ActionError

if TYPE_CHECKING:
    from ciranda.actions import Action
    from ciranda.context import Context
    from ciranda.workflow.model import Rate, Step

__all__ = [
    "ABANDONED",
    "ALONE",
    "AROUND",
    "SPENT",
    "Call",
    "Layer",
    "Middleware",
    "Modifier",
    "Next",
    "Place",
    "StepPlan",
    "modifier",
    "onion",
]


ABANDONED: Final = "abandoned"  # the note that holds an event: set when a thread is really done
ALONE: Final = "alone"  # the note on a call without a run: nobody keeps what it prints
AROUND: Final = "the scope around"  # of a sub-workflow's names: no expression can write this one
SPENT: Final = "spent"  # the note of a layer that wants to know what `ctx.used` is told: the sums


class Place(enum.IntEnum):
    """Where a layer stands, outermost first; equal places follow plugin order."""

    TRACING = 10
    CACHE = 20
    OUTPUTS = 25
    BREAKER = 30
    LIMIT = 40
    TIMEOUT = 50


class Call(msgspec.Struct, eq=False):  # a step's every attempt makes one: a third of the time
    """One attempt of one step (or one action called by itself) on its way inwards.

    Attributes:
        inputs: The evaluated inputs, plain data owned by this call.
        path: The step's path, such as `verify/3`.
        attempt: Counts from 1.
        scope: The names that run-time expressions of options (`key:`) see.
        env: The environment variables that the file declares for the step, if any.
        notes: What layers leave for the record, such as `{"cached": True}`.
    """

    inputs: dict[str, Any]
    _make: Callable[[Call], Context]  # most actions never ask for their context
    path: str
    attempt: int
    scope: Mapping[str, Any]
    env: Mapping[str, str] | None = None
    _reveal: Callable[[Any], Any] | None = None  # opens the secrets that inputs may hold
    notes: dict[str, Any] = {}
    _ctx: Context | None = None

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
            ctx.spent = self.notes.get(SPENT)
        return ctx

    def replace(self, *, inputs: dict[str, Any]) -> Call:
        """Return the same call with other inputs."""
        return msgspec.structs.replace(self, inputs=inputs)


Next = Callable[[Call], Awaitable[Any]]
Middleware = Callable[[Call, Next], Awaitable[Any]]


class StepPlan(msgspec.Struct, frozen=True):
    """What a middleware is asked about once, when a plan is compiled.

    Attributes:
        rate: The limits of the files around the step, for all their steps together, innermost
            first; each with the number of files that are in between.
    """

    id: str
    uses: str
    action: Action
    options: Step
    workflow: str = ""
    file: str = ""
    rate: tuple[tuple[int, Rate], ...] = ()


class Layer(msgspec.Struct, frozen=True):
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


class Modifier(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A layer that steps ask for by name: `with-middleware: {slack.quiet: {hours: 8}}`.

    Attributes:
        name: What a step writes; it begins with the plugin's name and a dot.
        function: `function(target, options) -> Layer | None`, called once for each such step.
        options: The class that what a step writes is converted to.
        schema: JSON Schema of the options.
        doc: The docstring before its sections.
        option_docs: What the docstring of the class says of each option.
    """

    name: str
    function: Callable[[StepPlan, Any], Layer | None]
    options: type[msgspec.Struct]
    schema: dict[str, Any]
    doc: str
    option_docs: Mapping[str, str]

    def read(self, written: Any) -> msgspec.Struct:
        """Return the options that a step writes, typed.

        Raises:
            ActionError: They do not fit; the text says where.
        """
        try:
            return msgspec.convert({} if written is None else written, self.options)
        except msgspec.ValidationError as error:
            raise ActionError(f"the options of `{self.name}` do not fit: {error}") from None


def modifier(
    name: str, *, options: type[msgspec.Struct]
) -> Callable[[Callable[[StepPlan, Any], Layer | None]], Modifier]:
    """Make a layer that steps ask for of a function from step and options to a `Layer`.

    Args:
        name: What steps write, such as `slack.quiet`.
        options: A frozen `msgspec.Struct`; `forbid_unknown_fields=True` finds misspelt options.

    Raises:
        ActionError: The name has no dot, or the options are no Struct.
    """
    if "." not in name:
        raise ActionError(f'A modifier has a name with a dot: write @modifier("slack.{name}").')
    if not issubclass(options, msgspec.Struct):
        raise ActionError(f'The options of modifier "{name}" are {options!r}; give a Struct class.')

    def mark(function: Callable[[StepPlan, Any], Layer | None]) -> Modifier:
        from ciranda.actions.docstring import parse_docstring  # only plugins that offer some
        from ciranda.actions.types import schema_of

        return Modifier(
            name=name,
            function=function,
            options=options,
            schema=schema_of(options),
            doc=parse_docstring(function.__doc__).text,
            option_docs=parse_docstring(options.__doc__).parameters,
        )

    return mark


def onion(layers: list[Layer], core: Next) -> Next:
    """Wrap `core` in `layers`, the first outermost."""
    for layer in reversed(layers):
        core = _wrap(layer.call, core)
    return core


def _wrap(middleware: Middleware, inner: Next) -> Next:
    async def call(call: Call) -> Any:
        return await middleware(call, inner)

    return call
