"""The decomposers of all plugins: what their hook `decomposers` offers, checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

from ciranda.actions import signalled
from ciranda.bus import Bus
from ciranda.errors import PluginError

from .decomposer import Decomposer
from .rules import RULES

__all__ = ["checked", "offered"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST: Final = 64  # characters of a name


def offered(bus: Bus) -> list[Decomposer]:
    """Return what all plugins in use offer, the nearest plugin first, and the rules at the end.

    Args:
        bus: Where plugins are registered.

    Raises:
        PluginError: A plugin's hook raised, or offers something that is no decomposer.
    """
    found: list[tuple[str, Any]] = []
    for impl in reversed(bus.hooks.hook.decomposers.get_hookimpls()):
        plugin = impl.plugin_name
        try:
            listed = impl.function()
        except PluginError:
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            if signalled(error):
                raise
            raise PluginError(
                f"plugin '{plugin}': its hook 'decomposers' raised {type(error).__name__}: {error}"
            ) from error
        if not isinstance(listed, list | tuple | None):
            raise PluginError(
                f"plugin '{plugin}': the hook 'decomposers' returned {type(listed).__name__}; "
                "return a list"
            )
        found += [(plugin, one) for one in listed or ()]
    return checked([*found, ("planner", RULES)])


def checked(found: Iterable[tuple[str, Any]]) -> list[Decomposer]:
    """Return what plugins offer, given as pairs of plugin and decomposer.

    Raises:
        PluginError: Something is no decomposer or cannot work, or two have one name.
    """
    owners: dict[str, str] = {}
    listed: list[Decomposer] = []
    for plugin, one in found:
        problem = _problem(one)
        if problem:
            raise PluginError(f"plugin '{plugin}': {problem}")
        if one.name in owners:
            raise PluginError(
                f"plugin '{plugin}' offers a decomposer '{one.name}', and '{owners[one.name]}' "
                "offers one of that name, too: choose another name"
            )
        owners[one.name] = plugin
        listed.append(one)
    return listed


def _problem(one: object) -> str:
    """Return what is wrong with a decomposer; empty if nothing is."""
    if type(one) is not Decomposer:
        name = getattr(one, "__name__", type(one).__name__)
        return (
            f"the hook 'decomposers' lists {name}, which is no decomposer; write "
            "Decomposer(name=..., decompose=...)"
        )
    name, timeout = _unknown(one.name), _unknown(one.timeout)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _LONGEST:
        return f"a decomposer cannot be called {name!r}: use a-z, 0-9 and `-` between them"
    if not callable(one.decompose):
        return f"the `decompose` of the decomposer '{name}' is no function"
    if type(timeout) not in {int, float} or not isfinite(timeout) or timeout <= 0:
        return f"the `timeout` of the decomposer '{name}' is {timeout!r}: a number above 0"
    return ""


def _unknown(value: Any) -> Any:
    """Return a field of a stranger's decomposer: its annotation is only what it should be."""
    return value
