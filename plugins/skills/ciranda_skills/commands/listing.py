"""A skill as lists show it, and as `show` does."""

from __future__ import annotations

from typing import Any

import msgspec

from ..disclosure import Entry
from ..error import SkillError
from ..format import Skill
from ..running import parameters_of
from ..shelf import Shelf

__all__ = ["listed", "shown"]


def listed(entry: Entry, shelf: Shelf) -> dict[str, Any]:
    """Return what a list says of a skill."""
    return {
        "name": entry.name,
        "description": entry.description,
        "path": str(entry.folder),
        "scope": entry.scope.value,
        "trusted": _may_run(entry, shelf),
        "version": entry.heading.metadata.get("version", ""),
        "warnings": [kind.value for kind in entry.warnings],
    }


def _may_run(entry: Entry, shelf: Shelf) -> bool:
    try:
        return shelf.allows(entry)
    except SkillError:  # it cannot be read as a whole: nor can it be trusted
        return False


def shown(skill: Skill) -> dict[str, Any]:
    """Return everything that a skill says of itself, with what its scripts take."""
    plain: dict[str, Any] = msgspec.to_builtins(skill, enc_hook=str)
    return {
        "name": plain.pop("name"),
        "description": plain.pop("description"),
        "path": plain.pop("root"),
        **plain,
        "scripts": [{"path": each, "parameters": _schema(skill, each)} for each in skill.scripts],
    }


def _schema(skill: Skill, script: str) -> dict[str, Any] | None:
    try:
        found = parameters_of(skill, script)
    except SkillError:
        return None  # what should be a schema is none: running it says so
    return None if found is None else found.schema
