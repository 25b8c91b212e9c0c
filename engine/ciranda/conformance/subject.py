"""What is checked: a folder with a package, one file, or an installed plugin."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ciranda.discovery import ALWAYS, COMMANDS, NAMED, Entry, discover
from ciranda.errors import PluginError

__all__ = ["Subject", "find_subject", "opened", "sources"]

PROJECT: Final = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Subject:
    """A plugin to check.

    Attributes:
        name: Its namespace; of one file, its name.
        module: What is imported, as `module` or `module:attribute`.
        command: What its commands are imported as; empty without any.
        distribution: Who announces it; empty for one file.
        version: The distribution's version.
        folder: The folder with its `pyproject.toml`, if it is there.
        file: The file, if it is one.
        paths: What must be on `sys.path` for it.
        samples: The table `[tool.ciranda.check]` of its `pyproject.toml`.
        always: Whether every engine imports it.
    """

    name: str
    module: str
    command: str = ""
    distribution: str = ""
    version: str = "0"
    folder: Path | None = None
    file: Path | None = None
    paths: tuple[Path, ...] = ()
    samples: Mapping[str, Any] = field(default_factory=dict)
    always: bool = False

    @property
    def installed(self) -> bool:
        """Whether it is found by its metadata, not by a path."""
        return self.folder is None and self.file is None


def find_subject(what: str) -> Subject:
    """Return what a path or a name stands for; nothing is imported.

    Args:
        what: A folder with a `pyproject.toml`, a `.py` file, or the name of an installed plugin.

    Raises:
        PluginError: It stands for nothing that could be checked; the text says what to do.
    """
    path = Path(what)
    if path.is_dir() and (path / PROJECT).is_file():
        return _packaged(path.resolve())
    if what.endswith(".py"):
        if not path.is_file():
            raise PluginError(f"there is no file {what}")
        return Subject(path.stem, path.stem, file=path.resolve(), paths=(path.resolve().parent,))
    found = [one for one in discover(groups=(NAMED, ALWAYS)) if one.name == what]
    if found:
        return _announced(found[0])
    if path.is_dir():
        raise PluginError(f"{what} holds no {PROJECT}: name the folder that does")
    from ciranda.workflow.nearest import nearest

    meant = nearest(what, [one.name for one in discover(groups=(NAMED, ALWAYS))])
    hint = f"did you mean `{meant}`?" if meant else "name its folder, or install it"
    raise PluginError(f"no plugin `{what}` is installed, and there is no such folder; {hint}")


def _announced(entry: Entry) -> Subject:
    commands = [one for one in discover(groups=(COMMANDS,)) if one.name == entry.name]
    return Subject(
        entry.name,
        entry.module,
        command=commands[0].module if commands else "",
        distribution=entry.distribution,
        version=entry.version,
        always=entry.group == ALWAYS,
    )


def _packaged(folder: Path) -> Subject:
    path = folder / PROJECT
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PluginError(f"{path} cannot be read: {error}") from error
    project = _table(data, "project")
    groups = _table(project, "entry-points")
    named, always = _table(groups, NAMED), _table(groups, ALWAYS)
    if not named and not always:
        raise PluginError(
            f"{path} announces no plugin: write [project.entry-points.{NAMED}] with the "
            "namespace and the module"
        )
    name, module = next(iter({**always, **named}.items()))
    return Subject(
        name,
        str(module),
        command=str(_table(groups, COMMANDS).get(name, "")),
        distribution=str(project.get("name", name)),
        version=str(project.get("version", "0")),
        folder=folder,
        paths=(folder / "src",) if (folder / "src").is_dir() else (folder,),
        samples=_table(_table(_table(data, "tool"), "ciranda"), "check"),
        always=name not in named,
    )


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


@contextmanager
def opened(subject: Subject) -> Iterator[ModuleType]:
    """Import the plugin, as if it were installed, and forget it afterwards.

    A folder with a package is announced by metadata of its own in a folder that goes first on
    `sys.path`, so that everything finds it the way an installed plugin is found.

    Raises:
        Exception: Whatever importing it raises.
    """
    name = subject.module.partition(":")[0]
    known, before = set(sys.modules), list(sys.path)
    with tempfile.TemporaryDirectory(prefix="ciranda-check-") as made:
        if subject.folder is not None:
            _announce(subject, Path(made))
            sys.path[:0] = [made, *map(str, subject.paths)]
        elif subject.file is not None:
            sys.path[:0] = list(map(str, subject.paths))
        try:
            importlib.invalidate_caches()
            yield importlib.import_module(name)
        finally:
            sys.path[:] = before
            if not subject.installed:
                for one in set(sys.modules) - known:
                    if _lies_in(sys.modules[one], subject.paths):
                        del sys.modules[one]


def _announce(subject: Subject, place: Path) -> None:
    word = subject.distribution.replace("-", "_")
    info = place / f"{word}-{subject.version}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {subject.distribution}\nVersion: {subject.version}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")
    group = ALWAYS if subject.always else NAMED
    lines = [f"[{group}]", f"{subject.name} = {subject.module}"]
    if subject.command:
        lines += [f"[{COMMANDS}]", f"{subject.name} = {subject.command}"]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lies_in(module: ModuleType, folders: tuple[Path, ...]) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and any(Path(str(file)).is_relative_to(one) for one in folders)


def sources(module: ModuleType) -> list[Path]:
    """Return the Python files of a plugin: those of its top-level package, or the one file."""
    top = sys.modules.get(module.__name__.partition(".")[0], module)
    if hasattr(top, "__path__"):
        return sorted(file for folder in top.__path__ for file in Path(folder).rglob("*.py"))
    return [Path(str(module.__file__))]
