"""Serving the skills of a project to MCP clients until somebody ends it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import anyio
import click

from ciranda.cli import screen
from ciranda.errors import SettingsError
from ciranda.settings import read_configuration

from ..mcp.server import Limits, Offer, serve_http, serve_stdio
from ..running import Runner
from ..sandbox import Level
from ..settings import SkillsSettings
from ..shelf import Shelf

__all__ = ["serve"]

_TOKEN: Final = "CIRANDA_SKILLS_TOKEN"
_LAST_PORT: Final = 65_535


def serve(roots: tuple[str, ...], given: Mapping[str, Any]) -> None:
    """Serve until a signal, or the client, ends it.

    Args:
        roots: Folders to offer in place of the project's skills.
        given: The options.

    Raises:
        UsageError: The address makes no sense.
        SettingsError: The SDK is not installed, or the address cannot be listened at.
        SkillError: A folder is none.
    """
    if find_spec("mcp") is None:
        raise SettingsError("serving MCP needs its SDK: pip install 'ciranda[mcp]'")
    address = None if given["http"] is None else _address(given["http"])
    configuration = read_configuration(Path.cwd())
    settings = configuration.read(SkillsSettings)
    shelf = Shelf(configuration.root, settings.roots)
    folders = tuple(Path(root).absolute() for root in roots)
    offer = Offer(lambda: shelf.catalogue(folders), shelf.allows)
    shelf.catalogue(folders)  # a folder that is none is said now, not to the first client
    anyio.run(partial(_serve, offer, _limits(settings, given), settings, address, given["origin"]))


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > _LAST_PORT:
        raise click.UsageError(f"`--http {text}` is no address: write HOST:PORT, 127.0.0.1:8123")
    return host, int(port)


def _limits(settings: SkillsSettings, given: Mapping[str, Any]) -> Limits:
    def chosen(name: str) -> Any:
        return getattr(settings, name) if given[name] is None else given[name]

    return Limits(
        calls=given["slots"],
        timeout=chosen("timeout"),
        max_output=chosen("max_output"),
        memory_mb=chosen("memory_mb"),
        max_processes=chosen("max_processes"),
        network=given["network"] or settings.network,
        require=Level[given["require_sandbox"] or settings.require],
    )


async def _serve(
    offer: Offer,
    limits: Limits,
    settings: SkillsSettings,
    address: tuple[str, int] | None,
    origins: tuple[str, ...],
) -> None:
    runner = Runner(slots=limits.calls, zygotes=settings.zygotes, idle=settings.idle)
    async with runner:
        for sentence in (await offer.shown()).withheld:
            screen.warn(sentence)
        if address is None:
            await serve_stdio(offer, runner, limits)
        else:
            host, port = address
            await serve_http(
                offer,
                runner,
                limits,
                host=host,
                port=port,
                token=os.environ.get(_TOKEN) or None,
                origins=origins,
                on_ready=lambda url: screen.say(f"serving MCP at {url}"),
            )
