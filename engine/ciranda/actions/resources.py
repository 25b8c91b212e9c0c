"""Things that steps share for a while: a client, a connection, a model in memory."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from ciranda.errors import ActionError

Provider = Callable[..., AbstractAsyncContextManager[Any]]


class Scope(enum.StrEnum):
    """How long a resource lives before it is torn down."""

    ENGINE = "engine"
    RUN = "run"
    STEP = "step"


class Resource(msgspec.Struct, frozen=True, eq=False):
    """An async context manager that actions ask for by annotation.

    A parameter asks with `Annotated[Client, client]`, where `client` is the resource. It is
    entered when the first step needs it, in a task that the engine owns, and left when its
    scope ends.

    Args:
        name: What messages call it.
        function: `async with function(...)`; takes `ctx`, `settings`, both or neither.
        scope: How long what it yields is shared.
        takes: Which of `ctx` and `settings` it has as parameters.
    """

    name: str
    function: Provider
    scope: Scope
    takes: frozenset[str]

    def open(self, **available: Any) -> AbstractAsyncContextManager[Any]:
        """Return the context manager, given those of `available` that it takes."""
        return self.function(**{name: available[name] for name in sorted(self.takes)})


def resource(*bare: object, scope: str = "run") -> Callable[[Provider], Resource]:
    """Make a resource of a function under `@asynccontextmanager`.

    Args:
        bare: Nothing; what is there without parentheses or a name is refused with a sentence.
        scope: `engine`, `run` or `step`.

    Raises:
        ActionError: The parentheses are missing, the scope is unknown, or the function is no
            context manager or has other parameters than `ctx` and `settings`.
    """
    for one in bare:
        name = getattr(one, "__name__", None)
        above = f' above "{name}"' if name else ""
        written = f'(scope="{one}")' if isinstance(one, str) else "()"
        raise ActionError(f"Write `@resource{written}`{above}: its options are named.")
    if scope not in list(Scope):
        known = ", ".join(Scope)
        raise ActionError(f'A resource cannot have the scope "{scope}"; use one of {known}.')

    def mark(function: Provider) -> Resource:
        name = getattr(function, "__name__", repr(function))
        if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
            raise ActionError(
                f'Resource "{name}" must be marked with @asynccontextmanager below @resource.'
            )
        takes = frozenset(inspect.signature(function).parameters)
        for other in sorted(takes - {"ctx", "settings"}):
            raise ActionError(
                f'Resource "{name}" cannot have the parameter "{other}"; '
                "a resource takes `ctx` and `settings` only."
            )
        return Resource(name, function, Scope(scope), takes)

    return mark
