"""The plugin `skills`: what the engine sees of it."""

from __future__ import annotations

from ciranda import hookimpl
from ciranda.actions import Action

from .actions import run
from .own import own_actions
from .sandbox import Level, Policy, Profile, detect
from .settings import SkillsSettings

__all__ = ["CIRANDA_API", "actions", "findings", "settings"]

CIRANDA_API = (1, 0)


@hookimpl
def settings() -> type[SkillsSettings]:
    """Offer the section `[skills]`."""
    return SkillsSettings


@hookimpl
def actions(settings: SkillsSettings) -> list[Action]:
    """Offer `skills.run`, and an action for each script of a skill that may run."""
    return [run, *own_actions(settings)]


@hookimpl
def findings(settings: SkillsSettings) -> list[tuple[str, str]]:
    """Tell which sandbox scripts run in here, for both kinds of them."""
    found = []
    profiles: tuple[tuple[Profile, str], ...] = (("python", "Python"), ("program", "programs"))
    for profile, what in profiles:
        report = detect(Policy(profile=profile))
        level = "ok" if report.level >= Level.L3 else "warn"
        if report.level < Level[settings.require]:
            level = "fail"
        found.append((level, f"{what}, {report.line()}"))
    return found
