"""All actions that workflows of this project can use."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ciranda.cli import screen
from ciranda.errors import PluginError

if TYPE_CHECKING:
    from ciranda.plugins import Plugins

__all__ = ["USABLE", "all_plugins", "with_those_of"]

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
        try:
            plugins.load([only])
        except PluginError as error:
            if all(listed.name != only for listed in plugins.listing()):
                error.add_note("What a workflow brings along is found with `--file FLOW.yaml`.")
            raise
        return plugins
    plugins.load()
    for listed in plugins.listing():
        if listed.standing in USABLE and not listed.always:
            try:
                plugins.require(listed.name)
            except PluginError as error:
                screen.warn(str(error))
    return plugins


def with_those_of(files: Iterable[str]) -> Plugins:
    """Import every plugin that may be used, and those that workflow files name.

    Raises:
        WorkflowError: A file is no workflow.
        PluginError: A plugin that one names cannot be used.
        SettingsError: The project's settings do not fit.
    """
    from ciranda.workflow.load import load

    plugins = all_plugins()
    for file in files:
        workflow = load(file, loaders=plugins.readers)
        plugins.load(declared=workflow.plugins, folder=Path(file).parent)
    return plugins
