"""What goes wrong when skills are fetched, installed, updated or removed."""

from __future__ import annotations

from collections.abc import Mapping

from ..error import SkillError
from ..format import Violation
from .unpacking import Hazard

__all__ = [
    "ArchiveError",
    "BusyError",
    "ChoiceError",
    "FetchError",
    "InstallError",
    "InvalidSkillError",
    "RecordError",
]


class ArchiveError(SkillError):
    """An archive, or what a repository holds, is not safe to unpack or not to be understood.

    Attributes:
        hazard: Which rule it breaks.
    """

    kind = "skills.archive"

    def __init__(self, message: str, hazard: Hazard) -> None:
        super().__init__(message)
        self.hazard = hazard


class BusyError(SkillError):
    """Another process installs or removes skills in the same place."""

    kind = "skills.busy"


class ChoiceError(SkillError):
    """A source has several skills, or none of the name that was asked for.

    Attributes:
        offered: The names it has.
    """

    kind = "skills.choice"

    def __init__(self, message: str, offered: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.offered = offered


class FetchError(SkillError):
    """A folder, a file or a repository cannot be fetched."""

    kind = "skills.fetch"


class InstallError(SkillError):
    """A skill cannot be put in its place, or taken from there."""

    kind = "skills.install"


class InvalidSkillError(SkillError):
    """A skill to be installed does not load.

    Attributes:
        messages: One sentence for each violation.
    """

    kind = "skills.invalid"

    def __init__(self, message: str, messages: Mapping[Violation, str]) -> None:
        super().__init__(message)
        self.messages = dict(messages)


class RecordError(SkillError):
    """The record of installed skills cannot be read, relied upon or written."""

    kind = "skills.record"
