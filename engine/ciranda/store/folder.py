"""The `.ciranda` folder: where a project's state lies, out of version control."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ciranda.errors import StoreError

NAME: Final = ".ciranda"


def state_folder(project: Path) -> Path:
    """Return the `.ciranda` of a project folder, made if missing, its entry synced to disk.

    Args:
        project: The project's folder, or its `.ciranda` itself.

    Raises:
        StoreError: The folder cannot be made.
    """
    folder = project if project.name == NAME else project / NAME
    if folder.is_dir():
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # "*" covers the file itself, so that nothing of the state shows up in version control.
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        sync_folder(folder.parent)
    except FileExistsError:
        raise StoreError(
            f"{folder} is a file, and ciranda keeps its state in a folder of that name: move it"
        ) from None
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made ({error.strerror}): allow writing to {folder.parent}"
        ) from error
    return folder


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder survive a power loss, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
