"""What exactly one run is: found out before anything is started, or refused in one sentence."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

import msgspec

from ..format import Skill
from ..inside.order import Allowed, Item, Order
from ..sandbox import Level
from .command import Command
from .error import ParameterError
from .facts import Facts
from .folders import Room
from .inspected import Entry
from .sendable import check_finite, refusal

__all__ = ["Asked", "Plan", "allowed_of", "is_pure", "is_strict", "item_of", "planned"]

_REAPERS: Final = 2  # processes of the sandbox itself around a program, or around bubblewrap's
_ISOLATION: Final = "isolation"  # in the metadata of SKILL.md
_STRICT: Final = "strict"
_TRUE: Final = frozenset(("true", "yes", "on", "1"))
_PROCESSORS: Final = os.cpu_count() or 1  # asking takes longer than planning a run
_FOREVER: Final = 1 << 30  # seconds of processor time of a process that serves many runs
_ENCODE: Final = msgspec.msgpack.Encoder().encode


@final
class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for; the same words as `Runner.run`."""

    script: str | None = None
    args: Sequence[str] = ()
    stdin: bytes | None = None
    timeout: float = 30.0
    memory_mb: int = 256
    max_processes: int = 32
    network: bool = False
    env: Mapping[str, str] = {}
    params: Mapping[str, Any] | None = None
    require: Level = Level.L0
    interpreter: Path | None = None
    warm: bool = False
    strict: bool = False


@final
class Plan(msgspec.Struct, frozen=True):
    """One run, ready to go.

    Args:
        command: The script and what runs it.
        root: The skill's folder.
        argv: As in an `Order`.
        entry: As in an `Order`.
        params: As in an `Order`.
        stdin: Bytes that it reads; None is nothing.
        allowed: How to confine it, but for the private folder.
        processes: How many its tree may have.
        warm: Whether one process serves many such runs.
        strict: Whether it shall be run below bubblewrap.
    """

    command: Command
    root: str
    argv: tuple[bytes, ...]
    entry: Entry | None
    params: dict[str, Any]
    stdin: bytes | None
    allowed: Allowed
    processes: int
    warm: bool
    strict: bool = False

    def order(self, home: str | None, room: Room) -> bytes:
        """Return the order for a worker.

        Args:
            home: Private folder of the run; None for a process that is confined already.
            room: What that has room for.

        Raises:
            ParameterError: A name is no text that can be sent.
        """
        allowed = None
        if home is not None:
            allowed = msgspec.structs.replace(
                self.allowed, home=home, home_mb=room.mb, home_files=room.files
            )
        order = Order(
            path=str(self.command.path),
            root=self.root,
            argv=self.argv,
            entry=self.entry or "file",
            params=self.params,
            allowed=allowed,
            stdin=b"" if home is not None else self.stdin or b"",
        )
        try:
            return _ENCODE(order)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            given = {**self.params, "env": self.allowed.env, "folder": self.root}
            raise refusal(given, self.command.script, error) from None


def planned(skill: Skill, facts: Facts, asked: Asked) -> Plan:
    """Return what a run of a script is.

    Raises:
        ParameterError: It cannot take the parameters, or one of the arguments.
    """
    command = facts.command
    python = command.profile == "python"
    item = item_of(facts, asked.params, asked.args, asked.stdin)
    strict = is_strict(skill, asked)
    allowed = allowed_of(skill, facts, asked)
    return Plan(
        command,
        str(skill.root),
        item.argv,
        None if item.entry == "file" else item.entry,
        item.params,
        None if asked.stdin is None and not item.stdin else item.stdin,
        allowed,
        asked.max_processes + (0 if python and not strict else _REAPERS),
        asked.warm and python and not strict,
        strict,
    )


def is_pure(skill: Skill) -> bool:
    """Tell whether a skill promises that equal inputs give equal outputs and nothing else."""
    return skill.metadata.get("pure", "").lower() in _TRUE


def is_strict(skill: Skill, asked: Asked) -> bool:
    """Tell whether a run shall have bubblewrap around it: the caller, or the skill, wants it."""
    wants = skill.metadata.get(_ISOLATION, "").lower() == _STRICT
    return wants or asked.strict or asked.require >= Level.L4


def allowed_of(skill: Skill, facts: Facts, asked: Asked) -> Allowed:
    """Return how to confine a run of a script, but for its private folder."""
    command = facts.command
    python = command.profile == "python"
    env = dict(asked.env)
    if not python:
        env = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(skill.root)} | env
    return Allowed(
        profile=command.profile,
        root=str(skill.root),
        home="",
        read=_read(asked.interpreter),
        network=asked.network,
        env=env,
        memory_mb=asked.memory_mb,
        cpu_s=_FOREVER if asked.warm and python else _processor_time(asked.timeout),
        processes=asked.max_processes,
        require=int(asked.require),
    )


def item_of(
    facts: Facts, params: Mapping[str, Any] | None, args: Sequence[str], stdin: bytes | None
) -> Item:
    """Return what a script is given for these parameters, arguments and input.

    Raises:
        ParameterError: It cannot take them.
    """
    entry, filled = _entry(facts, params, stdin)
    if filled is not None and entry is None and stdin is None:
        stdin = json.dumps(filled).encode()
    argv = _argv(facts.command, args)
    return Item(entry or "file", filled or {}, argv, stdin or b"")


def _processor_time(timeout: float) -> int:
    """Return seconds that no run can use up before its time is up, on all processors at once."""
    return min(_FOREVER, math.ceil(min(timeout, _FOREVER)) * _PROCESSORS + 1)


def _read(interpreter: Path | None) -> tuple[str, ...]:
    """Return the folders of an interpreter: its environment, and that from which it was made.

    A worker starts without `site`, so that the sandbox there does not know of our environment.
    """
    if interpreter is None:
        return (sys.prefix,) if sys.prefix != sys.base_prefix else ()
    folders = (interpreter.absolute().parent.parent, interpreter.resolve().parent.parent)
    return tuple(dict.fromkeys(map(str, folders)))


def _argv(command: Command, args: Sequence[str]) -> tuple[bytes, ...]:
    if not args and not command.prefix:
        return ()
    for number, argument in enumerate(args, 1):
        if "\0" in argument:
            raise ParameterError(f"argument {number} of `{command.script}` holds a NUL character")
    return tuple(map(os.fsencode, (*command.prefix, *args)))


def _entry(
    facts: Facts, params: Mapping[str, Any] | None, stdin: bytes | None
) -> tuple[Entry | None, dict[str, Any] | None]:
    """Return which function is called, if any, and the parameters with defaults filled in."""
    entry = facts.called
    if params is not None:
        entry = facts.parametrised
    elif entry is not None:
        params = _object(stdin)
    else:
        return None, None
    script = facts.command.script
    try:
        check_finite(params, script)
        if facts.parameters is None:
            return entry, dict(params)
        return entry, facts.parameters.fill(params, script)
    except RecursionError:
        said = f"`{script}` cannot take these parameters: they are nested too deeply"
        raise ParameterError(said) from None


def _object(stdin: bytes | None) -> dict[str, Any]:
    """Return the JSON object that stdin is, or an empty one."""
    if not stdin:
        return {}
    try:
        found = json.loads(stdin)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
