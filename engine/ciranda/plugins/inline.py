"""A plugin that is one file of the project: `plugins: [./actions.py]`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

import msgspec

from ciranda.errors import PluginError
from ciranda.plugins.importing import BUDGET, guarded
from ciranda.plugins.imports import LocalImports
from ciranda.settings.project import project_root

__all__ = ["InlinePlugin", "inline_path", "load_inline"]

_BUNDLE: Final = msgspec.msgpack.Encoder(order="deterministic")


class InlinePlugin(msgspec.Struct, frozen=True):
    """An inline plugin that has been imported.

    Attributes:
        name: Its path relative to the project's root.
        root: The project's root.
        module: The module, under a private name made of path and content.
        imports: Its project-local imports.
    """

    name: str
    root: Path
    module: ModuleType
    imports: LocalImports

    @property
    def bundle(self) -> bytes:
        """The file and the project-local modules that it has imported so far, as one blob."""
        return _BUNDLE.encode(self.imports.files)

    @property
    def digest(self) -> str:
        """What identifies the content of `bundle`."""
        from hashlib import sha256  # slow to load, and most files bring no plugin

        return f"sha256:{sha256(self.bundle).hexdigest()}"

    def changed(self, root: Path) -> bool:
        """Return whether a file on the disk is no longer what was run."""
        for key, source in self.imports.files.items():
            try:
                if (root / key).read_bytes() != source:
                    return True
            except OSError:
                return True
        return False


def inline_path(text: str, folder: Path) -> tuple[Path, Path]:
    """Return the file that `text` names and the project's root, both resolved.

    Raises:
        PluginError: There is no such file, or it lies outside of the project.
    """
    root = project_root(folder)
    path = (folder / text).resolve()
    if not path.is_relative_to(root):
        raise PluginError(
            f"plugin '{text}' lies outside of the project {root}; move the file into the project"
        )
    if not path.is_file():
        raise PluginError(f"plugin '{text}': there is no file {path}")
    if path.suffix != ".py" or "." in path.stem:
        raise PluginError(
            f"plugin '{text}' has no module's name: it must end in .py and have no other dot"
        )
    return path, root


def load_inline(
    path: Path, root: Path, *, bundle: bytes | None = None, seconds: float = BUDGET
) -> InlinePlugin:
    """Import one file of a project under a private name.

    Args:
        path: The file, within `root`; it need not exist when a bundle is given.
        root: The project's root.
        bundle: Sources to use before the disk: the `bundle` of an earlier import.
        seconds: How long the import may take.

    Raises:
        PluginError: It cannot be imported; the text says where.
    """
    root = root.resolve()
    name = path.relative_to(root).as_posix()
    sources = _sources(name, bundle)
    try:
        source = sources[name] if name in sources else path.read_bytes()
    except OSError as error:
        raise PluginError(f"plugin '{name}' cannot be read: {error}") from error
    from hashlib import sha256

    identity = sha256(f"{path}\0".encode() + source).hexdigest()[:16]
    imports = LocalImports(name, f"_ciranda_{identity}", path, root, sources)

    def wrote(file: str) -> bool:
        return Path(file).is_relative_to(root)

    try:
        module = guarded(name, lambda: imports.load(path.stem), wrote, seconds)
    except BaseException:
        imports.forget()
        raise
    return InlinePlugin(name, root, module, imports)


def _sources(name: str, bundle: bytes | None) -> Mapping[str, bytes]:
    if bundle is None:
        return {}
    try:
        return msgspec.msgpack.decode(bundle, type=dict[str, bytes])
    except msgspec.MsgspecError as error:
        raise PluginError(f"plugin '{name}': its pinned sources cannot be read: {error}") from error
