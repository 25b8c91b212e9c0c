"""Where skills are looked for, and which folders hold one.

Only names are looked at here: nothing is opened, and a folder that holds a skill is not entered.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from .error import UnreadableError
from .resources import SKILL_FILES, reason_of

__all__ = ["PLACES", "Discovery", "Found", "Scope", "discover"]

PLACES: Final = (".agents/skills", ".claude/skills", ".ciranda/skills")
_DEEPEST: Final = 6
_MOST_FOLDERS: Final = 2000
_SKIPPED: Final = frozenset((".git", "node_modules"))


class Scope(StrEnum):
    """Whose word a skill is there by, the strongest first."""

    GIVEN = "given"
    PROJECT = "project"
    USER = "user"
    BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Found:
    """A folder with a SKILL.md, and the root that led to it."""

    folder: Path
    scope: Scope
    root: Path


@dataclass(frozen=True, slots=True)
class Discovery:
    """All folders with a skill, the strongest scope first, and what kept others from sight.

    Attributes:
        found: The folders.
        warnings: Sentences on what was not searched.
        trail: Each folder that was listed, or would have been if it were there, in this order.
    """

    found: tuple[Found, ...]
    warnings: tuple[str, ...] = ()
    trail: tuple[Path, ...] = field(default=(), compare=False, repr=False)


def discover(
    *,
    project: Path | None = None,
    home: Path | None = None,
    roots: Iterable[Path] = (),
    beside: Iterable[Path] = (),
    built_in: Path | None = None,
) -> Discovery:
    """Return the folders that hold skills.

    Links to folders are followed; a folder that was reached once is not entered again. Each root
    is searched 6 folders deep and through 2,000 folders at most.

    Args:
        project: The project's folder; its `.agents/skills`, `.claude/skills` and
            `.ciranda/skills` are searched.
        home: The user's folder, with the same places.
        roots: Folders that were named: a skill, or a folder of skills.
        beside: More folders of the project's, which is not a person naming them.
        built_in: The folder of the skills that come with us.

    Raises:
        UnreadableError: A named folder is none.
    """
    named = [_named(root) for root in roots]
    own = [home / place for place in PLACES] if home else []
    # At home the project's places are the user's.
    theirs = [] if _same(project, home) else [project / place for place in PLACES if project]
    ours = [built_in] if built_in else []
    search = _Search()
    found = [
        *search.all(named, Scope.GIVEN),
        *search.all([*theirs, *beside], Scope.PROJECT),
        *search.all(own, Scope.USER),
        *search.all(ours, Scope.BUILT_IN),
    ]
    return Discovery(tuple(found), tuple(search.warnings), tuple(search.trail))


def _named(root: Path) -> Path:
    if not os.path.isdir(root):
        raise UnreadableError(f"{root} is not a folder")
    return root


def _same(project: Path | None, home: Path | None) -> bool:
    if project is None or home is None:
        return project is None
    return os.path.realpath(project) == os.path.realpath(home)


class _Search:
    """One discovery: folders reached through links or two roots are found once."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.trail: list[Path] = []
        self._reached: set[tuple[int, int]] = set()

    def all(self, roots: Iterable[Path], scope: Scope) -> Iterator[Found]:
        for root in roots:
            if os.path.isdir(root):
                for folder in self._below(root):
                    yield Found(folder, scope, root)
            else:
                self.trail.append(root)

    def _below(self, root: Path) -> Iterator[Path]:
        waiting = [(root, 0)]
        left = _MOST_FOLDERS
        for folder, depth in waiting:  # grows while it is read: the nearest come first
            self.trail.append(folder)
            try:
                status = os.stat(folder)
                if (status.st_dev, status.st_ino) in self._reached:
                    continue
                self._reached.add((status.st_dev, status.st_ino))
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self.warnings.append(f"{folder} cannot be searched: {reason_of(error)}")
                continue
            if any(entry.name in SKILL_FILES for entry in listed):
                yield folder
                continue
            below = []
            for entry in listed:
                if entry.name not in _SKIPPED:
                    if _is_folder(entry):
                        below.append(entry)
                    elif entry.is_symlink():  # a folder may come to be where it leads
                        self.trail.append(folder / entry.name)
            if below and depth >= _DEEPEST:
                said = f"{folder} is {_DEEPEST} folders below {root}: what is below is not searched"
                self.warnings.append(said)
                continue
            if len(below) >= left:
                said = f"{root} has more than {_MOST_FOLDERS:,} folders: the rest is not searched"
                self.warnings.append(said)
                below = below[: max(left - 1, 0)]
            left -= len(below)
            waiting += [(folder / entry.name, depth + 1) for entry in below]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
