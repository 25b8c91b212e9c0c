"""Skills by name or folder as they are now, read again only when something changed.

What decides is watched: the files of the skill, the folders that were searched until it was found,
and the user's word on it. So an edit, a skill of the same name in a nearer place and trust taken
back count at once, and a look is all that a skill costs which stayed what it was.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, final

import msgspec

from ciranda.settings import SETTINGS_FILE, project_root

from .digest import digest
from .discovery import Scope
from .error import TrustError
from .format import Skill
from .resources import SKILL_FILES
from .running.freshness import entries_of
from .running.recent import Recent
from .shelf import Shelf, load_folder
from .watch import Watch

__all__ = ["Finder", "Held"]

_MOST: Final = 256


class Held(msgspec.Struct, frozen=True, eq=False):
    """A skill as it was read.

    Attributes:
        skill: It.
        content: Its digest.
        watch: Tells whether it is still this one; None when it changed while it was read.
        interpreters: Of its scripts, as far as somebody asked; None is our own Python.
    """

    skill: Skill
    content: str
    watch: Watch | None
    interpreters: dict[str | None, Path | None]


@final
class Finder:
    """Finds skills that may run.

    Args:
        roots: More folders with skills of the project, besides the usual ones.
        clock: Nanoseconds since the epoch.
    """

    def __init__(self, roots: Iterable[Path] = (), clock: Callable[[], int] = time.time_ns) -> None:
        self._roots: Final = tuple(roots)
        self._clock: Final = clock
        self._held: Final[Recent[tuple[str, Path], Held]] = Recent(_MOST)

    def find(self, name: str, base: Path) -> Held:
        """Return a skill as its files are now; reads them if one changed.

        Args:
            name: Its name, or the path of its folder when there is a `/` in it.
            base: Absolute folder that paths begin at, and whose project is searched.

        Raises:
            SkillError: There is none that may run.
        """
        return self.known(name, base) or self.keep(name, base, self.read(name, base))

    def known(self, name: str, base: Path) -> Held | None:
        """Return a skill that was read before, if nothing changed; looks, but reads nothing."""
        held = self._held.get((name, base))
        return None if held is None or held.watch is None or not held.watch.holds() else held

    def last(self, name: str, base: Path) -> Held | None:
        """Return a skill as it was read last, whatever it is now."""
        return self._held.get((name, base))

    def read(self, name: str, base: Path) -> Held:
        """Return a skill as its files are now, without keeping it; for a thread.

        Raises:
            SkillError: There is none that may run.
        """
        asked = self._clock()
        if os.sep in name:
            return self._given(base / name, asked)
        return self._named(name, base, asked)

    def keep(self, name: str, base: Path, held: Held) -> Held:
        """Keep what was read; returns it, and the same skill as before where nothing differs."""
        last = self.last(name, base)
        if last is not None and last.content == held.content and last.skill == held.skill:
            held = Held(last.skill, held.content, held.watch, last.interpreters)
        return self._held.put((name, base), held)

    # Both look before they read: what changes in between is seen by the next look.

    def _given(self, folder: Path, asked: int) -> Held:
        inner = folder.name in SKILL_FILES and not folder.is_dir()
        root = Path(os.path.realpath(folder.parent if inner else folder))
        watch = Watch(entries_of(root), [folder], asked=asked)
        skill = load_folder(folder)
        return Held(skill, digest(skill.root), watch if skill.root == root else None, {})

    def _named(self, name: str, base: Path, asked: int) -> Held:
        markers = list(_markers(base))
        shelf = Shelf(project_root(base), self._roots)
        entry, paths = shelf.trail(name)
        root = entry.heading.root
        before = digest(root)
        trust = shelf.trust.places(before) if entry.scope is Scope.PROJECT else ()
        watch = Watch([*entries_of(root), *trust], [*markers, *paths], asked=asked)
        skill, scope = shelf.load(name)
        content = digest(skill.root)
        if scope is Scope.PROJECT and shelf.trust.get(content) is None:
            raise TrustError(f"the skill `{name}` was edited right now: trust it again")
        same = (skill.root, scope, content) == (root, entry.scope, before)
        return Held(skill, content, watch if same else None, {})


def _markers(base: Path) -> Iterator[Path]:
    """Yield what decides where the project of a folder begins."""
    here = base.resolve()
    for folder in (here, *here.parents):
        yield folder / SETTINGS_FILE
        if (folder / SETTINGS_FILE).is_file():
            return
        yield folder / ".git"
        if (folder / ".git").exists():
            return
