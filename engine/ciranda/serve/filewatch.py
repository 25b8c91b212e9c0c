"""Which files came or changed, told from what each look at a folder finds."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ciranda.serve.occurrence import Occurrence

__all__ = ["MOST", "Change", "Look", "changes", "event_of_change", "look"]

MOST: Final = 10_000  # files that one trigger looks after
_LONG: Final = 2**63 - 1  # nanoseconds: a time of change beyond the year 2262 is kept as that

Look = Mapping[str, tuple[int, int]]  # path -> size in bytes, time of change in nanoseconds


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is new, or not as it was, and has not changed since the last look."""

    path: str
    size: int
    modified: int  # nanoseconds since 1970
    created: bool


def look(root: Path, folder: Path, patterns: list[str]) -> dict[str, tuple[int, int]]:
    """Return the files that patterns name, at most `MOST`. Blocks: call it in a thread.

    Args:
        root: What lies outside of it is left out, whatever links lead there.
        folder: What patterns are relative to.
        patterns: As `incoming/*.csv`, `data/**/*.json`.
    """
    found: dict[str, tuple[int, int]] = {}
    for pattern in patterns:
        for path in folder.glob(pattern):
            if len(found) >= MOST:
                return found
            try:
                resolved = path.resolve()
                seen = os.stat(resolved)
            except (OSError, RuntimeError):  # gone, not ours to read, or a link to itself
                continue
            if stat.S_ISREG(seen.st_mode) and resolved.is_relative_to(root) and _is_text(path):
                found[str(path)] = seen.st_size, max(-_LONG, min(_LONG, seen.st_mtime_ns))
    return found


def _is_text(path: Path) -> bool:
    """Tell whether a path is text: some systems take any bytes for a name."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def changes(known: Look, before: Look, now: Look) -> list[Change]:
    """Return what is settled, that is the same in two looks, and not as it is known; by path.

    Args:
        known: What was told already.
        before: The look before.
        now: This look.
    """
    return [
        Change(path, *seen, created=path not in known)
        for path, seen in sorted(now.items())
        if before.get(path) == seen and known.get(path) != seen
    ]


def event_of_change(change: Change) -> Occurrence:
    """Return the event of a change."""
    word = "created" if change.created else "changed"
    return Occurrence(
        id=f"{change.path}:{change.size}:{change.modified}",
        source="files",
        type=f"ciranda.file.{word}",
        subject=change.path,
        data={
            "path": change.path,
            "name": Path(change.path).name,
            "size": change.size,
            "modified": change.modified / 1e9,
            "change": word,
        },
    )
