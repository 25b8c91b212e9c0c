"""Addresses of skills' files: `skill://report/SKILL.md`."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from ...error import MissingResourceError

__all__ = ["BODY", "TEMPLATE", "parse_uri", "uri_of"]

BODY: Final = "SKILL.md"
TEMPLATE: Final = "skill://{skill}/{+path}"
_SCHEME: Final = "skill://"


def uri_of(skill: str, path: str = BODY) -> str:
    """Return the address of a file of a skill."""
    return f"{_SCHEME}{quote(skill, safe='')}/{quote(path, safe='/')}"


def parse_uri(uri: str) -> tuple[str, str]:
    """Return the skill and the path that an address names.

    Raises:
        MissingResourceError: It is no such address.
    """
    skill, slash, path = uri.removeprefix(_SCHEME).partition("/")
    try:
        found = unquote(skill, errors="strict"), unquote(path, errors="strict")
    except UnicodeDecodeError:
        found = "", ""
    if not (uri.startswith(_SCHEME) and slash and all(found)):
        raise MissingResourceError(f"`{uri[:200]}` is not the address of a file of a skill")
    return found
