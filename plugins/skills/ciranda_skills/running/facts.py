"""What a script is: read from files once, and looked up as long as they stay as they are."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import anyio.to_thread

from ..format import Skill
from .calling import CALLING
from .command import Command, command_for, script_of
from .inspected import Entry, inspect
from .kinds import imports_of
from .parameters import Parameters, parameters_of
from .recent import Recent

__all__ = ["Facts", "Known", "facts_of"]

_KEPT: Final = 512
_PROGRAMS: Final = "programs"  # in the metadata of SKILL.md
_YOUNG_NS: Final = 50_000_000  # times as young as this could be those of a later edit too
Seen = tuple[int, int, int, int]


@final
@dataclass(frozen=True, slots=True)
class Facts:
    """What a script is.

    Args:
        command: The script and what runs it.
        called: Its function, where running the file would do nothing.
        parametrised: Its function to call when there are parameters.
        parameters: That it takes, where something says so.
        imports: What a zygote for the skill imports ahead.
    """

    command: Command
    called: Entry | None = None
    parametrised: Entry | None = None
    parameters: Parameters | None = None
    imports: tuple[str, ...] = ()


def facts_of(skill: Skill, script: str | None, interpreter: Path | None) -> Facts:
    """Return what a script of a skill is; reads files.

    Args:
        skill: Whose script.
        script: As `script_of` takes it.
        interpreter: What runs it instead of ours, when it is Python's.

    Raises:
        SkillError: There is no such script, or nothing to run it with.
    """
    name = script_of(skill, script)
    command = command_for(skill, name)
    parameters = parameters_of(skill, name)
    if command.profile != "python":
        return Facts(command, parameters=parameters)
    found = inspect(command.path)
    if interpreter is None and skill.metadata.get(_PROGRAMS, "").lower() == "true":
        interpreter = Path(sys.executable)  # a zygote's child could start nothing
    if interpreter is not None:
        prefix: tuple[str, ...] = (str(interpreter), str(command.path))
        if found.called is not None:
            prefix = (str(interpreter), "-c", CALLING, str(command.path), found.called.name)
        return Facts(Command(name, command.path, "program", prefix), parameters=parameters)
    called, parametrised = (
        None if each is None else each.name for each in (found.called, found.parametrised)
    )
    return Facts(command, called, parametrised, parameters, imports_of(skill))


@dataclass(frozen=True, slots=True)
class _Held:
    skill: Skill
    facts: Facts
    paths: tuple[str, ...]
    seen: tuple[Seen | None, ...]


@final
class Known:
    """Facts of the scripts used last.

    Args:
        clock: Nanoseconds since the epoch.
    """

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._held: Recent[Hashable, _Held] = Recent(_KEPT)

    async def get(self, skill: Skill, script: str | None, interpreter: Path | None) -> Facts:
        """Return what a script is, as of now.

        Raises:
            SkillError: As `facts_of` does.
        """
        key = skill.root, script, interpreter
        held = self._held.get(key)
        if held is not None and held.skill is skill and tuple(map(_look, held.paths)) == held.seen:
            return held.facts
        return await anyio.to_thread.run_sync(self._read, key, skill, script, interpreter)

    def _read(
        self, key: Hashable, skill: Skill, script: str | None, interpreter: Path | None
    ) -> Facts:
        asked = self._clock()
        facts = facts_of(skill, script, interpreter)
        listed = os.path.join(skill.root, facts.command.script)
        # A schema that comes or goes changes the folder, a script that is edited itself.
        paths = tuple(
            dict.fromkeys(
                (str(facts.command.path), listed, os.path.dirname(listed), str(skill.root),
                 f"{os.path.splitext(listed)[0]}.schema.json")
            )
        )  # fmt: skip
        seen = tuple(map(_look, paths))
        latest = max(each[3] for each in seen if each is not None)
        if asked - latest >= _YOUNG_NS:
            self._held.put(key, _Held(skill, facts, paths, seen))
        return facts


def _look(path: str) -> Seen | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
