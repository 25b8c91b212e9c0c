"""A plugin that is imported here, and what is known of it while its rules are looked at."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from ciranda.actions import Action
from ciranda.bus import Bus
from ciranda.conformance.subject import Subject
from ciranda.discovery import discover
from ciranda.plugins import Plugins
from ciranda.settings import Configuration

__all__ = ["Examined", "examined", "place_of"]


@dataclass(frozen=True, slots=True)
class Examined:
    """What the rules look at.

    Attributes:
        subject: The plugin, as it was found.
        module: Its module.
        plugin: What is registered: the module, or its attribute.
        tables: Sections of `ciranda.toml` that it is tried with.
        canaries: Secrets among them, which must not show up anywhere.
        plugins: It alone, loaded; None until it is.
        actions: Its actions by name.
    """

    subject: Subject
    module: ModuleType
    plugin: object
    tables: Mapping[str, Any] = field(default_factory=dict)
    canaries: tuple[str, ...] = ()
    plugins: Plugins | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name under which an engine has it."""
        return self.subject.name

    @property
    def settings(self) -> dict[str, Any]:
        """The sections for an engine that is to use it."""
        enable = () if self.subject.file is not None else (self.subject.name,)
        return {**self.tables, "plugins": {"enable": list(enable)}}

    @property
    def declared(self) -> tuple[str, ...]:
        """What an engine is told to bring in by its name."""
        return () if self.subject.file is not None else (self.subject.name,)

    @property
    def handed(self) -> tuple[object, ...]:
        """What an engine is handed instead: one file has no name."""
        return () if self.subject.file is None else (self.plugin,)

    def fresh(self) -> Plugins:
        """Return plugins of which none is loaded, with its settings."""
        name = self.subject.name
        entries = [one for one in discover() if one.name == name]
        configuration = Configuration(Path.cwd(), tables=self.settings)
        return Plugins(configuration, bus=Bus(), entries=entries)

    def answers(self, hook: str, **given: Any) -> list[Any]:
        """Return what its hook answers, each list of it taken apart; of a loaded plugin."""
        if self.plugins is None:
            return []
        found: list[Any] = []
        for impl in getattr(self.plugins.bus.hooks.hook, hook).get_hookimpls():
            answer = impl.function(**{name: given.get(name) for name in impl.argnames})
            found += answer if isinstance(answer, list | tuple) else [answer]
        return [one for one in found if one is not None]


def examined(subject: Subject, module: ModuleType) -> Examined:
    """Return what is known of a plugin once it is imported."""
    attribute = subject.module.partition(":")[2]
    return Examined(subject, module, getattr(module, attribute) if attribute else module)


def place_of(function: Any) -> str:
    """Return the file and the line of a function, or its name."""
    try:
        target = inspect.unwrap(function)
        return f"{inspect.getsourcefile(target)}:{inspect.getsourcelines(target)[1]}"
    except (OSError, TypeError):
        return getattr(function, "__qualname__", repr(function))
