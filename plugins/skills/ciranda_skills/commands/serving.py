"""Serving the skills of a project to MCP clients until somebody ends it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import anyio
import anyio.to_thread
import click

from ciranda.cli import screen
from ciranda.errors import CirandaError, SettingsError
from ciranda.settings import read_configuration

from ..mcp.server import Limits, Offer, serve_http, serve_stdio
from ..opened import Opened, keep_figures, keep_open
from ..preloading import preloaded
from ..sandbox import Level
from ..settings import OPEN_NETWORK, SkillsSettings
from ..shelf import Shelf
from ..stats import read_report

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
    if settings.network and not given["network"]:
        screen.warn(OPEN_NETWORK.format("all skills that are served"))
    served = Served(offer, _limits(settings, given), settings, configuration.root)
    anyio.run(partial(_serve, served, address, given["origin"]))


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


class Served(NamedTuple):
    """What is served.

    Attributes:
        offer: The skills.
        limits: What each call may take.
        settings: The project's.
        home: The project's folder.
    """

    offer: Offer
    limits: Limits
    settings: SkillsSettings
    home: Path


async def _serve(served: Served, address: tuple[str, int] | None, origins: tuple[str, ...]) -> None:
    offer, limits, settings, home = served
    async with (
        keep_figures(home) as figures,
        keep_open(
            settings, home, figures, slots=limits.calls, ahead=partial(_make_ready, served)
        ) as opened,
    ):
        runner = opened.runner
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


async def _make_ready(served: Served, opened: Opened) -> None:
    """Preload what is offered and likely to be called first."""
    shown = await served.offer.shown()
    report = await anyio.to_thread.run_sync(read_report, served.home)
    for name in preloaded(shown.entries.values(), served.settings, report):
        try:
            await opened.runner.preload(await served.offer.skill(name))
        except CirandaError as error:
            screen.warn(f"the skill `{name}` is not made ready: {error}")
