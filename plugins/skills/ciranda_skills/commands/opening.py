"""The skills and the registry that a command is about."""

from __future__ import annotations

import os
from pathlib import Path

from ciranda.settings import read_configuration

from ..format import Skill
from ..registry import Registry
from ..resources import SKILL_FILES
from ..settings import SkillsSettings
from ..shelf import Shelf, load_folder

__all__ = ["is_folder", "registry", "shelf", "skill_of"]


def shelf() -> Shelf:
    """Return the skills of the project in the current folder, and of its user.

    Raises:
        SettingsError: The project's settings do not fit.
    """
    configuration = read_configuration(Path.cwd())
    return Shelf(configuration.root, configuration.read(SkillsSettings).roots)


def registry(*, user: bool) -> Registry:
    """Return what installs for the user, or else for the project in the current folder."""
    return Registry(Path.home() if user else read_configuration(Path.cwd()).root)


def is_folder(target: str) -> bool:
    """Tell whether DIR|NAME is a folder: it says so, or there is a skill in it."""
    if os.sep in target or target in (".", ".."):
        return True
    return any(Path(target, name).is_file() for name in SKILL_FILES)


def skill_of(target: str) -> Skill:
    """Return the skill that DIR|NAME means, to look at it: its trust is not asked for.

    Raises:
        SkillError: There is none, or it does not load.
    """
    return load_folder(Path(target)) if is_folder(target) else shelf().catalogue().load(target)
