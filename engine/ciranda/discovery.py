"""Which plugins are installed: read from metadata, without importing a line of theirs.

It stands alone, because `ciranda --help` needs it and nothing else of plugins.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ALWAYS", "COMMANDS", "NAMED", "PLUGINS", "Entry", "discover"]

NAMED: Final = "ciranda"  # imported when a file names it
ALWAYS: Final = "ciranda.always"  # imported by every engine: middleware and observers
COMMANDS: Final = "ciranda.commands"  # imported when the command is called
PLUGINS: Final = (NAMED, ALWAYS)
OWN: Final = "ciranda"  # the distribution whose plugins need no enabling

_INFO: Final = re.compile(r"(?P<name>[^-]+)(?:-(?P<version>[^-]+)[^/]*)?\.(?:dist|egg)-info")


@dataclass(frozen=True, slots=True)
class Entry:
    """One announced plugin.

    Attributes:
        name: The entry point's name, which is its namespace of actions.
        group: `ciranda`, `ciranda.always` or `ciranda.commands`.
        module: What to import, as `module` or `module:attribute`.
        distribution: Who installed it.
        version: The distribution's version.
        folder: Where the distribution's metadata is.
    """

    name: str
    group: str
    module: str
    distribution: str
    version: str
    folder: Path

    @property
    def own(self) -> bool:
        """Whether it is part of ciranda itself."""
        return self.distribution == OWN


def discover(paths: Sequence[str] | None = None, groups: Sequence[str] = PLUGINS) -> list[Entry]:
    """Return what is announced in `groups` on `paths` (`sys.path`), sorted by name.

    Reading the few files directly takes 2 ms where importing `importlib.metadata` alone takes
    ten, and a short command has no more to give. Of a distribution that is there twice the
    first counts, as for Python's own metadata.
    """
    entries: list[Entry] = []
    seen: set[str] = set()
    for path in sys.path if paths is None else paths:
        for name, version, folder, text in _metadata(path or os.curdir):
            if name in seen:
                continue
            seen.add(name)
            found = list(_entries(text, groups))
            if not found:
                continue
            shown = version or _written_version(folder)
            entries += [Entry(one, group, to, name, shown, folder) for group, one, to in found]
    return sorted(entries, key=lambda one: (one.name, one.group, one.distribution))


def _metadata(path: str) -> Iterator[tuple[str, str, Path, str]]:
    """Yield (normalised name, version, folder, entry points) of each distribution in a folder."""
    try:
        names = sorted(os.listdir(path))
    except NotADirectoryError:
        yield from _archived(path)
        return
    except OSError:  # sys.path may name what is not there
        return
    for name in names:
        if not name.endswith("-info") or (match := _INFO.fullmatch(name)) is None:
            continue
        try:
            with open(f"{path}/{name}/entry_points.txt", encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError):  # announces nothing that could be used
            text = ""
        yield _normal(match["name"]), match["version"] or "", Path(path, name), text


def _archived(path: str) -> Iterator[tuple[str, str, Path, str]]:
    from importlib.metadata import distributions  # zip files are rare on sys.path

    for one in distributions(path=[path]):
        text = one.read_text("entry_points.txt") or ""
        yield _normal(one.metadata["Name"]), one.version, Path(path), text


def _entries(text: str, groups: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Yield (group, name, module) of some groups of ours."""
    if OWN not in text:
        return
    group = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            group = line.strip("[] \t")
        elif group in groups and "=" in line and not line.startswith(("#", ";")):
            name, _, target = line.partition("=")
            yield group, name.strip(), target.partition("[")[0].strip()


def _written_version(folder: Path) -> str:
    for file in ("METADATA", "PKG-INFO"):
        try:
            with open(folder / file, encoding="utf-8") as lines:
                for line in lines:
                    if line.startswith("Version:"):
                        return line.partition(":")[2].strip()
        except (OSError, UnicodeDecodeError):
            continue
    return "0"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
