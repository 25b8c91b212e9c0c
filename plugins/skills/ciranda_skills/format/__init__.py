"""The format of skills: reading a folder, and saying everything that is wrong with it."""

from __future__ import annotations

from .reading import Reading, read_heading, read_skill
from .skill import Skill
from .violation import Violation

__all__ = ["Reading", "Skill", "Violation", "read_heading", "read_skill"]
