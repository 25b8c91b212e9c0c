"""The plugins of one engine."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, final

from ciranda.actions import Action
from ciranda.bus import Bus
from ciranda.discovery import Entry, discover
from ciranda.errors import PluginError
from ciranda.events import Request
from ciranda.layer import Layer, Modifier, StepPlan
from ciranda.plugins.asked import Asked, refusal
from ciranda.plugins.catalogue import Catalogue, Listed
from ciranda.plugins.conflicts import check_names
from ciranda.plugins.digests import distribution_digest
from ciranda.plugins.importing import BUDGET, guarded
from ciranda.plugins.inline import InlinePlugin, inline_path, load_inline
from ciranda.plugins.lifespans import Lifespans
from ciranda.plugins.loaded import Loaded, check_api, check_marks, listed, offers
from ciranda.plugins.readers import Readers
from ciranda.plugins.requirement import Requirement, parse_requirement
from ciranda.plugins.told import settings_for_workers
from ciranda.settings import Configuration, Settings, project_root
from ciranda.trigger import TriggerKind
from ciranda.workflow.loader import Loader

__all__ = ["Plugins"]


@final
class Plugins:
    """Find, import, register and check plugins; one for each engine.

    A plugin is imported when a file names it (or, from the group `ciranda.always`, by the first
    `load`), and only if it is ciranda's own or enabled in the settings. A call that fails
    leaves nothing of what it registered behind.

    Args:
        configuration: The project's settings.
        bus: Where hooks are registered.
        entries: What is installed; found on `sys.path` by default.
        seconds: How long the import of one plugin may take.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        bus: Bus | None = None,
        entries: Sequence[Entry] | None = None,
        seconds: float = BUDGET,
    ) -> None:
        self.bus: Final = bus or Bus()
        self.configuration: Final = configuration
        self.actions: Final[dict[str, Action]] = {}
        self.functions: Final[dict[str, Any]] = {}
        self.executors: Final[dict[str, Any]] = {}
        self.modifiers: Final[dict[str, Modifier]] = {}
        self.triggers: Final[dict[str, TriggerKind]] = {}
        self.exporters: Final[dict[str, Any]] = {}
        self.loaders: Final[dict[str, Loader]] = {}
        self.readers: Final = Readers(self.loaders, self._enabled_loaders)
        found = discover() if entries is None else entries
        configuration.check_sections(tuple(one.name for one in found))
        self._entries: Final = found
        self._catalogue: Final = Catalogue(found, configuration.plugins())
        self._seconds = seconds
        self._loaded: dict[str, Loaded] = {}
        self._lifespans = Lifespans()
        self._engine: Any = None
        self._opened: set[str] = set()
        self._digests: dict[str, str] = {}

    def load(
        self, namespaces: Iterable[str] = (), declared: Iterable[str] = (), folder: Path = Path()
    ) -> None:
        """Bring in what every engine has, what a file declares, and the namespaces it uses.

        Args:
            namespaces: The part before the dot of each `uses:`.
            declared: What the file lists below `plugins:`: paths, or names with versions.
            folder: The file's folder, for paths.

        Raises:
            PluginError: One is missing, not enabled, broken or in conflict; `entry` says which.
            SettingsError: A plugin's section does not fit.
        """
        known = set(self._loaded)
        try:
            for entry in self._catalogue.always():
                self._import(entry)
            for text in declared:
                try:
                    self.declare(text, folder)
                except PluginError as error:
                    error.entry = text
                    raise
            for namespace in namespaces:
                self.require(namespace)
            self.bus.check_pending()
        except BaseException:
            for name in [name for name in self._loaded if name not in known]:
                self._forget(name)
            raise

    def require(self, namespace: str) -> None:
        """Bring in the plugin whose actions begin with `namespace`.

        Raises:
            PluginError: It is missing, not enabled, broken or in conflict.
        """
        if self._has(namespace):
            return
        self._import(self._catalogue.find(Requirement(namespace, "")))

    def unlisted(self, name: str) -> str:
        """Return what to do about an action that a plugin in use defines but does not list."""
        for loaded in self._loaded.values():
            for attribute, one in vars(loaded.plugin).items() if loaded.is_module else ():
                if isinstance(one, Action) and one.name == name not in self.actions:
                    return (
                        f"{loaded.name} defines it and does not list it: let its "
                        f"`@hookimpl def actions()` return [..., {attribute}]"
                    )
        return ""

    def obstacle(self, namespace: str) -> str:
        """Return why no plugin of this name may be used; empty when one may."""
        if self._has(namespace):
            return ""
        try:
            self._catalogue.find(Requirement(namespace, ""))
        except PluginError as error:
            return str(error)
        return ""

    def declare(self, text: str, folder: Path = Path()) -> str:
        """Bring in one entry of a file's `plugins:`, such as `./actions.py` or `slack>=1,<2`.

        A file that was loaded and has changed since is loaded again.

        Returns:
            The name under which it is in use.

        Raises:
            PluginError: It cannot be read as either, or the plugin cannot be used.
        """
        if not text.endswith(".py") and not text.startswith((".", "/", "~")):
            return self._import(self._catalogue.find(parse_requirement(text)))
        path, root = inline_path(text, folder)
        name = path.relative_to(root).as_posix()
        loaded = self._loaded.get(name)
        if loaded is not None:
            if loaded.inline is not None and not loaded.inline.changed(root):
                return name
            self._forget(name)
        self._take_inline(load_inline(path, root, seconds=self._seconds))
        return name

    def restore(self, name: str, bundle: bytes, folder: Path) -> None:
        """Bring in an inline plugin as an earlier run pinned it, whatever its file says now.

        Args:
            name: The plugin's name, as in `versions`.
            bundle: Its `bundles` entry.
            folder: The workflow's folder.
        """
        root = project_root(folder)
        loaded = self._loaded.get(name)
        if loaded is not None:
            if loaded.inline is not None and loaded.inline.bundle == bundle:
                return
            self._forget(name)
        path = root.joinpath(*name.split("/"))
        self._take_inline(load_inline(path, root, bundle=bundle, seconds=self._seconds))

    def register(self, plugin: object, name: str) -> None:
        """Use a module or an object with marked functions.

        Raises:
            PluginError: The name or the object is in use, or something does not fit.
        """
        if isinstance(plugin, str | bytes):
            raise PluginError(
                f"{plugin!r} is no plugin: hand over the module or the object itself, or name "
                "an installed one in the file, below `plugins:`"
            )
        self._add(Loaded(name, plugin))

    def middlewares(self, target: StepPlan | type[Request[Any]]) -> list[Layer]:
        """Return the layers around `target`, outermost first."""
        return self.bus.layers(target)

    def refusal(self, name: str, written: Any) -> tuple[str, str]:
        """Return what is wrong with what a step writes of a plugin's layer, and a hint."""
        return refusal(self.modifiers, name, written)

    def settings(self, name: str) -> Settings | None:
        """Return the settings of a plugin in use, if it has any."""
        return self._loaded[name].settings

    def findings(self, name: str) -> list[Any]:
        """Return what a plugin in use tells `ciranda doctor`: levels and sentences.

        Raises:
            PluginError: It raised, or returned no list.
        """
        loaded = self._loaded[name]
        return listed(self.bus, loaded, "findings", settings=loaded.settings)

    def versions(self) -> dict[str, str]:
        """Return the version, or the digest of an inline plugin, of each plugin in use."""
        return {name: one.version for name, one in sorted(self._loaded.items()) if not one.parent}

    def bundles(self) -> dict[str, bytes]:
        """Return the sources of the inline plugins in use, for `restore`."""
        return {
            name: one.inline.bundle
            for name, one in sorted(self._loaded.items())
            if one.inline is not None
        }

    def digest(self, name: str) -> str:
        """Return what identifies the code of a plugin in use; empty for a registered object."""
        loaded = self._home(self._loaded[name])
        name = loaded.name
        if loaded.entry is None:
            return loaded.version
        if name not in self._digests:
            self._digests[name] = distribution_digest(loaded.entry)
        return self._digests[name]

    def origin(self, action: Action) -> dict[str, Any]:
        """Return, as plain data, where a worker process finds an action of a plugin in use.

        Raises:
            PluginError: The plugin is an object that a program handed over.
        """
        loaded = self._home(self._loaded[action.plugin])
        told = settings_for_workers(self.bus, loaded, action)
        if loaded.entry is not None:
            return {"module": loaded.entry.module, **told}
        if loaded.inline is not None:
            inline = loaded.inline
            return {
                **told,
                "name": inline.name,
                "root": str(inline.root),
                "bundle": inline.bundle,
                "digest": inline.digest,
            }
        raise PluginError(
            f"{action.name} comes from the object '{loaded.name}', which no worker process can "
            "find: put it into a file that `plugins:` names, or say `executor: thread`"
        )

    def listing(self) -> list[Listed]:
        """Return every installed plugin, without importing one."""
        return self._catalogue.listing()

    @asynccontextmanager
    async def lifespan(self, engine: Any) -> AsyncIterator[None]:
        """Keep open what plugins keep open, as long as the block lasts."""
        async with self._lifespans.running():
            self._engine = engine
            try:
                await self.start()
                yield
            finally:
                self._engine = None
                for name in [one for one in self._opened if one in self._loaded]:
                    self._forget(name)
                self._opened.clear()

    async def start(self) -> None:
        """Open the plugins that were loaded since the last call; within `lifespan`.

        Raises:
            PluginError: What one yields cannot be registered.
        """
        for name, loaded in list(self._loaded.items()):
            mark = _yielded(name)
            if mark in self._opened:
                continue
            self._opened.add(mark)
            for impl in self.bus.hooks.hook.lifespan.get_hookimpls():
                if impl.plugin_name != name:
                    continue
                given = {"engine": self._engine, "settings": loaded.settings}
                manager: Any = impl.function(**{key: given[key] for key in impl.argnames})
                if manager is None:
                    continue
                if not isinstance(manager, AbstractAsyncContextManager):
                    if isinstance(manager, Coroutine):
                        manager.close()
                    raise PluginError(
                        f"plugin '{name}': the hook 'lifespan' returned {type(manager).__name__}; "
                        "mark it with @asynccontextmanager below @hookimpl"
                    )
                value = await self._lifespans.enter(name, manager)
                if value is not None:
                    self._add(Loaded(mark, value, parent=name))

    def _import(self, entry: Entry) -> str:
        name = self._catalogue.label(entry)
        if name in self._loaded:
            return name
        module, _, attribute = entry.module.partition(":")
        top = module.partition(".")[0]

        def bring() -> object:
            plugin: object = importlib.import_module(module)
            return getattr(plugin, attribute) if attribute else plugin

        def wrote(file: str) -> bool:
            path = Path(file)
            return top in (path.stem, *(folder.name for folder in path.parents))

        plugin = guarded(entry.name, bring, wrote, self._seconds)
        other = self.bus.hooks.get_name(plugin)
        if other is not None and other in self._loaded and self._loaded[other].entry is not None:
            return other  # one module under two names is one plugin
        self._add(Loaded(name, plugin, entry=entry))
        return name

    def _take_inline(self, inline: InlinePlugin) -> None:
        try:
            self._add(Loaded(inline.name, inline.module, inline=inline))
        except BaseException:
            inline.imports.forget()
            raise

    def _add(self, loaded: Loaded) -> None:
        name = loaded.name
        check_api(name, loaded.plugin)
        self.bus.register(loaded.plugin, name)
        try:
            for module in listed(self.bus, loaded, "hookspecs"):
                self.bus.add_hooks(module)
            check_marks(self.bus, loaded)
            loaded = offers(self.bus, loaded, self.configuration)
            check_names(loaded, self._home(loaded), self._loaded.values(), self._catalogue)
        except BaseException:
            self.bus.unregister(name)
            raise
        self._loaded[name] = loaded
        for known, offered in self._offers(loaded):
            known.update(offered)
        for key, one in loaded.modifiers.items():
            self.bus.register(Asked(one), key)

    def _offers(self, loaded: Loaded) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return what is in use of each kind, with what one plugin offers of it."""
        return [
            (self.actions, loaded.actions),
            (self.functions, loaded.functions),
            (self.executors, loaded.executors),
            (self.modifiers, loaded.modifiers),
            (self.triggers, loaded.triggers),
            (self.exporters, loaded.exporters),
            (self.loaders, loaded.loaders),
        ]

    def _forget(self, name: str) -> None:
        loaded = self._loaded.pop(name)
        self.bus.unregister(name)
        for known, offered in self._offers(loaded):
            for key in offered:
                del known[key]
        for key in loaded.modifiers:
            self.bus.unregister(key)
        if loaded.inline is not None:
            loaded.inline.imports.forget()

    def _enabled_loaders(self) -> dict[str, Loader]:
        """Return the loaders of all that is enabled, whose plugins are not in use for that."""
        apart = Plugins(self.configuration, entries=self._entries, seconds=self._seconds)
        for entry in self._catalogue.enabled():
            apart._import(entry)
        return apart.loaders

    def _has(self, namespace: str) -> bool:
        """Say whether something in use has this namespace."""
        start = f"{namespace}."
        names = (*self.actions, *self.modifiers, *self.triggers)
        return namespace in self._loaded or any(name.startswith(start) for name in names)

    def _home(self, loaded: Loaded) -> Loaded:
        return self._loaded[loaded.parent] if loaded.parent else loaded


def _yielded(name: str) -> str:
    return f"{name} (lifespan)"
