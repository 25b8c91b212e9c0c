"""Files of other kinds than YAML: what a plugin makes of one, and what a file is read with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Final

import msgspec

__all__ = ["OWN", "Loaded", "Loader", "Loaders", "none", "suffix_of"]

OWN: Final = ("", ".json", ".yaml", ".yml")  # suffixes that no plugin is asked about

Where = tuple[str | int, ...]


class Loaded(msgspec.Struct, frozen=True):
    """The data of a file, and where of it stands what.

    Attributes:
        data: The workflow: text, numbers, true and false, null, lists and mappings with text as
            keys, as a YAML file would give it.
        positions: Line and column, both from 1, of values in the file, by the way to them:
            `("steps", "a", "with", "path")`. A fault of a value that is not among them names it.
    """

    data: Mapping[str, Any]
    positions: Mapping[Where, tuple[int, int]] = msgspec.field(default_factory=dict)


class Loader(msgspec.Struct, frozen=True):
    """What reads workflow files of one suffix.

    Attributes:
        read: Gets the bytes of a file and its name as faults show it, and returns one of
            - the workflow as plain data, or as `Loaded`, with positions;
            - YAML text, each line of it where it stands in the file, so that all places are right:
              of a Markdown file, its code, with every other line left empty;
            - None: the file holds no workflow, as most Markdown files do.
            For a file that it cannot read it raises ValueError with a sentence; the fault is at the
            line `lineno` and the column `colno` of the error where it has them, as that of `json`
            does. It has no effect, and opens no other file.
        plugin: Who offers it; the engine says so.
    """

    read: Callable[[bytes, str], Mapping[str, Any] | Loaded | str | None]
    plugin: str = ""


Loaders = Callable[[str], Loader | None]


def none(suffix: str) -> Loader | None:
    """Return no loader: every file is read as YAML."""
    return None


def suffix_of(file: str) -> str:
    """Return the suffix by which a loader is found; empty for files that are YAML."""
    suffix = PurePath(file).suffix.lower()
    return "" if suffix in OWN else suffix
