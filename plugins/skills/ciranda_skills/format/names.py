"""The rules of a skill's name."""

from __future__ import annotations

import unicodedata
from typing import Final

from .violation import Violation

__all__ = ["LONGEST_NAME", "check_name", "normal_name"]

LONGEST_NAME: Final = 64
_SHOWN: Final = 80


def normal_name(name: str) -> str:
    """Return the name as it counts: trimmed, and in the normal form NFKC."""
    return unicodedata.normalize("NFKC", name.strip())


def check_name(name: str, folder: str) -> dict[Violation, str]:
    """Return everything wrong with a normal name in a folder of the given name."""
    shown = f"`{name[:_SHOWN]}`"
    found: dict[Violation, str] = {}
    if len(name) > LONGEST_NAME:
        found[Violation.NAME_TOO_LONG] = (
            f"the name has {len(name)} characters: at most {LONGEST_NAME} are allowed"
        )
    if name != name.lower():
        found[Violation.NAME_NOT_LOWERCASE] = (
            f"the name {shown} has capitals: write `{name.lower()[:_SHOWN]}`"
        )
    if name.startswith("-") or name.endswith("-"):
        found[Violation.NAME_EDGE_HYPHEN] = f"the name {shown} begins or ends with a hyphen"
    if "--" in name:
        found[Violation.NAME_CONSECUTIVE_HYPHENS] = (
            f"the name {shown} has hyphens next to each other: write one"
        )
    odd = sorted({sign for sign in name if not (sign.isalnum() or sign == "-")})
    if odd:
        listed = " ".join(repr(sign) for sign in odd[:8])
        found[Violation.NAME_INVALID_CHARACTERS] = (
            f"the name {shown} holds {listed}: only letters, digits and hyphens are allowed"
        )
    if unicodedata.normalize("NFKC", folder) != name:
        found[Violation.NAME_MISMATCH] = (
            f"the name {shown} is not that of its folder, `{folder[:_SHOWN]}`: rename one of them"
        )
    return found
