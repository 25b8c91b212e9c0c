"""The folder that a project begins at."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["SETTINGS_FILE", "project_root"]

SETTINGS_FILE: Final = "ciranda.toml"


def project_root(start: Path) -> Path:
    """Return the nearest folder, from `start` upwards, that holds `ciranda.toml` or `.git`.

    Without one it is `start` itself (its folder, when it is a file). Symlinks are resolved.
    """
    here = start.resolve()
    if here.is_file():
        here = here.parent
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file() or (folder / ".git").exists():
            return folder
    return here
