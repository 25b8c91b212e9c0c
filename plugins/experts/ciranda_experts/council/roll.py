"""Who is on the council: what plugins offer by the hook `experts`, checked."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, Final

from ciranda.actions import signalled
from ciranda.bus import Bus
from ciranda.errors import PluginError

from ..expert import Expert, Isolation
from ..intent.intent import Feature

__all__ = ["call_roll", "check_expert", "checked"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST: Final = 64  # characters of a name


def call_roll(
    bus: Bus, built_in: Iterable[Expert] = (), named: Mapping[str, str] | None = None
) -> list[Expert]:
    """Return the built-in experts, then those of all plugins in use, in the order of these.

    Args:
        bus: Where plugins are registered.
        built_in: Those of this package.
        named: Plugins that are there for their experts, with how the settings name them.

    Raises:
        PluginError: A plugin's hook raised, or offers something that is no expert, or a plugin
            of the settings offers none.
    """
    offered = [("experts", one) for one in built_in]
    for impl in bus.hooks.hook.experts.get_hookimpls():
        plugin = impl.plugin_name
        try:
            found = impl.function()
        except PluginError:
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            if signalled(error):
                raise
            raise PluginError(
                f"plugin '{plugin}': its hook 'experts' raised {type(error).__name__}: {error}"
            ) from error
        if not isinstance(found, list | tuple | None):
            raise PluginError(
                f"plugin '{plugin}': the hook 'experts' returned {type(found).__name__}; "
                "return a list"
            )
        offered += [(plugin, one) for one in found or ()]
    _check_named(bus, named or {}, {plugin for plugin, _ in offered})
    return checked(offered)


def _check_named(bus: Bus, named: Mapping[str, str], offering: set[str]) -> None:
    """Refuse a plugin of the settings without an expert: a checker would be missing unnoticed."""
    hooks = bus.hooks.hook
    implemented = {impl.plugin_name for impl in hooks.experts.get_hookimpls()}
    # What a lifespan yields may offer experts later.
    later = {impl.plugin_name for impl in hooks.lifespan.get_hookimpls()}
    for plugin, text in named.items():
        if plugin in offering or plugin in later:
            continue
        hint = "mark its function `experts` with `@hookimpl`"
        if plugin in implemented:
            hint = "let its hook `experts` return a list of them"
        raise PluginError(f"`{text}` of [experts] `plugins` offers no expert: {hint}")


def checked(offered: Iterable[tuple[str, Any]]) -> list[Expert]:
    """Return what plugins offer, given as pairs of plugin and expert.

    Raises:
        PluginError: Something is no expert or cannot work, or two have one name and version.
    """
    found: list[Expert] = []
    owners: dict[tuple[str, str], str] = {}
    for plugin, one in offered:
        problem = check_expert(one)
        if problem:
            raise PluginError(f"plugin '{plugin}': {problem}")
        other = next((who for (name, _), who in owners.items() if name == one.name), plugin)
        if other != plugin or (one.name, one.version) in owners:
            raise PluginError(
                f"plugin '{plugin}' offers an expert '{one.name}', version '{one.version}', and "
                f"'{other}' offers '{one.name}' already: choose another name, or another version "
                "of an expert of your own"
            )
        owners[one.name, one.version] = plugin
        found.append(one)
    return found


def check_expert(one: object) -> str:  # noqa: PLR0911  (a sentence for each thing that is wrong)
    """Return what is wrong with an expert; empty if nothing is."""
    if type(one) is not Expert:
        name = getattr(one, "__name__", type(one).__name__)
        return f"the hook 'experts' lists {name}, which is no expert; write Expert(name=..., ...)"
    name, handles = _unknown(one.name), _unknown(one.handles)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _LONGEST:
        return f"an expert cannot be called {name!r}: use a-z, 0-9 and `-` between them"
    if not callable(one.judge):
        return f"the `judge` of the expert '{one.name}' is {one.judge!r}: hand over a function"
    if not isinstance(handles, frozenset) or not all(isinstance(each, Feature) for each in handles):
        return f"the `handles` of the expert '{one.name}' is no frozenset of Feature"
    if not isinstance(_unknown(one.isolation), Isolation):
        words = ", ".join(repr(each.value) for each in Isolation)
        return (
            f"the `isolation` of the expert '{one.name}' is {one.isolation!r}: write one of "
            f"{words}, or `Isolation.THREAD` and its like"
        )
    for field in ("timeout", "weight"):
        value = getattr(one, field)
        if type(value) not in {int, float} or not isfinite(value) or value <= 0:
            return f"the `{field}` of the expert '{one.name}' is {value!r}: a number above 0"
    if one.isolation is Isolation.PROCESS:
        return _unfindable(one)
    return ""


def _unknown(value: Any) -> Any:
    """Return a field of a stranger's expert: its annotation is only what it should be."""
    return value


def _unfindable(one: Expert) -> str:
    """Return why no worker process would find an expert's function; empty if one would."""
    judge: Any = one.judge
    module = sys.modules.get(getattr(judge, "__module__", None) or "")
    found: Any = module
    for part in getattr(judge, "__qualname__", "").split("."):
        found = getattr(found, part, None)
    if module is not None and module.__spec__ is not None and found is judge:
        name = module.__name__
        if name != "__main__" and not name.startswith("_ciranda_"):  # a file of the project
            return ""
    return (
        f"no worker process can find the function of the expert '{one.name}': put it at the top "
        "level of an installed module, or choose Isolation.THREAD"
    )
