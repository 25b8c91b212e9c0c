"""The files of a goal's folder that its tasks go over."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .patterns import find_files

__all__ = ["Files"]

_MOST: Final = 10_000  # files of one pattern


class Files:
    """Looks patterns up, each once.

    Args:
        folder: The goal's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[list[str], str]] = {}

    def is_file(self, word: str) -> bool:
        """Tell whether a word is a file of the folder."""
        if word.startswith(("/", "~", "-")) or ".." in word.split("/") or "\0" in word:
            return False
        try:
            return (self._folder / word).is_file()
        except OSError:  # a name that is too long is none
            return False

    def matching(self, pattern: str) -> tuple[list[str], str]:
        """Return the files of a pattern, and in a sentence what is wrong where there are none."""
        if pattern not in self._known:
            self._known[pattern] = self._look(pattern)
        return self._known[pattern]

    def _look(self, pattern: str) -> tuple[list[str], str]:
        try:
            files = find_files(self._folder, pattern, most=_MOST)
        except ValueError as error:
            return [], str(error)
        if not files:
            return [], f"`{pattern}` matches no file of the folder: correct it, or drop the task"
        for file in files:
            # A plan's inputs may hold expressions, and names of files must never become any.
            if "${{" in file or not file.isprintable():
                return [], f"`{pattern}` matches {file!r}, which no plan can hold: rename that file"
        return files, ""
