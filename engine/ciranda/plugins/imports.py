"""The imports of one inline plugin: the files next to it, under private names.

`from helpers import x` must find the `helpers.py` next to the plugin, whatever else is called
`helpers` in this process. So the plugin's modules get builtins of their own whose `__import__`
looks beside the file first; `sys.path` and the plain names in `sys.modules` are never touched,
and imports inside functions work as long as the plugin is used.
"""

from __future__ import annotations

import builtins
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ciranda.errors import PluginError

__all__ = ["LocalImports"]


class LocalImports:
    """Find, run and remember the project-local modules of one plugin.

    Args:
        name: The plugin's name, for messages.
        prefix: The private package under which its modules are in `sys.modules`.
        main: The plugin's file; its imports look beside it.
        root: The folder that nothing may lie outside of; resolved.
        sources: Files by path relative to `root`, used before the disk.
    """

    def __init__(
        self, name: str, prefix: str, main: Path, root: Path, sources: Mapping[str, bytes]
    ) -> None:
        self._name = name
        self._prefix = prefix
        self._main = main
        self._folder = main.parent
        self._root = root
        self._sources = sources
        self._modules: dict[str, ModuleType] = {}
        self.files: Final[dict[str, bytes]] = {}  # what was run, by path relative to the root
        self._builtins = vars(builtins) | {"__import__": self._import}
        package = ModuleType(prefix)
        package.__path__ = [str(main.parent)]
        package.__package__ = prefix
        self._remember("", package)

    def load(self, dotted: str) -> ModuleType:
        """Return a local module by its dotted name, running it and its parents if need be.

        Raises:
            ModuleNotFoundError: There is no such file.
            PluginError: The file lies outside of the root.
        """
        parts = dotted.split(".")
        module = self._modules[""]
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[:count])
            parent, module = module, self._modules.get(name) or self._run(name)
            setattr(parent, parts[count - 1], module)
        return module

    def forget(self) -> None:
        """Take the modules out of `sys.modules`."""
        for module in self._modules.values():
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 # the names of __import__
        locals: Mapping[str, Any] | None = None,  # noqa: A002 # the names of __import__
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Stand in for `__import__`: relative imports and files next to the plugin first."""
        if level:
            package = str((globals or {}).get("__package__") or "")
            absolute = importlib.util.resolve_name("." * level + name, package)
            return self._from(absolute[len(self._prefix) + 1 :], fromlist or ())
        top = name.partition(".")[0]
        if top not in self._modules and self._find(top) is None:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        if fromlist:
            return self._from(name, fromlist)
        self.load(name)
        return self._modules[top]

    def _from(self, dotted: str, names: Sequence[str]) -> ModuleType:
        module = self.load(dotted) if dotted else self._modules[""]
        wanted = getattr(module, "__all__", ()) if "*" in names else names
        for name in wanted:
            inner = f"{dotted}.{name}" if dotted else name
            if not hasattr(module, name) and self._find(inner) is not None:
                self.load(inner)
        return module

    def _run(self, dotted: str) -> ModuleType:
        path = self._find(dotted)
        if path is None:
            raise ModuleNotFoundError(f"No module named {dotted!r}", name=dotted)
        private = f"{self._prefix}.{dotted}"
        if path.suffix != ".py":  # a folder without __init__.py
            module = ModuleType(private)
            module.__path__ = [str(path)]
            module.__package__ = private
            self._remember(dotted, module)
            return module
        inside = [str(path.parent)] if path.name == "__init__.py" else None
        spec = importlib.util.spec_from_file_location(
            private, path, submodule_search_locations=inside
        )
        if spec is None:
            raise ImportError(f"{path} is not a Python file", name=dotted)
        module = importlib.util.module_from_spec(spec)
        vars(module)["__builtins__"] = self._builtins
        source = self._read(path)
        self._remember(dotted, module)
        try:
            code = compile(source, str(path), "exec", dont_inherit=True)
            exec(code, vars(module))  # this is what importing is
        except BaseException:
            self._modules.pop(dotted, None)
            sys.modules.pop(private, None)
            raise
        return module

    def _find(self, dotted: str) -> Path | None:
        if dotted == self._main.stem:
            return self._confined(self._main)
        base = self._folder.joinpath(*dotted.split("."))
        for path in (base / "__init__.py", base.with_name(f"{base.name}.py")):
            if self._key(path) in self._sources or path.is_file():
                return self._confined(path)
        if base.is_dir() and any(base.glob("*.py")):
            # As anywhere in Python, an installed package wins over a folder without __init__.py.
            spec = None if "." in dotted else importlib.util.find_spec(dotted)
            if spec is None or spec.origin is None:
                return self._confined(base)
        return None

    def _confined(self, path: Path) -> Path:
        if not path.resolve().is_relative_to(self._root):
            raise PluginError(
                f"plugin '{self._name}' imports {path}, which lies outside of the project "
                f"{self._root}; move the file into the project"
            )
        return path

    def _read(self, path: Path) -> bytes:
        key = self._key(path)
        source = self._sources.get(key)
        if source is None:
            source = path.read_bytes()
        self.files[key] = source
        return source

    def _key(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _remember(self, dotted: str, module: ModuleType) -> None:
        self._modules[dotted] = sys.modules[module.__name__] = module
