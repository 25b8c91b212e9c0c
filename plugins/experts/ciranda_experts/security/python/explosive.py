"""Regular expressions that try more ways than there are atoms: `(a+)+$`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["explodes"]

_LONGEST: Final = 2_000  # characters of a pattern
_DEEPEST: Final = 50  # groups within each other
_REPEAT: Final = re.compile(r"([*+]|\?|\{(\d*)(,?)(\d*)\})([?+]?)")
_MANY: Final = 20  # repetitions that are as good as without an end
_OPENING: Final = re.compile(
    r"\((\?(?:P<\w+>|[:=!>]|<[=!]|[aiLmsux-]*:)|\?P=\w+|\?#[^)]*|\?[aiLmsux]+)?"
)
_SET: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


@dataclass(slots=True)
class _Part:
    """A piece of a sequence: whether it can be empty, and whether it repeats without an end."""

    empty: bool
    endless: bool
    atom: str = ""


def explodes(pattern: str) -> bool:
    r"""Say whether a group repeats whose content is hardly more than a repetition itself.

    Each way to share the same characters out among both repetitions is tried when the rest of the
    text does not fit, and these double with every character. A content that always takes another
    character as well, as in `(\w+,)+`, is not said of. Nor are atomic groups and possessive
    repetitions, which try one way only.
    """
    if len(pattern) > _LONGEST or pattern.count("(") > _DEEPEST:
        return False
    reader = _Reader(pattern)
    try:
        reader.alternatives(0)
    except (IndexError, RecursionError):
        return False  # not a pattern
    return reader.explosive


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self.explosive = False

    def alternatives(self, depth: int) -> list[list[_Part]]:
        """Read up to the end of a group; return its alternatives."""
        found: list[list[_Part]] = [[]]
        while self._at < len(self._text):
            sign = self._text[self._at]
            if sign == ")" and depth:
                break
            if sign == "|":
                self._at += 1
                found.append([])
                continue
            found[-1].append(self._part(depth))
        return found

    def _part(self, depth: int) -> _Part:
        begin = self._at
        inner: list[list[_Part]] | None = None
        once = False
        if self._text[begin] == "(":
            inner, once = self._group(depth)
            made = _Part(any(all(part.empty for part in each) for each in inner), False)
        else:
            self._atom()
            made = _Part(self._text[begin] in "^$", False)
        made.atom = self._text[begin : self._at]
        found = _REPEAT.match(self._text, self._at)
        if found is None:
            made.endless = inner is not None and not once and any(map(_only_repeats, inner))
            return made
        self._at = found.end()
        least, most = _bounds(found)
        endless = most is None or most >= _MANY
        if endless and inner is not None and not once and found[5] != "+":
            self.explosive |= any(map(_only_repeats, inner)) or _overlaps(inner)
        return _Part(made.empty or least == 0, endless and found[5] != "+", made.atom)

    def _group(self, depth: int) -> tuple[list[list[_Part]], bool]:
        opened = _OPENING.match(self._text, self._at)
        assert opened is not None  # it begins with a parenthesis
        self._at = opened.end()
        kind = opened[1] or ""
        inner = self.alternatives(depth + 1)
        if self._text[self._at] != ")":
            raise IndexError(self._at)
        self._at += 1
        looks = kind in ("?=", "?!", "?<=", "?<!") or kind.startswith(("?P=", "?#"))
        if looks:
            inner = [[]]  # takes nothing
        return inner, kind == "?>" or looks

    def _atom(self) -> None:
        if self._text[self._at] == "[":
            found = _SET.match(self._text, self._at)
            if found is None:
                raise IndexError(self._at)
            self._at = found.end()
        else:
            self._at += 2 if self._text[self._at] == "\\" else 1
        if self._at > len(self._text):
            raise IndexError(self._at)


def _bounds(found: re.Match[str]) -> tuple[int, int | None]:
    sign, least, comma, most = found[1], found[2], found[3], found[4]
    if sign in "*+?":
        return int(sign == "+"), 1 if sign == "?" else None
    if len(f"{least}{most}") > 12:  # noqa: PLR2004  # digits: as good as without an end
        return 1, None
    low = int(least or 0)
    return low, low if not comma else int(most) if most else None


def _only_repeats(parts: list[_Part]) -> bool:
    """Say whether a sequence has a repetition without an end, and needs nothing that differs."""
    if not any(part.endless for part in parts):
        return False
    needed = [part for part in parts if not part.empty and part.atom != "."]
    return not needed or (needed[0].endless and len({part.atom for part in needed}) == 1)


def _overlaps(alternatives: list[list[_Part]]) -> bool:
    """Say whether two alternatives of plain atoms begin with the same, as in `(a|aa)`."""
    plain = [
        [part.atom for part in each]
        for each in alternatives
        if each and not any(part.empty or part.endless for part in each)
    ]
    if len(plain) < len(alternatives):
        return False
    return any(
        one == other[: len(one)] and set(other[len(one) :]) <= set(one)
        for at, one in enumerate(plain)
        for index, other in enumerate(plain)
        if at != index
    )
