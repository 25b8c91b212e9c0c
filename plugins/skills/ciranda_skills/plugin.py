"""The plugin `skills`: what the engine sees of it."""

from __future__ import annotations

from ciranda import hookimpl
from ciranda.actions import Action

from .actions import run
from .own import own_actions
from .settings import SkillsSettings

__all__ = ["CIRANDA_API", "actions", "settings"]

CIRANDA_API = (1, 0)


@hookimpl
def settings() -> type[SkillsSettings]:
    """Offer the section `[skills]`."""
    return SkillsSettings


@hookimpl
def actions(settings: SkillsSettings) -> list[Action]:
    """Offer `skills.run`, and an action for each script of a skill that may run."""
    return [run, *own_actions(settings)]
