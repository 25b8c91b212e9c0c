"""Where the n-th character of a scalar's value stands in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ciranda.workflow.faults import SourceText
from ciranda.workflow.nodes import Scalar

__all__ = ["position_in_scalar"]

_BLANK: Final = " \t"
_HEX_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
_ANCHOR: Final = re.compile(r"&[\w-]+[ \t]*")


def position_in_scalar(source: SourceText, node: Scalar, offset: int) -> tuple[int, int]:
    """Return (line, column), from 1, of the character at `offset` of the scalar's text.

    Exact for plain, quoted and literal scalars, and for what is not a blank in folded ones;
    an offset past the end gives the last place known.
    """
    line, column = _start(source, node)
    offset = min(offset, len(node.text) - node.text.endswith("\n"))
    if node.style == "literal":
        return _literal(source, node.text, line, offset)
    if node.style == "folded":
        return _folded(source, node.text, line, offset)
    place = (line, column)
    for count, place in enumerate(_flow(source, node.style, line, column)):  # noqa: B007 - last one
        if count >= offset or count >= len(node.text):
            break
    return place


def _start(source: SourceText, node: Scalar) -> tuple[int, int]:
    """Return the place of the text itself: libyaml counts an anchor as its beginning."""
    line, at = node.line, node.column - 1
    anchor = _ANCHOR.match(source.line(line), at)
    while anchor:
        at = anchor.end()
        while at == len(source.line(line)) and line < len(source.lines):  # below its anchor
            line += 1
            at = len(source.line(line)) - len(source.line(line).lstrip(_BLANK))
        anchor = _ANCHOR.match(source.line(line), at)
    return line, at + 1


def _literal(source: SourceText, text: str, header: int, offset: int) -> tuple[int, int]:
    lines = text.split("\n")
    above = text[:offset].count("\n")
    within = offset - (text.rfind("\n", 0, offset) + 1)
    first = next((at for at, line in enumerate(lines) if line), 0)
    indent = len(source.line(header + 1 + first)) - len(lines[first])
    line = header + 1 + above
    # A blank line may be shorter than the indentation.
    return line, min(max(indent, 0) + within, len(source.line(line))) + 1


def _folded(source: SourceText, text: str, header: int, offset: int) -> tuple[int, int]:
    """Count what folding never touches: the characters that are not blank."""
    before = text[:offset]
    wanted = len("".join(before.split()))
    line = header
    while line < len(source.lines):
        line += 1
        blank = True
        for column, character in enumerate(source.line(line), start=1):
            if not character.isspace():
                blank = False
                if wanted == 0:
                    return line, column
                wanted -= 1
        if blank:
            continue
        if wanted == 0 and not text[offset : offset + 1].strip():
            return line, len(source.line(line)) + 1
    return header, 1


def _flow(source: SourceText, style: str, line: int, column: int) -> Iterator[tuple[int, int]]:
    """Yield the place of each character of a plain or quoted scalar's value, then its end."""
    text = source.line(line)
    at, end = (column - 1 if style == "plain" else column), len(text.rstrip(_BLANK))
    while line <= len(source.lines):
        character = text[at] if at < end else ""
        if style == "double" and character == "\\" and at + 1 < len(text):
            yield line, at + 1
            at += 2 + _HEX_DIGITS.get(text[at + 1], 0)
        elif character and not (style == "double" and character == "\\"):
            yield line, at + 1
            at += 2 if style == "single" and character == "'" else 1
        else:  # the line is folded, or its break is escaped and is nothing at all
            below = _next_text(source, line)
            breaks = below - line
            for _ in range(breaks - 1 if character else max(1, breaks - 1)):
                yield line, at + 1
            line, text = below, source.line(below)
            at, end = len(text) - len(text.lstrip(_BLANK)), len(text.rstrip(_BLANK))


def _next_text(source: SourceText, line: int) -> int:
    """Return the next line that is not blank, or the one behind the last."""
    line += 1
    while line <= len(source.lines) and not source.line(line).strip(_BLANK):
        line += 1
    return line
