"""Skills in three stages: what there is, what one says, and one of its files.

The catalogue reads frontmatters only. A body and a file are read when they are asked for, from
the disk each time, so nobody is served what a skill said before it was edited.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from ciranda.workflow.nearest import nearest

from .discovery import Discovery, Scope
from .error import SkillError, UnknownSkillError
from .format import Reading, Skill, Violation, read_heading, read_skill
from .index import Index
from .resources import read_resource

__all__ = ["Catalogue", "Entry", "Match", "read_catalogue"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A skill as the catalogue knows it.

    Attributes:
        heading: What its frontmatter says; without body, scripts and resources.
        folder: Where it was found; `heading.root` is the real path of this.
        scope: Whose word it is there by.
        warnings: What lenient reading put up with.
    """

    heading: Skill
    folder: Path
    scope: Scope
    warnings: tuple[Violation, ...] = ()

    @property
    def name(self) -> str:
        """The skill's name."""
        return self.heading.name

    @property
    def description(self) -> str:
        """What it does and when to use it."""
        return self.heading.description


class Match(msgspec.Struct, frozen=True):
    """An entry that a search found; a larger score fits better."""

    entry: Entry
    score: float


def read_catalogue(discovery: Discovery) -> Catalogue:
    """Read the frontmatter of each skill that was found.

    Of one name that of the strongest scope counts, there one that breaks no rule before one that
    does, in a folder of another name for instance, and then the first.
    """
    entries: dict[str, Entry] = {}
    valid: set[str] = set()
    skipped: list[Reading] = []
    warnings = list(discovery.warnings)
    for found in discovery.found:
        try:
            reading = read_heading(found.folder)
        except SkillError as error:  # it was removed meanwhile
            warnings.append(str(error))
            continue
        if reading.skill is None:
            skipped.append(reading)
            continue
        entry = Entry(
            heading=reading.skill,
            folder=found.folder,
            scope=found.scope,
            warnings=reading.warnings,
        )
        first = entries.setdefault(entry.name, entry)
        if first is not entry:
            hidden = entry
            if reading.valid and first.name not in valid and first.scope is entry.scope:
                entries[entry.name], hidden = entry, first
            shown = entries[entry.name]
            warnings.append(
                f"the skill `{entry.name}` in {hidden.folder} ({hidden.scope}) is hidden by the "
                f"one in {shown.folder} ({shown.scope})"
            )
        if reading.valid and entries[entry.name] is entry:
            valid.add(entry.name)
    ordered = tuple(entries[name] for name in sorted(entries))
    return Catalogue(ordered, tuple(skipped), tuple(warnings))


class Catalogue:
    """All skills that can be loaded.

    Attributes:
        entries: They, by name.
        skipped: Folders whose SKILL.md is too broken to load.
        warnings: Sentences on what is hidden or was not searched.
    """

    def __init__(
        self,
        entries: tuple[Entry, ...],
        skipped: tuple[Reading, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.entries: Final = entries
        self.skipped: Final = skipped
        self.warnings: Final = warnings
        self._by_name: Final = {entry.name: entry for entry in entries}

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def get(self, name: str) -> Entry:
        """Return the entry of a skill.

        Raises:
            UnknownSkillError: There is none; the text names the nearest.
        """
        entry = self._by_name.get(name)
        if entry is None:
            meant = nearest(name, self._by_name)
            hint = f": did you mean `{meant}`?" if meant else ""
            raise UnknownSkillError(f"there is no skill `{name[:80]}`{hint}")
        return entry

    def load(self, name: str) -> Skill:
        """Return a skill with its body and the list of its files, as they are now.

        Raises:
            UnknownSkillError: There is no such skill, or no longer.
            SkillError: Its folder cannot be read any more.
        """
        entry = self.get(name)
        skill = read_skill(entry.folder).skill
        if skill is None or skill.name != name:
            raise UnknownSkillError(f"there is no skill `{name}` any more in {entry.folder}")
        return skill

    def body(self, name: str) -> str:
        """Return the Markdown of a skill as it is now.

        Raises:
            SkillError: As `load` does.
        """
        return self.load(name).body

    def resource(self, name: str, relative: str) -> bytes:
        """Return one file of a skill as it is now.

        Raises:
            SkillError: There is no such skill or file, or the path leads out of its folder.
        """
        return read_resource(self.get(name).heading.root, relative)

    def search(self, query: str, *, limit: int = 10) -> tuple[Match, ...]:
        """Return the entries that fit the words of a query, the best first."""
        ranked = self._index.search(query, limit=limit)
        return tuple(Match(self._by_name[name], score) for name, score in ranked)

    @cached_property
    def _index(self) -> Index:
        return Index((entry.name, entry.description) for entry in self.entries)
