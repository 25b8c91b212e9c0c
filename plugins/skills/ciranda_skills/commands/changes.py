"""What installing changed, as the command line prints it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ciranda.cli import screen
from ciranda.cli.values import as_json

from ..registry import Change, Version

__all__ = ["plain_version", "tell"]


def tell(changes: Iterable[Change], form: str) -> None:
    """Print changes, and what was left out on the way."""
    known = list(changes)
    if form == "json":
        screen.out(as_json([_plain(each) for each in known]))
    for change in known:
        if form != "json":
            screen.out(f"{change.record.name}: {_what(change)}, in {change.folder}")
        for sentence in change.warnings:
            screen.warn(sentence)


def plain_version(version: Version) -> dict[str, Any]:
    """Return a version as plain data."""
    return {
        "version": version.version,
        "digest": version.digest,
        "at": version.at,
        "commit": version.commit,
    }


def _what(change: Change) -> str:
    if change.unchanged:
        return "as it was"
    said = "installed" if change.before is None else "replaced"
    return f"{said if change.done else 'would be ' + said} ({change.files})"


def _plain(change: Change) -> dict[str, Any]:
    return {
        "name": change.record.name,
        "path": str(change.folder),
        "from": str(change.record.origin),
        "before": None if change.before is None else plain_version(change.before),
        "after": plain_version(change.after),
        "added": list(change.files.added),
        "removed": list(change.files.removed),
        "changed": list(change.files.changed),
        "done": change.done,
    }
