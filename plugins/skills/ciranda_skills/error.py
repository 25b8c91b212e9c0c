"""What goes wrong with a skill before it runs, one class for each condition."""

from __future__ import annotations

from typing import ClassVar

from ciranda.errors import CirandaError

__all__ = [
    "EscapeError",
    "InlineMetadataError",
    "MissingResourceError",
    "SkillError",
    "SkillLimitError",
    "TrustError",
    "UnknownSkillError",
    "UnreadableError",
]


class SkillError(CirandaError):
    """A skill cannot be used; the text is one sentence that names it.

    Attributes:
        kind: Dotted word for programs, the same for all errors of a class.
    """

    kind: ClassVar[str] = "skills.invalid"


class EscapeError(SkillError):
    """A path is absolute, holds a NUL, or leads out of the skill's folder."""

    kind = "skills.escape"


class InlineMetadataError(SkillError):
    """The metadata block at the top of a script cannot be understood."""

    kind = "skills.inline"


class MissingResourceError(SkillError):
    """A skill has no file of this name."""

    kind = "skills.missing"


class SkillLimitError(SkillError):
    """A skill has more files, or larger ones, than may be read."""

    kind = "skills.limit"


class TrustError(SkillError):
    """The record of trusted skills cannot be relied upon, read or written."""

    kind = "skills.trust"


class UnknownSkillError(SkillError):
    """No skill goes by this name."""

    kind = "skills.unknown"


class UnreadableError(SkillError):
    """A file or folder of a skill cannot be read, or is a pipe, a device or a socket."""

    kind = "skills.unreadable"
