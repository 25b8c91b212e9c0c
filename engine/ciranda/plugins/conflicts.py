"""Names that two plugins cannot both have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ciranda.errors import PluginError
from ciranda.expressions.function import WITH_DATA
from ciranda.plugins.catalogue import Catalogue
from ciranda.plugins.loaded import Loaded
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS

__all__ = ["check_names"]

BUILT_IN_EXECUTORS: Final = ("inline", "process", "thread")


def check_names(loaded: Loaded, home: Loaded, others: Iterable[Loaded], known: Catalogue) -> None:
    """Refuse a plugin whose names are taken or stand outside of its namespace.

    Args:
        loaded: The plugin.
        home: Where it comes from: itself, or the plugin whose lifespan yielded it.
        others: The plugins in use.
        known: What is installed, and so which namespaces belong to whom.

    Raises:
        PluginError: The text names both plugins.
    """
    for name in loaded.executors:
        if name in BUILT_IN_EXECUTORS:
            raise PluginError(
                f"plugin '{loaded.name}' offers the executor '{name}', which is built in; "
                "choose another name"
            )
    for name in loaded.functions:
        if name in WITH_DATA or name in CONTEXT_FUNCTIONS:
            raise PluginError(
                f"plugin '{loaded.name}' offers the function '{name}', which is built in; "
                "choose another name"
            )
    if loaded.parent:
        _refuse_late(loaded)
    if loaded.loaders and home.inline is not None:
        raise PluginError(
            f"plugin '{loaded.name}' offers loaders, but the file that names it is read already; "
            "install the plugin, or hand it to the engine: Engine(plugins=[...])"
        )
    for other in others:
        _clash("action", loaded, other, loaded.actions.keys() & other.actions.keys())
        _clash("function", loaded, other, loaded.functions.keys() & other.functions.keys())
        _clash("executor", loaded, other, loaded.executors.keys() & other.executors.keys())
        _clash("modifier", loaded, other, loaded.modifiers.keys() & other.modifiers.keys())
        _clash("trigger", loaded, other, loaded.triggers.keys() & other.triggers.keys())
        _clash("exporter", loaded, other, loaded.exporters.keys() & other.exporters.keys())
        _clash("loader", loaded, other, loaded.loaders.keys() & other.loaders.keys())
    for name in loaded.actions:
        _check_namespace("action", name, loaded, home, known)
    for name in loaded.modifiers:
        _check_namespace("modifier", name, loaded, home, known)
    for name in loaded.triggers:
        _check_namespace("trigger", name, loaded, home, known)
    for name in loaded.exporters:
        _check_namespace("exporter", name, loaded, home, known)


def _check_namespace(noun: str, name: str, loaded: Loaded, home: Loaded, known: Catalogue) -> None:
    namespace, _, rest = name.rpartition(".")
    top = namespace.partition(".")[0]
    if home.entry is not None:
        if top != home.entry.name:
            raise PluginError(
                f"plugin '{loaded.name}' offers the {noun} '{name}' outside of its namespace; "
                f"call it '{home.entry.name}.{rest}'"
            )
        return
    owner = known.owns(top)
    if owner is not None:
        raise PluginError(
            f"plugin '{loaded.name}' offers the {noun} '{name}', but '{top}' belongs to the "
            f"plugin of {owner.distribution}; choose another namespace"
        )


def _refuse_late(loaded: Loaded) -> None:
    """Refuse names that files may use but that would be there only while an engine runs."""
    for hook in ("actions", "functions", "executors", "modifiers", "triggers", "loaders"):
        for name in getattr(loaded, hook):
            raise PluginError(
                f"plugin '{loaded.parent}': what its lifespan yields offers the "
                f"{hook.removesuffix('s')} '{name}', but files are checked before anything is "
                f"opened; offer it in the module's hook '{hook}', and let it reach what is open by "
                "a @resource or a request"
            )


def _clash(noun: str, loaded: Loaded, other: Loaded, names: Iterable[Any]) -> None:
    for name in sorted(names):
        raise PluginError(
            f"plugin '{loaded.name}' offers the {noun} '{name}', which plugin '{other.name}' "
            "offers already; rename one or disable one of the plugins"
        )
