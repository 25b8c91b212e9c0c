"""A skill as it was loaded: what its SKILL.md says and which files it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

__all__ = ["Skill"]


class Skill(msgspec.Struct, frozen=True, kw_only=True):
    """One skill, read and never executed.

    Attributes:
        name: Its name, trimmed and in NFKC; the folder's where it gives none.
        description: What it does and when to use it, trimmed.
        license: Its licence, in the author's words.
        compatibility: What it needs of its surroundings, in the author's words.
        metadata: The author's own map; values keep their spelling (`1.0`, `true`).
        allowed_tools: Tools it asks leave to use, `Bash(git add:*)` being one of them.
        extra: Fields that the format does not know, as plain data.
        root: The real path of its folder, links resolved.
        file: `SKILL.md`, or `skill.md`.
        body: The Markdown below the frontmatter.
        scripts: Files below `scripts/` that can be run, relative, sorted.
        resources: All files but the SKILL.md, relative, sorted.
    """

    name: str
    description: str
    license: str = ""
    compatibility: str = ""
    metadata: dict[str, str] = {}
    allowed_tools: tuple[str, ...] = ()
    extra: dict[str, Any] = {}
    root: Path
    file: str = "SKILL.md"
    body: str = ""
    scripts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
