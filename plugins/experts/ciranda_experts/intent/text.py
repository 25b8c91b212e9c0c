"""The text form: `guard { }` and `verify { }`, one condition a line, `#` comments."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any, Final, NoReturn

from .error import FaultKind, IntentError
from .places import Path
from .tokens import BLANK, shown

__all__ = ["TextPlaces", "is_text_form", "read_text"]

_SECTIONS: Final = {
    "guard": "pre",
    "verify": "post",
    "constraints": "constraints",
    "vars": "vars",
}
_COMMENT: Final = re.compile(r"#[^\n]*")
_HEAD: Final = re.compile(r"[ \t\r\n]*([^ \t\r\n{}]+)[ \t\r\n]*\{")
_NEXT: Final = re.compile(r"[^ \t\r\n]")
# What some readers see as a new line, or as nothing, or as text elsewhere, also in a comment: a
# claim behind it would be hidden from them, or shown to them and not judged.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\r(?!\n)"
)


class TextPlaces:
    """Positions in a text.

    Args:
        text: The text, from its first character.
        line: What its first line counts as, from 1.
    """

    __slots__ = ("_line", "_spots", "_starts")

    written = True

    def __init__(self, text: str, line: int) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._line = line
        self._spots: dict[Path, int] = {}

    def mark(self, path: Path, offset: int) -> None:
        """Remember where something begins."""
        self._spots[path] = offset

    def at(self, offset: int) -> tuple[int, int]:
        """Return line and column of a character."""
        row = bisect_right(self._starts, offset) - 1
        return self._line + row, offset - self._starts[row] + 1

    def of(self, path: Path) -> tuple[int, int]:
        """Return where the text begins that `path` names."""
        while path and path not in self._spots:
            path = path[:-1]
        return self.at(self._spots[path]) if path else (self._line, 1)

    def within(self, path: Path, text: str, offset: int) -> tuple[int, int]:
        """Return the place of a character of a condition, which stands on one line."""
        line, column = self.of(path)
        return line, column + offset


def is_text_form(text: str) -> bool:
    """Tell whether a text begins like `guard {`, after blank lines and comments."""
    for row in text.splitlines():
        line = row.strip(BLANK)
        if line and line[0] != "#":
            if "{" not in line:
                return line.split("#")[0].strip(BLANK) in _SECTIONS
            found = _HEAD.match(line)
            # `vars: {x: int}` is YAML.
            return found is not None and not found[1].endswith(":") and found[1][0] not in "\"'["
    return False


def read_text(text: str, line: int) -> tuple[dict[str, Any], TextPlaces]:
    """Return the fields that a text gives, and where they are.

    Raises:
        IntentError: It has anything but sections, a section that does not end, or a character
            that shows as a new line and is none, or not at all.
    """
    places = TextPlaces(text, line)
    unseen = _UNSEEN.search(text)
    if unseen:
        advice = "end lines with a line feed" if unseen[0] == "\r" else "remove it"
        message = f"{shown(unseen[0])} cannot be seen for what it is: {advice}"
        _refuse(message, places.at(unseen.start()))
    # A comment becomes as many blanks: everything else stays where it was.
    bare = _COMMENT.sub(lambda found: " " * len(found[0]), text)
    data: dict[str, Any] = {}
    at = 0
    while found := _HEAD.match(bare, at):
        name, inside = found[1], found.end()
        field = _SECTIONS.get(name)
        if field is None:
            _unknown(name, places.at(found.start(1)))
        close = bare.find("}", inside)
        again = bare.find("{", inside)
        if close < 0 or 0 <= again < close:
            message = f"`{name} {{` is never closed: write `}}` after its last line"
            _refuse(message, places.at(found.start(1)))
        places.mark((field,), found.start(1))
        if field == "vars":
            _read_vars(bare, inside, close, data.setdefault(field, {}), places)
        else:
            _read_lines(bare, inside, close, field, data.setdefault(field, []), places)
        at = close + 1
    rest = _NEXT.search(bare, at)
    if rest:
        end = bare.find("\n", rest.start())
        line_left = bare[rest.start() : end if end >= 0 else len(bare)]
        message = f"`{shown(line_left.strip(BLANK))}` stands outside of `guard {{}}` and"
        _refuse(f"{message} `verify {{}}`: put it in one of them", places.at(rest.start()))
    return data, places


def _read_lines(
    bare: str, at: int, close: int, field: str, found: list[str], places: TextPlaces
) -> None:
    """Add the conditions between two braces, one a line."""
    for row in bare[at:close].split("\n"):
        condition = row.strip(BLANK)
        if condition:
            places.mark((field, len(found)), at + row.index(condition[0]))
            found.append(condition)
        at += len(row) + 1


def _read_vars(bare: str, at: int, close: int, found: dict[str, str], places: TextPlaces) -> None:
    """Add the declarations between two braces, one `name: sort` a line."""
    for row in bare[at:close].split("\n"):
        declaration = row.strip(BLANK)
        if declaration:
            place = places.at(at + row.index(declaration[0]))
            name, colon, sort = (part.strip(BLANK) for part in declaration.partition(":"))
            if not colon:
                _refuse(f"`{shown(declaration)}` declares nothing: write `x: int`", place)
            if name in found:
                _refuse(f"`{shown(name)}` is declared twice: remove one", place)
            places.mark(("vars", name), at + row.index(declaration[0]))
            found[name] = sort
        at += len(row) + 1


def _unknown(name: str, place: tuple[int, int]) -> NoReturn:
    from ciranda.workflow.nearest import nearest  # only a mistake needs it

    meant = nearest(name, _SECTIONS)
    advice = f"did you mean `{meant}`?" if meant else f"there are {', '.join(_SECTIONS)}"
    _refuse(f"`{shown(name)} {{` is no section: {advice}", place)


def _refuse(message: str, place: tuple[int, int]) -> NoReturn:
    line, column = place
    raise IntentError(FaultKind.MALFORMED, message, line=line, column=column)
