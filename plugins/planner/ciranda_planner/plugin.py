"""The plugin `planner`: what the engine sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Final

from ciranda import hookimpl
from ciranda.actions import Action

from . import hooks
from .actions import plan, run
from .settings import PlannerSettings
from .trial import burn, sleep, trial

if TYPE_CHECKING:
    from ciranda import Engine

    from .watch import Watch

__all__ = ["CIRANDA_API", "actions", "hookspecs", "lifespan", "settings"]

CIRANDA_API = (1, 0)
_GOALS: Final = "planner goals"  # no plugin can have this name


@hookimpl
def settings() -> type[PlannerSettings]:
    """Offer the section `[planner]`."""
    return PlannerSettings


@hookimpl
def hookspecs() -> list[ModuleType]:
    """Offer the hooks of plans inside of other runs."""
    return [hooks]


@hookimpl
def actions() -> list[Action]:
    """Offer the actions `planner.run` and `planner.plan`, and those that trials are made of."""
    return [run, plan, sleep, trial, burn]


@hookimpl
@asynccontextmanager
async def lifespan(engine: Engine) -> AsyncIterator[Watch]:
    """Keep an eye on the runs of plans, and answer who has a goal."""
    from .goals import Goals  # not in worker processes, nor where files are only checked
    from .watch import Watch

    engine.bus.register(Goals(engine.bus, engine.configuration.root), _GOALS)
    try:
        yield Watch(engine)
    finally:
        engine.bus.unregister(_GOALS)
