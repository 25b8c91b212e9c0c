"""A skill to install, and what a registry leaves when nothing is half done."""

from __future__ import annotations

import os
from pathlib import Path


def skill_at(folder: Path, name: str = "", version: str = "1", **files: str) -> Path:
    """Write a skill; `files` are scripts by their name."""
    folder.mkdir(parents=True, exist_ok=True)
    head = f"name: {name or folder.name}\ndescription: Tells of {folder.name}.\n"
    (folder / "SKILL.md").write_text(f"---\n{head}metadata:\n  version: '{version}'\n---\n")
    (folder / "scripts").mkdir(exist_ok=True)
    for each, text in files.items():
        (folder / "scripts" / f"{each}.py").write_text(text)
    return folder


def only_skills(project: Path) -> None:
    """Check that nothing is half done."""
    kept = project / ".ciranda" / "installed"
    assert os.listdir(kept / "staging") == []
    assert os.listdir(kept / "pending") == []
