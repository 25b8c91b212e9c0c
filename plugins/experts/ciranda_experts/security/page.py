"""The text of a piece of code, by lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final

from .limits import EXCERPT

__all__ = ["Page"]

_SECRET: Final = re.compile(r"""["'`=].*""")
_UNPRINTED: Final = str.maketrans(
    {chr(code): "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160))}
    | {chr(code): "\N{REPLACEMENT CHARACTER}" for code in (*range(0x202A, 0x202F),)}
    | {chr(code): "\N{REPLACEMENT CHARACTER}" for code in (*range(0x2066, 0x206A),)}
    | {"\t": " "}
)


class Page:
    """Finds lines and columns (from 1), and shows lines without what must not be shown."""

    __slots__ = ("_ascii", "_bytes", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._ascii = text.isascii()
        self._bytes: dict[int, list[int]] = {}  # where characters of a line begin, in bytes
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n?|\n", text))]

    @property
    def lines(self) -> int:
        """Count the lines."""
        return len(self._starts)

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of a character."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def column(self, line: int, byte: int) -> int:
        """Return the column of a byte of a line's UTF-8 form, counted from 0."""
        if self._ascii:
            return byte + 1
        if line not in self._bytes:
            first = self._starts[min(line, self.lines) - 1]
            last = self._starts[line] if line < self.lines else len(self.text)
            lengths = (len(each.encode()) for each in self.text[first:last])
            self._bytes[line] = list(accumulate(lengths, initial=0))
        return bisect_right(self._bytes[line], byte)

    def source(self, line: int, byte: int, size: int) -> str:
        """Return about so many characters from a place of a line on."""
        start = self._starts[min(line, self.lines) - 1] + byte
        return self.text[start : start + size]

    def excerpt(self, line: int, *, masked: bool = False) -> str:
        """Return a line without its indent, cut to 80 characters.

        Args:
            line: Which, from 1.
            masked: Whether all from the first quote or "=" is hidden, for it may be a secret.
        """
        if not 0 < line <= self.lines:
            return ""
        start = self._starts[line - 1]
        end = self._starts[line] if line < self.lines else len(self.text)
        shown = self.text[start:end][:4096].strip()  # what is cut off below is not worked on
        if masked:
            found = _SECRET.search(shown)
            shown = (shown[: found.start() + 1] if found else "") + "***"
        shown = shown.translate(_UNPRINTED)
        return shown if len(shown) <= EXCERPT else shown[: EXCERPT - 1] + "…"
