"""Where in the file the characters of a text stand, entities and line breaks included."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

_ENTITY: Final = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|\w+);|\r\n")


@dataclass(frozen=True, eq=False)
class Text:
    """Decoded text with the places of its pieces.

    Args:
        value: The text.
        pieces: (offset in `value`, line, column) where a run of plainly written characters begins.
    """

    value: str
    pieces: tuple[tuple[int, int, int], ...]

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column, from 1, of the character at `offset`."""
        pieces = self.pieces
        if len(pieces) == 1:
            start, line, column = pieces[0]
        else:
            start, line, column = pieces[bisect_right(pieces, (offset, 1 << 60, 0)) - 1]
        return line, column + offset - start


def attribute_text(value: str, raw: str, line: int, column: int) -> Text:
    """Return an attribute's value with its places.

    Args:
        value: As the XML reader gave it.
        raw: As written between the quotes, which begins at `line` and `column`.
        line: From 1.
        column: From 1.
    """
    if len(raw) == len(value) and "\n" not in raw:
        return Text(value, ((0, line, column),))
    pieces = [(0, line, column)]
    offset = done = 0
    for match in re.finditer(_ENTITY.pattern + r"|\n", raw):
        offset += match.start() - done
        column += match.start() - done
        done = match.end()
        if match.group().endswith("\n"):
            line, column = line + 1, 1
        else:
            pieces.append((offset, line, column))
            column += len(match.group())
        offset += 1
        pieces.append((offset, line, column))
    return Text(value, tuple(pieces))
