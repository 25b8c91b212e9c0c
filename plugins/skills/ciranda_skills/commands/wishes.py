"""What the command line asks of a run, checked and put together with the settings."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec

from ciranda.settings import read_configuration

from ..sandbox import Level
from ..settings import SkillsSettings

__all__ = ["Wishes", "wishes_of"]

_MOST: Final = 256 << 20  # bytes that one option may give, which are all held in memory
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """One call of `ciranda skills run`.

    Attributes:
        target: A folder, or the name of a skill.
        settings: The project's, with the limits of this call.
        project: The project's folder.
        script: Which script; None is the main one.
        args: Its arguments.
        stdin: What it reads; None is nothing.
        params: Its parameters.
        env: Variables it gets.
        require: The least sandbox.
        install: Whether its environment may be made.
        unasked: Whether the project's settings open the network, and this call does not.
        form: `json` or `text`.
    """

    target: str
    settings: SkillsSettings
    project: Path
    script: str | None
    args: tuple[str, ...]
    stdin: bytes | None
    params: dict[str, Any] | None
    env: dict[str, str]
    require: Level
    install: bool
    unasked: bool
    form: str


def wishes_of(target: str, args: Sequence[str], given: Mapping[str, Any]) -> Wishes:
    """Return what is asked for.

    Raises:
        UsageError: Something of it makes no sense.
        SettingsError: The project's settings do not fit.
    """
    configuration = read_configuration(Path.cwd())
    settings = configuration.read(SkillsSettings)
    limits = (
        "timeout", "max_output", "memory_mb", "max_processes", "folder_mb", "folder_files",
    )  # fmt: skip
    changed = {name: given[name] for name in limits if given[name] is not None}
    settings = msgspec.structs.replace(
        settings, **changed, network=given["network"] or settings.network
    )
    if any("\0" in each for each in (target, *args, given["script"] or "")):
        raise click.UsageError("an argument holds a NUL, which no program can be given")
    return Wishes(
        target=target,
        settings=settings,
        project=configuration.root,
        script=given["script"],
        args=tuple(args),
        stdin=_stdin(given["stdin"]),
        params=_params(given["params"]),
        env=_env(given["env"]),
        require=Level[given["require_sandbox"] or settings.require],
        install=given["install"],
        unasked=settings.network and not given["network"],
        form=given["form"],
    )


def _stdin(text: str | None) -> bytes | None:
    if text is None:
        return None
    if text == "-":
        return b"" if sys.stdin is None else _bounded(sys.stdin.buffer, "--stdin")
    if text.startswith("@@"):
        text = text[1:]
    elif text.startswith("@"):
        return _content(text[1:], "--stdin")
    return text.encode(errors="surrogateescape")


def _params(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    data = _content(text[1:], "--params") if text.startswith("@") else text
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"--params is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise click.UsageError('--params must be an object such as {"year": 2026}')
    return value


def _content(file: str, option: str) -> bytes:
    if not file:
        raise click.UsageError(f"{option} names no file: write `@file`")
    try:
        with open(file, "rb") as opened:
            return _bounded(opened, option)
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise click.UsageError(f"{option}: {file} cannot be read: {why}") from None


def _bounded(stream: BinaryIO, option: str) -> bytes:
    """Return all of a stream; one that does not end would take all memory there is."""
    data = stream.read(_MOST + 1)
    if len(data) > _MOST:
        raise click.UsageError(f"{option} gives more than {_MOST >> 20} MiB: give it less")
    return data


def _env(pairs: Iterable[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not _VARIABLE.fullmatch(name) or "\0" in value:
            raise click.UsageError(f"`--env {pair[:80]}` is no variable: write NAME=VALUE")
        found[name] = value
    return found
