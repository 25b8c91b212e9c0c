"""What reading a skill found, as the command line prints it."""

from __future__ import annotations

from ..format import Reading, Violation
from .line import line

__all__ = ["described", "told", "unread"]


def told(reading: Reading, folder: str) -> str:
    """Return the line of JSON.

    Args:
        reading: What was found.
        folder: The folder as it was given.
    """
    return line(
        {
            "path": folder,
            "name": reading.name,
            "valid": reading.valid,
            "loads": reading.loads,
            "errors": [kind.value for kind in reading.errors],
            "warnings": [kind.value for kind in reading.warnings],
            "resources": list(reading.skill.resources) if reading.skill else [],
        }
    )


def unread(folder: str) -> str:
    """Return the line of JSON for what cannot be read as a folder of a skill at all.

    Args:
        folder: As it was given.
    """
    return line(
        {
            "path": folder,
            "name": None,
            "valid": False,
            "loads": False,
            "errors": [Violation.MISSING_FRONTMATTER.value],
            "warnings": [],
            "resources": [],
        }
    )


def described(reading: Reading, folder: str, lenient: bool) -> str:
    """Return lines for a person."""
    verdict = "valid" if reading.valid else "loads, but is not valid" if reading.loads else "broken"
    kinds = dict.fromkeys((*reading.warnings, *reading.fatal) if lenient else reading.errors)
    messages = [f"  {kind}: {reading.messages[kind]}" for kind in kinds]
    return "\n".join([f"{folder}: {verdict}", *messages])
