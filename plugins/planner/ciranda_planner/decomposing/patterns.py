"""File patterns such as `src/**/*.py`, looked up in one folder and never outside of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import translate
from itertools import pairwise
from pathlib import Path
from typing import Final

__all__ = ["find_files", "is_pattern"]

_WILD: Final = re.compile(r"[*?]|\[[^\]]+\]")
_WORD: Final = re.compile(r"[\w./*?\[\]!~-]+")


def is_pattern(word: str) -> bool:
    """Tell whether a word is a pattern of file names rather than a name or a word."""
    # "2*3" and "**this**" are no files.
    named = "/" in word or ("." in word and any(map(str.isalpha, word)))
    return named and bool(_WORD.fullmatch(word) and _WILD.search(word))


def find_files(folder: Path, pattern: str, *, most: int = 10_000) -> list[str]:
    """Return the files that a pattern matches, relative to the folder, sorted by code point.

    `*`, `?` and `[...]` stay within one name, `**` stands for folders in any number. Names with
    a dot in front are left out unless the pattern writes the dot; links to folders are not
    followed.

    Args:
        folder: Where to look.
        pattern: The pattern, with `/` between names.
        most: How many files it may match.

    Raises:
        ValueError: The pattern leads out of the folder, is no pattern, or matches too much; its
            text is one sentence.
    """
    names = pattern.removeprefix("./").split("/")
    if pattern.startswith(("/", "~")) or ".." in names:
        raise ValueError(f"`{pattern}` leads out of the folder: write it relative to the folder")
    if any("[" in name and "]" not in name.partition("[")[2][1:] for name in names):
        raise ValueError(f"`{pattern}` is no pattern: close the `[`")
    # What the standard library makes of a pattern takes no time in powers of its stars.
    names = [name for last, name in pairwise(["", *names]) if (last, name) != ("**", "**")]
    parts = [None if name == "**" else re.compile(translate(name)) for name in names]
    hidden = [name.startswith(".") for name in names]
    found: set[str] = set()
    for file in _walk(folder, parts, hidden):
        found.add(file)
        if len(found) > most:
            raise ValueError(f"`{pattern}` matches more than {most} files: narrow it down")
    return sorted(found)


def _walk(folder: Path, parts: list[re.Pattern[str] | None], hidden: list[bool]) -> Iterator[str]:
    """Go through folders, each once, with all the places that the pattern may be at there."""
    last = len(parts) - 1
    waiting: list[tuple[str, frozenset[int]]] = [("", _closed({0}, parts))]
    while waiting:
        path, places = waiting.pop()
        try:
            with os.scandir(folder / path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:  # gone or not for us: what cannot be read holds no file for a task
            continue
        for entry in listed:
            deeper: set[int] = set()
            hit = False
            for place in places:
                part = parts[place]
                if entry.name.startswith(".") and not (part and hidden[place]):
                    continue
                if part is None:
                    deeper.add(place)
                    hit = hit or place == last
                elif part.fullmatch(entry.name):
                    hit = hit or place == last
                    deeper |= {place + 1} if place < last else set()
            name = f"{path}/{entry.name}" if path else entry.name
            if entry.is_dir(follow_symlinks=False):
                if deeper:
                    waiting.append((name, _closed(deeper, parts)))
            elif hit and _inside(folder, entry):
                yield name


def _closed(places: set[int], parts: list[re.Pattern[str] | None]) -> frozenset[int]:
    """Add the places behind each `**`, which may stand for no folder at all."""
    found = set(places)
    for place in range(len(parts) - 1):
        if place in found and parts[place] is None:
            found.add(place + 1)
    return frozenset(found)


def _inside(folder: Path, entry: os.DirEntry[str]) -> bool:
    if not entry.is_symlink():
        return entry.is_file()
    real = Path(entry.path).resolve()
    return real.is_file() and real.is_relative_to(folder.resolve())
