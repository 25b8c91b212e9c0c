"""Whether the marks of a plugin stand on hooks that exist."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from ciranda.bus import Bus
from ciranda.conformance.examined import Examined, place_of
from ciranda.conformance.finding import Finding
from ciranda.errors import PluginError
from ciranda.hooks import extension
from ciranda.hooks.markers import MARK
from ciranda.workflow.nearest import nearest

__all__ = ["hook_rules"]


def hook_rules(one: Examined) -> Iterator[Finding]:
    """Yield marked functions that are no hooks, and hooks that lack the mark."""
    bus = Bus()
    try:
        for module in _added(one.plugin, bus):
            bus.add_hooks(module)
    except (PluginError, TypeError) as error:
        yield Finding.fail("hooks", f"its hook `hookspecs` does not fit: {error}")
        return
    known = {
        name: tuple(caller.spec.argnames)
        for name, caller in vars(bus.hooks.hook).items()
        if caller.has_spec()
    }
    marked = _marked(one.plugin, bus)
    for name, function in marked.items():
        yield from _misfit(name, function, known)
    if not marked and not _observes(one.plugin):
        none = "no function of it has a mark: write `@hookimpl` above those that are hooks"
        yield Finding.fail("hooks", none, one.subject.module)
    for name, spec in vars(extension).items():
        found = vars(one.plugin).get(name) if isinstance(one.plugin, ModuleType) else None
        if (
            getattr(spec, "__module__", "") == extension.__name__
            and name not in marked
            and isinstance(found, FunctionType)
            and found.__module__ == one.module.__name__
        ):
            bare = f"`{name}` bears the name of a hook and has no mark: write `@hookimpl` above it"
            yield Finding.fail("hooks", bare, place_of(found))


def _misfit(name: str, function: Any, known: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    if name not in known:
        meant = nearest(name, sorted(known))
        hint = f"did you mean `{meant}`?" if meant else "`docs/plugins.md` names them all"
        yield Finding.fail("hooks", f"there is no hook `{name}`; {hint}", place_of(function))
        return
    takes = [each for each in inspect.signature(function).parameters if each != "self"]
    odd = [each for each in takes if each not in known[name]]
    if odd:
        fits = ", ".join(f"`{each}`" for each in known[name]) or "nothing"
        text = f"the hook `{name}` takes {fits}, not `{odd[0]}`"
        yield Finding.fail("hooks", text, place_of(function))


def _marked(plugin: object, bus: Bus) -> dict[str, Any]:
    """Return the functions of a plugin that are marked `@hookimpl`."""
    return {
        name: inspect.getattr_static(plugin, name)
        for name in dir(plugin)
        if bus.hooks.parse_hookimpl_opts(plugin, name) is not None
    }


def _observes(plugin: object) -> bool:
    return any(hasattr(inspect.getattr_static(plugin, name), MARK) for name in dir(plugin))


def _added(plugin: object, bus: Bus) -> list[ModuleType]:
    if bus.hooks.parse_hookimpl_opts(plugin, "hookspecs") is None:
        return []
    found: list[ModuleType] = getattr(plugin, "hookspecs")() or []  # noqa: B009  (any object)
    return list(found)
