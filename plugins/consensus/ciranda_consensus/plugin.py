"""The plugin `consensus`: what the engine sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ciranda import hookimpl
from ciranda.actions import Action

from . import anchor_hooks, hooks
from .actions import anchor, commit, prove, verify
from .missing import LIBRARY, missing
from .settings import ConsensusSettings

if TYPE_CHECKING:
    from ciranda import Engine

    from .answering import Answering

__all__ = ["CIRANDA_API", "actions", "hookspecs", "lifespan", "settings"]

CIRANDA_API = (1, 0)


@hookimpl
def settings() -> type[ConsensusSettings]:
    """Offer the section `[consensus]`."""
    return ConsensusSettings


@hookimpl
def hookspecs() -> list[ModuleType]:
    """Offer the hooks of questions to validators, and about anchors."""
    return [hooks, anchor_hooks]


@hookimpl
def actions() -> list[Action | Any]:
    """Offer `consensus.anchor`, `consensus.commit`, `consensus.prove` and `consensus.verify`."""
    return [anchor, commit, prove, verify]


@hookimpl
@asynccontextmanager
async def lifespan(engine: Engine, settings: ConsensusSettings) -> AsyncIterator[Answering]:
    """Keep clusters open as long as somebody uses them.

    Raises:
        PluginError: The library for signatures is missing.
    """
    try:
        from .opening import open_answering  # keys and sockets: only for who asks
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != LIBRARY:
            raise
        raise missing() from None
    async with open_answering(engine, settings) as answering:
        yield answering
