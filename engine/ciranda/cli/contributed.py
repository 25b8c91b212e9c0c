"""Commands of plugins: known by their entry points, imported when they are called."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ciranda.discovery import COMMANDS, discover
from ciranda.errors import PluginError, SettingsError

if TYPE_CHECKING:
    from ciranda.discovery import Entry

__all__ = ["command_of", "summaries"]


def summaries() -> dict[str, str]:
    """Return one line for each command that may be called; no plugin is imported for it."""
    found = discover(groups=(COMMANDS,))
    if all(one.own for one in found):
        usable = found
    else:
        try:
            usable = _usable(found)
        except SettingsError:  # whichever command comes next says so; a list is not the place
            usable = [one for one in found if one.own]
    return {one.name: f"Commands of the plugin `{one.name}`." for one in usable}


def command_of(name: str) -> click.Command | None:
    """Import the command that a plugin has under its name; None when nobody announces it.

    Raises:
        PluginError: The plugin may not be used, or cannot be imported.
        SettingsError: The project's settings do not fit.
    """
    found = [one for one in discover(groups=(COMMANDS,)) if one.name == name]
    if not found:
        return None
    from ciranda.settings import read_configuration

    settings = read_configuration(Path.cwd()).plugins()
    entry = found[0]
    if entry.own and len(found) == 1 and name not in settings.disable:
        made = _made(entry)  # the machinery below takes longer to import than most commands
    else:
        from ciranda.plugins.catalogue import Catalogue
        from ciranda.plugins.importing import guarded
        from ciranda.plugins.requirement import Requirement

        entry = Catalogue(found, settings).find(Requirement(name, ""))
        top = entry.module.partition(":")[0].partition(".")[0]
        made = guarded(name, lambda: _made(entry), lambda file: top in Path(file).parts)
    if not isinstance(made, click.Command):
        raise PluginError(
            f"plugin '{name}': its command {entry.module} is {type(made).__name__}; "
            "make it with @click.command or @click.group"
        )
    return made


def _made(entry: Entry) -> object:
    module, _, attribute = entry.module.partition(":")
    return getattr(importlib.import_module(module), attribute or "command")


def _usable(found: list[Entry]) -> list[Entry]:
    from ciranda.plugins.catalogue import Catalogue, Standing
    from ciranda.settings import read_configuration

    catalogue = Catalogue(found, read_configuration(Path.cwd()).plugins())
    allowed = {Standing.BUILT_IN, Standing.ENABLED}
    return [one for one in found if catalogue.standing(one) in allowed]
