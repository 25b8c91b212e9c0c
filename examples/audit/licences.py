"""What licence files really say; the skill `licence-scan` reads all of them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from ciranda import action, hookimpl

_NAMES = ("license", "licence", "copying", "unlicense")
_LONGEST = 20_000  # characters; what tells a licence stands before
_FILES = 8  # of one distribution
# What people write for the family that an SPDX id begins with.
_WORDS = {
    "agpl": ("agpl", "affero"),
    "gpl": ("gpl", "gnu general"),
    "lgpl": ("lgpl", "gnu lesser", "gnu library"),
    "mpl": ("mpl", "mozilla"),
    "psf": ("psf", "python"),
    "0bsd": ("bsd",),
}


class Listed(TypedDict):
    """What this needs of `audit.distributions`."""

    name: str
    path: str


class Declared(TypedDict):
    """What this needs of `audit.verify`."""

    name: str
    licence: str


@action("audit.licence_texts")
def texts(distributions: list[Listed]) -> dict[str, str]:
    """Read the licence files of all distributions.

    Returns:
        Texts by `distribution: file`.
    """
    found = {}
    for each in distributions:
        folder = Path(each["path"])
        files = sorted(
            file
            for place in (folder, folder / "licenses", folder / "license_files")
            for file in (place.iterdir() if place.is_dir() else ())
            if file.is_file() and file.name.lower().startswith(_NAMES)
        )
        for file in files[:_FILES]:
            text = file.read_text("utf-8", "replace")
            found[f"{each['name']}: {file.relative_to(folder)}"] = text[:_LONGEST]
    return found


@action("audit.licences")
def licences(
    scanned: dict[str, dict[str, Any]], checked: list[Declared | None]
) -> list[dict[str, str]]:
    """List the distributions of which no licence file says what they declare."""
    read: dict[str, dict[str, list[str]]] = {}
    for key, told in scanned.items():
        name, _, file = key.partition(": ")
        if told["licences"]:
            read.setdefault(name, {})[file] = told["licences"]
    found = []
    for one in filter(None, checked):
        files = read.get(one["name"], {})
        if files and not any(_agrees(one["licence"], ids) for ids in files.values()):
            said = "; ".join(f"{file} reads as {', '.join(ids)}" for file, ids in files.items())
            declared = one["licence"] or "nothing"
            detail = f"{said}, and {declared} is declared"
            found.append({"distribution": one["name"], "kind": "licence-text", "detail": detail})
    return found


def _agrees(declared: str, ids: list[str]) -> bool:
    written = declared.lower()
    families = {each.lower().partition("-")[0] for each in ids}
    return any(word in written for one in families for word in _WORDS.get(one, (one,)))


@hookimpl
def actions() -> list[Any]:
    """Offer the actions of this file."""
    return [texts, licences]
