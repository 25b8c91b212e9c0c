"""All actions that workflows of this project can use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ciranda.cli import screen
from ciranda.errors import PluginError

if TYPE_CHECKING:
    from ciranda.plugins import Plugins

__all__ = ["USABLE", "all_plugins"]

USABLE = frozenset({"built-in", "enabled"})


def all_plugins(only: str = "") -> Plugins:
    """Import every plugin that may be used; one that is broken gets a warning.

    Args:
        only: The namespace that alone is wanted; its plugin must be in order.

    Raises:
        PluginError: The plugin that is wanted cannot be used.
        SettingsError: The project's settings do not fit.
    """
    from ciranda.plugins import Plugins
    from ciranda.settings import read_configuration

    plugins = Plugins(read_configuration(Path.cwd()))
    if only:
        plugins.load([only])
        return plugins
    plugins.load()
    for listed in plugins.listing():
        if listed.standing in USABLE and not listed.always:
            try:
                plugins.require(listed.name)
            except PluginError as error:
                screen.warn(str(error))
    return plugins
