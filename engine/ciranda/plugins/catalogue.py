"""What is installed and what may be used of it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

import msgspec

from ciranda.discovery import ALWAYS, NAMED, Entry
from ciranda.errors import PluginError
from ciranda.plugins.requirement import Requirement, parse_requirement
from ciranda.settings import PluginsSettings

__all__ = ["Catalogue", "Listed", "Standing"]


class Standing(enum.StrEnum):
    """Whether a plugin may be used."""

    BUILT_IN = "built-in"
    ENABLED = "enabled"
    AVAILABLE = "not enabled"
    DISABLED = "disabled"
    SHADOWED = "shadowed"  # another distribution has the name


class Listed(msgspec.Struct, frozen=True):
    """One line of `ciranda plugins`."""

    name: str
    distribution: str
    version: str
    standing: Standing
    always: bool  # imported by every engine, not only when a file names it
    module: str


class Catalogue:
    """Answer by name which entry may be used, or why none may; nothing is imported.

    Args:
        entries: What is installed.
        settings: What is enabled and disabled.
    """

    def __init__(self, entries: Sequence[Entry], settings: PluginsSettings) -> None:
        self._entries: Final = tuple(entries)
        self._disabled: Final = frozenset(settings.disable)
        wanted = [parse_requirement(text) for text in settings.enable]
        self._enabled: Final = {one.name: one for one in wanted}

    def listing(self) -> list[Listed]:
        """Return every announced plugin, sorted by name."""
        return [
            Listed(
                one.name,
                one.distribution,
                one.version,
                self.standing(one),
                one.group == ALWAYS,
                one.module,
            )
            for one in self._entries
        ]

    def standing(self, entry: Entry) -> Standing:
        """Return whether an entry may be used."""
        if entry.name in self._disabled:
            return Standing.DISABLED
        if entry.own:
            return Standing.BUILT_IN
        if any(one.own and one.name == entry.name for one in self._entries):
            return Standing.SHADOWED
        return Standing.ENABLED if entry.name in self._enabled else Standing.AVAILABLE

    def owns(self, namespace: str) -> Entry | None:
        """Return the usable entry that a namespace of actions belongs to."""
        for one in self._entries:
            if (
                one.group == NAMED
                and one.name == namespace
                and self.standing(one) in (Standing.BUILT_IN, Standing.ENABLED)
            ):
                return one
        return None

    def always(self) -> list[Entry]:
        """Return what every engine imports: ours first, then what is enabled.

        Raises:
            PluginError: What is enabled is not there, or not in the version asked for.
        """
        for name in self._enabled:
            if name not in self._disabled and not any(one.name == name for one in self._entries):
                raise PluginError(f"{self.missing(name)}; or take it out of [plugins] enable")
        usable = [
            one
            for one in self._entries
            if one.group == ALWAYS and self.standing(one) in (Standing.BUILT_IN, Standing.ENABLED)
        ]
        for one in usable:
            self._check(one)
            self._alone([other for other in usable if other.name == one.name])
        return sorted(usable, key=lambda one: not one.own)

    def enabled(self) -> list[Entry]:
        """Return every entry that the project enables, those of ciranda itself left out.

        Raises:
            PluginError: One is not in the version asked for.
        """
        found = [one for one in self._entries if self.standing(one) is Standing.ENABLED]
        for one in found:
            self._check(one)
        return found

    def find(self, requirement: Requirement) -> Entry:
        """Return the entry to import for a name.

        Raises:
            PluginError: There is none, or it may not be used; the text says what to do.
        """
        name = requirement.name
        found = [one for one in self._entries if one.name == name]
        # A plugin of the group `ciranda.always` may be named too: it is loaded already.
        found = [one for one in found if one.group == NAMED] or found
        if not found:
            raise PluginError(self.missing(name))
        if name in self._disabled:
            raise PluginError(
                f"plugin '{name}' is disabled by [plugins] disable or CIRANDA_PLUGINS_DISABLE"
            )
        usable = [one for one in found if self.standing(one) is not Standing.SHADOWED]
        if self.standing(usable[0]) is Standing.AVAILABLE:
            raise PluginError(
                f"plugin '{name}' of {usable[0].distribution} is installed but not enabled: "
                f"run `ciranda plugins enable {name}`"
            )
        self._alone(usable)
        self._check(usable[0])
        self._fits(usable[0], requirement)
        return usable[0]

    def missing(self, name: str) -> str:
        """Return the sentence for a name that nothing announces."""
        from ciranda.workflow.nearest import nearest  # only a mistake needs it

        meant = nearest(name, sorted({one.name for one in self._entries}))
        hint = f"did you mean '{meant}'? otherwise " if meant else ""
        return f"there is no plugin '{name}': {hint}run `pip install ciranda-{name}`"

    def label(self, entry: Entry) -> str:
        """Return the name an entry is registered under.

        A distribution may announce one name in both groups with a module for each.
        """
        if entry.group == ALWAYS and any(
            one.group == NAMED and one.name == entry.name and one.module != entry.module
            for one in self._entries
        ):
            return f"{entry.name} (always)"
        return entry.name

    def _alone(self, entries: Sequence[Entry]) -> None:
        if len(entries) > 1:
            all_of_them = " and ".join(f"{one.distribution} {one.version}" for one in entries)
            raise PluginError(
                f"plugin '{entries[0].name}' is offered by {all_of_them}: uninstall one of them"
            )

    def _check(self, entry: Entry) -> None:
        enabled = self._enabled.get(entry.name)
        if enabled is not None:
            self._fits(entry, enabled)

    def _fits(self, entry: Entry, requirement: Requirement) -> None:
        if not requirement.accepts(entry.version):
            wanted = f"{entry.distribution}{requirement.text}"
            raise PluginError(
                f"plugin '{entry.name}' {entry.version} is installed, but "
                f"'{requirement.name}{requirement.text}' is asked for: run `pip install '{wanted}'`"
            )
