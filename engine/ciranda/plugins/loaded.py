"""One plugin in use and what it offers."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

import msgspec

from ciranda.actions import Action, signalled
from ciranda.bus import Bus
from ciranda.discovery import Entry
from ciranda.errors import PluginError, SettingsError
from ciranda.expressions import Function
from ciranda.hooks import extension
from ciranda.layer import Modifier
from ciranda.plugins.importing import place_of
from ciranda.plugins.inline import InlinePlugin
from ciranda.plugins.named import executors_of, exporters_of, loaders_of
from ciranda.settings import Configuration, Settings
from ciranda.trigger import TriggerKind
from ciranda.workflow.loader import Loader

__all__ = ["API", "Loaded", "check_api", "check_marks", "listed", "offers"]

API = (1, 0)  # what a plugin's CIRANDA_API is compared with


class Loaded(msgspec.Struct, frozen=True):
    """What one plugin offers, asked once.

    `entry` or `inline` says where it comes from; neither, that a program handed it over.
    """

    name: str
    plugin: object
    parent: str = ""  # the plugin whose lifespan yielded this one
    entry: Entry | None = None
    inline: InlinePlugin | None = None
    actions: dict[str, Action] = msgspec.field(default_factory=dict)
    functions: dict[str, Any] = msgspec.field(default_factory=dict)
    executors: dict[str, Any] = msgspec.field(default_factory=dict)
    modifiers: dict[str, Modifier] = msgspec.field(default_factory=dict)
    triggers: dict[str, TriggerKind] = msgspec.field(default_factory=dict)
    exporters: dict[str, Any] = msgspec.field(default_factory=dict)
    loaders: dict[str, Loader] = msgspec.field(default_factory=dict)
    settings: Settings | None = None

    @property
    def is_module(self) -> bool:
        """Whether it is a module, not an object."""
        return isinstance(self.plugin, ModuleType)

    @property
    def version(self) -> str:
        """The distribution's version, or the digest of an inline plugin."""
        if self.inline is not None:
            return self.inline.digest
        return self.entry.version if self.entry is not None else ""


def check_api(name: str, plugin: object) -> None:
    """Refuse a plugin made for another interface; one that says nothing is taken as it is.

    Raises:
        PluginError: The major number differs, or the minor one is newer than ours.
    """
    wanted = getattr(plugin, "CIRANDA_API", API)
    match wanted:
        case (int(major), int(minor)) if not isinstance(wanted, str):
            if major == API[0] and minor <= API[1]:
                return
            who = "upgrade ciranda" if (major, minor) > API else "upgrade the plugin"
            raise PluginError(
                f"plugin '{name}' is made for the plugin interface {major}.{minor}, "
                f"and this ciranda has {API[0]}.{API[1]}: {who}"
            )
    raise PluginError(
        f"plugin '{name}': CIRANDA_API is {wanted!r}; write two numbers such as {API}"
    )


def check_marks(bus: Bus, loaded: Loaded) -> None:
    """Refuse a file whose function bears the name of a hook and lacks the mark.

    Such a function would never be called: what it offers would be missing without a word. Only
    files of a project are looked at, and only for hooks by which plugins offer something.

    Raises:
        PluginError: There is one; the plugin is registered on the bus.
    """
    if loaded.inline is None:
        return
    marked = {caller.name for caller in bus.hooks.get_hookcallers(loaded.plugin) or ()}
    module = loaded.inline.module
    for hook, spec in vars(extension).items():
        if getattr(spec, "__module__", "") != extension.__name__ or hook in marked:
            continue
        found = vars(module).get(hook)
        if isinstance(found, FunctionType) and found.__module__ == module.__name__:
            raise PluginError(
                f"plugin '{loaded.name}': its function `{hook}` bears the name of a hook and is "
                "not marked: write `@hookimpl` above it, or give it another name"
            )


def offers(bus: Bus, loaded: Loaded, configuration: Configuration) -> Loaded:
    """Return `loaded` with what its hooks answer; it is registered on the bus.

    Raises:
        PluginError: A hook raised or answered with something else than it should.
        SettingsError: Its section does not fit.
    """
    name = loaded.name
    settings: Settings | None = None
    for kind in _answers(bus, loaded, "settings"):
        if not (isinstance(kind, type) and issubclass(kind, Settings)):
            raise PluginError(
                f"plugin '{name}': the hook 'settings' returned {kind!r}; return a Settings class"
            )
        settings = configuration.read(kind)
    actions = _by_name(
        name,
        "action",
        Action,
        "mark it with @action",
        listed(bus, loaded, "actions", settings=settings),
    )
    functions = _by_name(
        name,
        "function",
        Function,
        "wrap it in Function(name, it, minimum=1, maximum=1), the numbers of its arguments",
        listed(bus, loaded, "functions"),
    )
    modifiers = _by_name(
        name,
        "modifier",
        Modifier,
        "mark it with @modifier",
        listed(bus, loaded, "modifiers"),
    )
    triggers = _by_name(
        name,
        "trigger",
        TriggerKind,
        "mark it with @trigger",
        listed(bus, loaded, "triggers", settings=settings),
    )
    return msgspec.structs.replace(
        loaded,
        actions={key: msgspec.structs.replace(one, plugin=name) for key, one in actions.items()},
        functions=functions,
        executors=executors_of(name, _answers(bus, loaded, "executors")),
        exporters=exporters_of(name, _answers(bus, loaded, "exporters", settings=settings)),
        loaders=loaders_of(name, _answers(bus, loaded, "loaders")),
        modifiers=modifiers,
        triggers={
            key: msgspec.structs.replace(one, settings=settings) for key, one in triggers.items()
        },
        settings=settings,
    )


def _by_name(
    plugin: str, noun: str, kind: type[Any], hint: str, offered: Iterable[Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in offered:
        if not isinstance(one, kind):
            shown = getattr(one, "__name__", repr(one))
            raise PluginError(
                f"plugin '{plugin}': the hook '{noun}s' lists {shown}, which is no {noun}; {hint}"
            )
        if one.name in found:
            raise PluginError(f"plugin '{plugin}' offers two {noun}s called '{one.name}'")
        found[one.name] = one
    return found


def listed(bus: Bus, loaded: Loaded, hook: str, **given: Any) -> list[Any]:
    """Return what a plugin lists in answer to a hook, which gets those of `given` that it takes.

    Raises:
        PluginError: The hook raised or returned no list.
    """
    found: list[Any] = []
    for answer in _answers(bus, loaded, hook, **given):
        if not isinstance(answer, (list, tuple)):
            raise PluginError(
                f"plugin '{loaded.name}': the hook '{hook}' returned {type(answer).__name__}; "
                "return a list"
            )
        found += answer
    return found


def _answers(bus: Bus, loaded: Loaded, hook: str, **given: Any) -> list[Any]:
    """Return what a plugin's own implementations of a hook answer, without None."""
    found: list[Any] = []
    for impl in getattr(bus.hooks.hook, hook).get_hookimpls():
        if impl.plugin_name != loaded.name:
            continue
        try:
            answer = impl.function(**{name: given[name] for name in impl.argnames})
        except (PluginError, SettingsError):
            raise
        except BaseException as error:
            if signalled(error):
                raise
            file = getattr(loaded.plugin, "__file__", None) or ""
            place = place_of(error, file.__eq__)
            error.add_note(f"in the hook '{hook}' of plugin '{loaded.name}'")
            raise PluginError(
                f"plugin '{loaded.name}': its hook '{hook}' raised {type(error).__name__}: "
                f"{error}{place}"
            ) from error
        if answer is not None:
            found.append(answer)
    return found
