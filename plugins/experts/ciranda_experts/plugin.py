"""The plugin `experts`: what the engine sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ciranda import hookimpl
from ciranda.actions import Action

from . import hooks
from .actions import review, verify
from .answering import Answering
from .settings import ExpertsSettings

if TYPE_CHECKING:
    from ciranda import Engine

__all__ = ["CIRANDA_API", "Answering", "actions", "hookspecs", "lifespan", "settings"]

CIRANDA_API = (1, 0)


@hookimpl
def settings() -> type[ExpertsSettings]:
    """Offer the section `[experts]`."""
    return ExpertsSettings


@hookimpl
def hookspecs() -> list[ModuleType]:
    """Offer the hook of `LookUpReview`."""
    return [hooks]


@hookimpl
def actions() -> list[Action | Any]:
    """Offer `experts.verify` and `experts.review`."""
    return [verify, review]


@hookimpl
@asynccontextmanager
async def lifespan(engine: Engine, settings: ExpertsSettings) -> AsyncIterator[Answering]:
    """Keep the council open."""
    from .opening import open_council  # solvers and files: only for who asks

    async with open_council(engine, settings) as answering:
        yield answering
