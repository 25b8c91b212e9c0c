"""Which script of a skill is meant, and what runs it: an argument list, never a shell."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, final

from ..error import MissingResourceError, UnreadableError
from ..format import Skill
from ..resources import open_regular, reason_of, resolve
from ..sandbox import Profile
from .error import AmbiguousScriptError, InterpreterError, NoScriptError

__all__ = ["Command", "command_for", "script_of"]

_MAIN: Final = ("main", "run")
# Where a sandbox lets programs come from.
_SEARCHED: Final = "/usr/local/bin:/usr/bin:/bin"
# Suffix -> command lines to try in turn.
_BY_SUFFIX: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    ".py": (("python3",),),
    ".sh": (("bash",), ("sh",)),
    ".bash": (("bash",),),
    ".zsh": (("zsh",),),
    ".js": (("node",),),
    ".mjs": (("node",),),
    ".cjs": (("node",),),
    ".ts": (("tsx",), ("bun",), ("deno", "run")),
    ".php": (("php",),),
    ".rb": (("ruby",),),
    ".pl": (("perl",),),
    ".lua": (("lua",),),
    ".r": (("Rscript",),),
    ".jl": (("julia",),),
    ".ps1": (("pwsh", "-File"),),
}
_ELF: Final = b"\x7fELF"
_HEAD: Final = 256  # bytes of a script in which its first line must end
Find = Callable[[str], str | None]


@final
@dataclass(frozen=True, slots=True)
class Command:
    """A script and what runs it.

    Args:
        script: As the skill lists it.
        path: Its real path.
        profile: `python` is run by a zygote, `program` is executed.
        prefix: For a program, what stands before the script's arguments.
    """

    script: str
    path: Path
    profile: Profile
    prefix: tuple[str, ...] = ()


def find_program(name: str) -> str | None:
    """Return the path of a program where a sandbox lets it come from."""
    return shutil.which(name, path=_SEARCHED)


def script_of(skill: Skill, script: str | None) -> str:
    """Return the script that is meant, relative to the skill's folder.

    Without a name it is the skill's only one, or `main`, `run` or the one named like the skill.

    Args:
        skill: Whose script.
        script: Its path from the skill's folder, or its name, with or without suffix.

    Raises:
        NoScriptError: There is none.
        AmbiguousScriptError: There are several.
        SkillError: The path leads out of the skill's folder.
    """
    if script is not None:
        return _named(skill, script)
    if not skill.scripts:
        raise NoScriptError(f"the skill `{skill.name}` has no scripts: there is nothing to run")
    if len(skill.scripts) == 1:
        return skill.scripts[0]
    for stem in (*_MAIN, skill.name, skill.name.replace("-", "_")):
        found = [
            each for each in skill.scripts if each.startswith("scripts/") and _stem(each) == stem
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(skill, found)
    raise _ambiguous(skill, skill.scripts)


def _stem(script: str) -> str:
    """Return the name of a script without suffix; nothing for one in a folder further below."""
    path = PurePosixPath(script)
    return path.stem if str(path.parent) == "scripts" else ""


def _ambiguous(skill: Skill, found: tuple[str, ...] | list[str]) -> AmbiguousScriptError:
    names = ", ".join(f"`{name}`" for name in found[:10])
    return AmbiguousScriptError(
        f"the skill `{skill.name}` has {len(found)} scripts ({names}): say which with `script`"
    )


def _named(skill: Skill, script: str) -> str:
    try:
        resolve(skill.root, script)
    except MissingResourceError:
        found = [
            each
            for each in skill.scripts
            if script in (PurePosixPath(each).name, PurePosixPath(each).stem)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(skill, found) from None
        there = ", ".join(f"`{name}`" for name in skill.scripts[:10]) or "none"
        raise NoScriptError(
            f"the skill `{skill.name}` has no script `{script}`; it has {there}"
        ) from None
    return os.path.normpath(script)


def command_for(skill: Skill, script: str, find: Find = find_program) -> Command:
    """Return what runs a script of a skill: by its suffix, or else by its `#!` line.

    Args:
        skill: Whose script.
        script: Its path from the skill's folder.
        find: Finds a program by its name.

    Raises:
        InterpreterError: Nothing here can run it.
        SkillError: There is no such file in the skill's folder.
    """
    path = resolve(skill.root, script)
    try:
        with open_regular(path) as file:
            head = file.read(_HEAD)
            executable = os.fstat(file.fileno()).st_mode & 0o111
    except OSError as error:
        raise UnreadableError(f"`{script}` cannot be read: {reason_of(error)}") from None
    suffix = path.suffix.lower()
    told = _shebang(head)
    if suffix == ".py" or (suffix not in _BY_SUFFIX and _is_python(told)):
        return Command(script, path, "python")
    if head.startswith(_ELF) and executable:
        return Command(script, path, "program", (str(path),))
    tried = (*((told,) if told else ()), *_BY_SUFFIX.get(suffix, ()))
    for line in tried:
        program = line[0] if os.path.isabs(line[0]) and os.path.exists(line[0]) else None
        program = program or find(os.path.basename(line[0]))
        if program is not None:
            return Command(script, path, "program", (program, *line[1:], str(path)))
    if tried:
        names = " or ".join(dict.fromkeys(f"`{os.path.basename(line[0])}`" for line in tried))
        raise InterpreterError(f"`{script}` needs {names}, which is not installed: install it")
    raise InterpreterError(
        f"nothing says what runs `{script}`: give it a suffix such as .py or .sh, or a `#!` line"
    )


def _shebang(head: bytes) -> tuple[str, ...]:
    """Return the command line of a `#!`, `env` left out; empty without one."""
    if not head.startswith(b"#!"):
        return ()
    words = head[2:].split(b"\n", 1)[0].decode("utf-8", "replace").split()
    if words and os.path.basename(words[0]) == "env":
        words = words[1:]
        if words and words[0] == "-S":
            words = words[1:]
    if not words or words[0].startswith("-") or "=" in words[0]:
        return ()
    return tuple(words)


def _is_python(told: tuple[str, ...]) -> bool:
    name = os.path.basename(told[0]) if told else ""
    return name == "python" or name.startswith("python3")
