"""Why a script has no environment, one class for each condition."""

from __future__ import annotations

from ..error import SkillError

__all__ = ["DependenciesError", "MissingUvError", "NotInstalledError"]


class DependenciesError(SkillError):
    """What a script needs cannot be installed."""

    kind = "skills.dependencies"


class MissingUvError(SkillError):
    """There is no uv, which makes environments."""

    kind = "skills.uv"


class NotInstalledError(SkillError):
    """What a script needs is not installed yet, and nobody said that it may be.

    Attributes:
        requirements: What it needs.
    """

    kind = "skills.uninstalled"

    def __init__(self, message: str, requirements: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.requirements = requirements
