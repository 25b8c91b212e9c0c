"""Versions that a file or the settings ask of a plugin: `slack>=1,<2`."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest
from operator import eq, ge, gt, le, lt, ne
from typing import Final

import msgspec

from ciranda.errors import PluginError

__all__ = ["Requirement", "parse_requirement"]

_WHOLE: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*?)\s*((?:~=|[=!<>]=|[<>]).*)?")
_PART: Final = re.compile(r"\s*(~=|[=!<>]=|[<>])\s*([0-9]+(?:\.[0-9]+)*)\s*")
_VERSION: Final = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(.*)")
_COMPARE: Final[dict[str, Callable[[list[int], list[int]], bool]]] = {
    "==": eq,
    "!=": ne,
    ">=": ge,
    "<=": le,
    ">": gt,
    "<": lt,
}


class Requirement(msgspec.Struct, frozen=True):
    """A plugin's name and the versions that will do."""

    name: str
    text: str  # as written, such as `>=1,<2`
    parts: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def accepts(self, version: str) -> bool:
        """Return whether a version will do.

        Numbers are compared part by part. A version with a suffix (`1.0rc1`, `1.0.dev3`) comes
        before its number, `+local` and `.post1` count as the number itself.
        """
        match = _VERSION.match(version)
        if match is None:
            return not self.parts
        numbers = _numbers(match[1])
        early = bool(match[2]) and not match[2].startswith(("+", ".post", "-post"))
        return all(_holds(operator, numbers, wanted, early) for operator, wanted in self.parts)


def parse_requirement(text: str) -> Requirement:
    """Read `slack`, `slack>=1,<2`, `slack==1.2`, `slack~=1.4`.

    Raises:
        PluginError: The text is written in another way.
    """
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise PluginError(_misread(text))
    written = match[2] or ""
    parts: list[tuple[str, tuple[int, ...]]] = []
    for part in written.split(",") if written else ():
        found = _PART.fullmatch(part)
        if found is None:
            raise PluginError(_misread(text))
        wanted = _numbers(found[2])
        if found[1] == "~=":
            if len(wanted) == 1:
                raise PluginError(_misread(text))
            parts += [(">=", wanted), ("<", (*wanted[:-2], wanted[-2] + 1))]
        else:
            parts.append((found[1], wanted))
    return Requirement(match[1], written, tuple(parts))


def _holds(operator: str, version: tuple[int, ...], wanted: tuple[int, ...], early: bool) -> bool:
    # 1 and 1.0 are one version; and 2.0rc1 is neither 2.0 nor, for `<2`, what was meant by 1.x.
    pairs = list(zip_longest(version, wanted, fillvalue=0))
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    if early and left == right:
        return operator in ("!=", "<=")
    return _COMPARE[operator](left, right)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _misread(text: str) -> str:
    return f"plugin {text!r} is not a name with versions such as 'slack>=1,<2', nor a path './x.py'"
