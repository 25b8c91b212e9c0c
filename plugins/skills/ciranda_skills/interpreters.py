"""What runs a script in place of our own Python: the environment that it asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from .environments import Environments, environments_folder, need_of
from .error import SkillError
from .format import Skill
from .running import script_of

__all__ = ["interpreter_of"]

_ALLOW: Final = "`ciranda skills run --install`, once"


def interpreter_of(skill: Skill, script: str | None) -> Path | None:
    """Return the Python of the environment that a script asks for (PEP 723); None without one.

    Nothing is installed: that is for `ciranda skills run --install`. Reads files.

    Args:
        skill: Whose script.
        script: As `script_of` takes it.

    Raises:
        SkillError: What it needs is not installed, or cannot be understood.
    """
    try:
        need = need_of(skill, script_of(skill, script))
    except SkillError:
        if script is not None or len(skill.scripts) == 1:
            raise
        return None  # the runner says which scripts there are
    if need is None:
        return None
    environments = Environments(environments_folder(os.environ, Path.home()))
    return Path(environments.get(need, allow=_ALLOW).python)
