"""What is wrong in a file, and where.

Like `ciranda.errors`, this module imports only the standard library and stays readable by
Python 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fault"]


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one file, at one place.

    `line` and `column` count from 1; 0 means the place is not known.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    kind: str = "invalid"
    source: str = ""  # the line as written, for the caret

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} ({self.hint})" if self.hint else text

    def picture(self) -> str:
        """Return the fault with its source line and a caret beneath."""
        if not self.source or not self.column:
            return str(self)
        shown = self.source.replace("\t", " ")
        return f"{self}\n    {shown}\n    {' ' * (self.column - 1)}^"
