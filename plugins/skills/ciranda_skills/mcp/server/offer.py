"""What is offered to clients: the skills that may run, as tools and as files to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

import anyio
import anyio.to_thread
import msgspec

from ...disclosure import Catalogue, Entry
from ...error import SkillError, UnknownSkillError
from ...format import Skill
from .naming import names_of
from .tool import Tool, tool_of
from .uris import BODY

__all__ = ["Offer", "Shown"]


class Shown(msgspec.Struct, frozen=True):
    """What can be called and read at a moment.

    Attributes:
        entries: Skills that may run, by name.
        tools: Their scripts, by the name of the tool.
        withheld: Sentences on what is not offered, and why.
    """

    entries: dict[str, Entry] = {}
    tools: dict[str, Tool] = {}
    withheld: tuple[str, ...] = ()


@final
class Offer:
    """Looks up skills, each time a client asks which there are.

    A skill that may not run is not offered in any way: not listed, not called, not read.

    Args:
        catalogue: Returns the skills that there are now; it may read files.
        allows: Tells whether one may run as its files are now; it may read files.
    """

    def __init__(self, catalogue: Callable[[], Catalogue], allows: Callable[[Entry], bool]) -> None:
        self._catalogue: Final = catalogue
        self._allows: Final = allows
        self._shown: Shown | None = None

    async def shown(self) -> Shown:
        """Look at everything anew."""
        self._shown = await anyio.to_thread.run_sync(self._look)
        return self._shown

    async def tool(self, name: str) -> Tool | None:
        """Return a tool, looking anew when it is not known."""
        shown = self._shown
        if shown is None or name not in shown.tools:
            shown = await self.shown()
        return shown.tools.get(name)

    async def skill(self, name: str) -> Skill:
        """Return a skill as its files are now.

        Raises:
            SkillError: There is none that may run, or it cannot be read.
        """
        return await anyio.to_thread.run_sync(self._load, name)

    async def file(self, skill: str, path: str) -> bytes:
        """Return a file of a skill; of its SKILL.md the text below the frontmatter.

        Raises:
            SkillError: There is no such skill that may run, or no such file in it.
        """
        return await anyio.to_thread.run_sync(self._read, skill, path)

    def _look(self) -> Shown:
        catalogue = self._catalogue()
        entries: dict[str, Entry] = {}
        skills: dict[str, Skill] = {}
        withheld: list[str] = []
        for entry in catalogue.entries:
            try:
                if self._allows(entry):
                    skills[entry.name] = catalogue.load(entry.name)
                    entries[entry.name] = entry
                else:
                    withheld.append(f"`{entry.name}` is not trusted")
            except SkillError as error:
                withheld.append(f"`{entry.name}` is not offered: {error}")
        names = names_of((each.name, script) for each in skills.values() for script in each.scripts)
        tools: dict[str, Tool] = {}
        for (skill, script), name in names.items():
            try:
                tools[name] = tool_of(skills[skill], script, name)
            except SkillError as error:
                withheld.append(f"`{script}` of `{skill}` is not offered: {error}")
        return Shown(entries, dict(sorted(tools.items())), tuple(withheld))

    def _load(self, name: str) -> Skill:
        catalogue = self._catalogue()
        if not self._allows(catalogue.get(name)):
            raise UnknownSkillError(f"there is no skill `{name[:80]}`")  # as if it were not there
        return catalogue.load(name)

    def _read(self, skill: str, path: str) -> bytes:
        loaded = self._load(skill)
        if path == BODY:
            return loaded.body.encode()
        return self._catalogue().resource(skill, path)
