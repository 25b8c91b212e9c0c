"""Paths of entries: which are taken, and when two of them are one to some file system."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from .hazard import Hazard, Refusal

__all__ = ["Paths", "parts_of", "shown"]

_LONGEST: Final = 1024  # bytes, far below the length where resolving paths goes wrong
_LONGEST_PART: Final = 255
_DEEPEST: Final = 30
_SHOWN: Final = 80
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def shown(path: str) -> str:
    """Return a path as sentences give it: short, and without what a terminal obeys."""
    text = path[:_SHOWN] + ("…" if len(path) > _SHOWN else "")
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text) + "`"


def parts_of(path: str) -> tuple[str, ...]:
    """Return the names that an entry's path is made of.

    Raises:
        Refusal: It could mean a place outside, or one that not every system can hold.
    """
    said = f"the entry {shown(path)}"
    if "\0" in path:
        raise Refusal(Hazard.NAME, f"{said} holds a NUL character")
    if path.startswith(("/", "\\")) or _DRIVE.match(path):
        raise Refusal(Hazard.ABSOLUTE, f"{said} has an absolute path")
    if ".." in re.split(r"[/\\]", path):
        raise Refusal(Hazard.TRAVERSAL, f"{said} leads upwards with `..`")
    if "\\" in path or _CONTROL.search(path):
        raise Refusal(Hazard.NAME, f"{said} holds a backslash or a control character")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    try:
        lengths = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        raise Refusal(Hazard.NAME, f"{said} has a name that is not UTF-8") from None
    if sum(lengths) + len(parts) > _LONGEST or max(lengths, default=0) > _LONGEST_PART:
        raise Refusal(Hazard.LENGTH, f"{said} has a path that is too long")
    if len(parts) > _DEEPEST:
        raise Refusal(Hazard.LENGTH, f"{said} lies more than {_DEEPEST} folders deep")
    for part in parts:
        if part.endswith((".", " ")) or part.startswith(" "):
            raise Refusal(Hazard.NAME, f"{said} has a name with a dot or a space at its end")
        if _DRIVE.match(part):
            raise Refusal(Hazard.ABSOLUTE, f"{said} holds a drive letter")
    return parts


class Paths:
    """The paths taken so far: each once, also where case and accents are not told apart."""

    def __init__(self) -> None:
        self._known: Final[dict[tuple[str, ...], tuple[tuple[str, ...], bool]]] = {}

    def take(self, parts: tuple[str, ...], *, folder: bool) -> bool:
        """Take a path and the folders that lead to it; tells whether it is new.

        Raises:
            Refusal: Another entry has this place already.
        """
        for end in range(1, len(parts)):
            self._take(parts[:end], folder=True)
        return self._take(parts, folder=folder)

    def _take(self, parts: tuple[str, ...], *, folder: bool) -> bool:
        key = tuple(_folded(part) for part in parts)
        known = self._known.setdefault(key, (parts, folder))
        if known[0] is parts:
            return True
        if known == (parts, folder) and folder:
            return False
        before = shown("/".join(known[0]))
        said = f"the entry {shown('/'.join(parts))} has the place of the entry {before}"
        raise Refusal(Hazard.DUPLICATE, said)


def _folded(part: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", part).casefold())
