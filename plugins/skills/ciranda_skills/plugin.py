"""The plugin `skills`: what the engine sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from ciranda import hookimpl
from ciranda.actions import Action

from . import hooks
from .actions import cacheable
from .finder import Finder
from .own import own_actions
from .sandbox import Level, Policy, Profile, SandboxError, detect, find_bubblewrap
from .settings import SkillsSettings

if TYPE_CHECKING:
    from ciranda import Engine

    from .attending import Attending

__all__ = ["CIRANDA_API", "actions", "findings", "hookspecs", "lifespan", "settings"]

CIRANDA_API = (1, 0)


@hookimpl
def settings() -> type[SkillsSettings]:
    """Offer the section `[skills]`."""
    return SkillsSettings


@hookimpl
def hookspecs() -> list[ModuleType]:
    """Offer the hook of `LendSkills`."""
    return [hooks]


@hookimpl
@asynccontextmanager
async def lifespan(engine: Engine, settings: SkillsSettings) -> AsyncIterator[Attending]:
    """Keep what runs skills open, from when a step needs it or something is to be made ready."""
    from .attending import attend

    adopt = engine.exporting.adopter()
    async with attend(settings, adopt) as attending:
        yield attending


@hookimpl
def actions(settings: SkillsSettings) -> list[Action]:
    """Offer `skills.run`, and an action for each script of a skill that may run."""
    finder = Finder(settings.roots)
    return [cacheable(settings, finder), *own_actions(settings, finder)]


@hookimpl
def findings(settings: SkillsSettings) -> list[tuple[str, str]]:
    """Tell which sandbox scripts run in here, for both kinds of them, and on request."""
    least = Level[settings.require]
    found = []
    profiles: tuple[tuple[Profile, str], ...] = (("python", "Python"), ("program", "programs"))
    for profile, what in profiles:
        report = detect(Policy(profile=profile))
        level = "ok" if report.level >= Level.L3 else "warn"
        if report.level < min(least, Level.L3):  # what L4 asks for more is below
            level = "fail"
        found.append((level, f"{what}, {report.line()}"))
    try:
        find_bubblewrap()
    except SandboxError as error:
        wanted = "warn" if settings.strict else "ok"
        found.append(("fail" if least == Level.L4 else wanted, f"strict, {error}"))
    else:
        report = detect(Policy(strict=True))
        found.append(("ok" if report.level >= least else "fail", f"strict, {report.line()}"))
    return found
