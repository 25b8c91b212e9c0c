"""What a script is, and of which version: warm processes are told apart by it."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Final, final

from ..format import Skill
from .facts import Facts, Known
from .freshness import Fresh
from .plan import Asked
from .recent import Recent

__all__ = ["Versions"]

_WATCHED: Final = 256  # skills whose files are looked at


@final
class Versions:
    """Facts of scripts with the digest of their skill, as of now.

    Args:
        known: Facts by themselves.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._fresh: Recent[Path, Fresh] = Recent(_WATCHED)
        self._digested: Recent[Hashable, tuple[str, Skill, Facts]] = Recent(_WATCHED)

    async def get(self, skill: Skill, asked: Asked) -> tuple[Facts, str]:
        """Return what a script is; for a warm run also the digest of its skill.

        Raises:
            SkillError: There is no such script, or nothing to run it with.
        """
        if not asked.warm:
            return await self._known.get(skill, asked.script, asked.interpreter), ""
        fresh = self._fresh.get(skill.root) or self._fresh.put(skill.root, Fresh(skill.root))
        version = await fresh.now()
        key = skill.root, asked.script, asked.interpreter
        found = self._digested.get(key)
        if found is not None and found[0] == version and found[1] is skill:
            return found[2], version
        facts = await self._known.get(skill, asked.script, asked.interpreter)
        if version == await fresh.now():  # else it was edited on the way
            self._digested.put(key, (version, skill, facts))
        return facts, version
