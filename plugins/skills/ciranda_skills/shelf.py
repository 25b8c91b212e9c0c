"""The skills that a project and its user have, and which of them may run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, final

from .disclosure import Catalogue, Entry, read_catalogue
from .discovery import Discovery, Scope, discover
from .error import TrustError, UnknownSkillError
from .format import Skill, read_heading, read_skill
from .resources import SKILL_FILES
from .trust import Trust, trust_folder

__all__ = ["BUILT_IN", "Shelf", "load_folder"]

BUILT_IN: Final = Path(__file__).parent / "builtin"


@final
class Shelf:
    """Looks skills up, each time anew. Its methods read files: call them from a thread.

    Args:
        project: The project's folder.
        roots: More folders with skills of the project.
        home: The user's folder.
        environ: Tells where the user's trust is kept.
    """

    def __init__(
        self,
        project: Path,
        roots: Iterable[Path] = (),
        *,
        home: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.project: Final = project
        self.home: Final = home or Path.home()
        self._roots: Final = tuple(roots)
        self.trust: Final = Trust(trust_folder(environ or os.environ, self.home))

    def catalogue(self, given: Iterable[Path] = ()) -> Catalogue:
        """Return all skills that there are.

        Args:
            given: Folders to search in place of the usual ones.

        Raises:
            UnreadableError: One of these is no folder.
        """
        named = tuple(given)
        if named:
            return read_catalogue(discover(roots=named))
        return read_catalogue(self._discover())

    def trail(self, name: str) -> tuple[Entry, list[Path]]:
        """Return the skill of a name, and the paths that decide that it is this one.

        They are the folders that were searched until it was found, and the SKILL.md of each skill
        on the way. What lies behind it can only be hidden by it, unless it breaks a rule: then it
        gives way to one that does not, and all that was searched counts.

        Raises:
            UnknownSkillError: There is none of this name.
        """
        discovery = self._discover()
        entry = read_catalogue(discovery).get(name)
        trail = list(discovery.trail)
        folders = [found.folder for found in discovery.found]
        if read_heading(entry.folder).valid:
            del trail[trail.index(entry.folder) + 1 :]
            del folders[folders.index(entry.folder) :]
        files = (folder / file for folder in folders for file in SKILL_FILES)
        return entry, [*trail, *filter(os.path.lexists, files)]

    def _discover(self) -> Discovery:
        return discover(project=self.project, home=self.home, beside=self._roots, built_in=BUILT_IN)

    def allows(self, entry: Entry) -> bool:
        """Tell whether a skill may run as its files are now.

        Raises:
            SkillError: Its files, or the user's word on them, cannot be read.
        """
        return self.trust.allows(entry.heading.root, entry.scope)

    def load(self, name: str) -> tuple[Skill, Scope]:
        """Return a skill that may run.

        Raises:
            TrustError: Nobody has said that it may.
            UnknownSkillError: There is none of this name.
            SkillError: It cannot be read.
        """
        catalogue = self.catalogue()
        entry = catalogue.get(name)
        if not self.allows(entry):
            raise TrustError(
                f"the skill `{name}` in {entry.folder} is the project's and not trusted as it is "
                f"now: look at it, then `ciranda skills trust {name}`"
            )
        return catalogue.load(name), entry.scope


def load_folder(folder: Path) -> Skill:
    """Return the skill in a folder that somebody named, which is consent.

    Raises:
        UnknownSkillError: It does not even load leniently; the text says why.
        SkillError: The folder cannot be read.
    """
    reading = read_skill(folder)
    if reading.skill is None:
        reasons = "; ".join(reading.messages[kind] for kind in reading.fatal)
        raise UnknownSkillError(f"{folder} holds no skill that can be loaded: {reasons}")
    return reading.skill
