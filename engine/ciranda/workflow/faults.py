"""Where a fault is reported: the file's lines, and a `Fault` for one place in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ciranda.errors import Fault

__all__ = ["SourceText"]

_WIDEST: Final = 160  # a caret further right than this helps nobody


@dataclass(frozen=True)  # no slots: the lines are split on first use, and most files have no fault
class SourceText:
    """A file's name and text."""

    file: str
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their breaks, split where libyaml counts them."""
        return tuple(_with_line_feeds(self.text).split("\n"))

    def line(self, number: int) -> str:
        """Return line `number`, counted from 1; empty beyond the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def place(self, offset: int) -> tuple[int, int]:
        """Return (line, column), from 1, of the character at `offset` in the text."""
        before = _with_line_feeds(self.text[:offset])
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    def fault(
        self, message: str, line: int, column: int, *, hint: str = "", kind: str = "yaml.syntax"
    ) -> Fault:
        """Return a fault at this place, with its line as written when it is short enough."""
        source = self.line(line)[:_WIDEST] if column <= _WIDEST else ""
        return Fault(message, self.file, line, column, hint, kind, source)


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
