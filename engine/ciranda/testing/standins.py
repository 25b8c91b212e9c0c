"""Resources that stand in for real ones."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ciranda.actions import Action, Resource
from ciranda.errors import PluginError
from ciranda.workflow.nearest import nearest

__all__ = ["check_named", "stand_in"]


def stand_in(named: str | Resource, instead: Any) -> Callable[..., Any]:
    """Return what is opened in a resource's place.

    Args:
        named: The resource or its name.
        instead: What steps get; or a function that makes it when the first step asks, from
            those of `ctx` and `settings` that it takes: it returns the value or an (asynchronous)
            context manager, or is `async`.

    Raises:
        PluginError: The function takes something else.
    """
    name = named if isinstance(named, str) else named.name
    takes = _takes(name, instead) if callable(instead) else frozenset()

    @asynccontextmanager
    async def opened(ctx: Any, settings: Any) -> AsyncIterator[Any]:
        if not callable(instead):
            yield instead
            return
        given = {"ctx": ctx, "settings": settings}
        made = instead(**{each: given[each] for each in takes})
        if inspect.isawaitable(made):
            made = await made
        if hasattr(made, "__aenter__"):
            async with made as value:
                yield value
        elif hasattr(made, "__enter__"):
            with made as value:
                yield value
        else:
            yield made

    return opened


def check_named(given: Mapping[str | Resource, Any], actions: Iterable[Action]) -> None:
    """Refuse a stand-in for a resource that none of the actions asks for.

    Raises:
        PluginError: There is one; the text names it.
    """
    known = {one for action in actions for one in action.resources.values()}
    names = sorted({one.name for one in known})
    for named in given:
        if named in (names if isinstance(named, str) else known):
            continue
        name = named if isinstance(named, str) else named.name
        meant = nearest(name, names)
        hint = f"did you mean '{meant}'?" if meant and meant != name else "hand over its plugin"
        raise PluginError(f"resources: no action that is in use asks for a '{name}'; {hint}")


def _takes(name: str, function: Callable[..., Any]) -> frozenset[str]:
    takes = frozenset(inspect.signature(function).parameters)
    for other in sorted(takes - {"ctx", "settings"}):
        raise PluginError(
            f"resources: what stands in for '{name}' takes `{other}`; it can take `ctx` and "
            "`settings` only (a value that is a function itself: `lambda: value`)"
        )
    return takes
