"""What is wrong with an expression, and where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ciranda.errors import CirandaError

KINDS: Final = frozenset(
    {"syntax", "undefined", "type", "index", "zero", "limit", "security", "secret", "value"}
)


class ExpressionError(CirandaError):
    """An expression that cannot be compiled or evaluated.

    The text names things of the source and types, never a value of the data.

    Args:
        kind: One of syntax, undefined, type, index, zero, limit, security, secret, value.
        message: One sentence for a person.
        offset: Where in `source`, counted in characters from 0; -1 while not known.
        source: The expression (or the whole template) as written.
    """

    def __init__(self, kind: str, message: str, *, offset: int = -1, source: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.offset = offset
        self.source = source

    @property
    def line(self) -> int:
        """Line within the source, from 1."""
        return self.source.count("\n", 0, max(self.offset, 0)) + 1

    @property
    def column(self) -> int:
        """Column within the line, in characters from 1."""
        offset = max(self.offset, 0)
        return offset - (self.source.rfind("\n", 0, offset) + 1) + 1

    def picture(self) -> str:
        """Return the message with the line of the source and a caret beneath."""
        lines = self.source.split("\n")
        shown = lines[self.line - 1].replace("\t", " ")
        first = max(0, self.column - 60)
        caret = " " * (self.column - 1 - first) + "^"
        return f"{self.message}\n    {shown[first : first + 100]}\n    {caret}"

    def placed(self, offset: int, source: str) -> ExpressionError:
        """Return the same fault at a place of another source."""
        return type(self)(self.kind, self.message, offset=offset, source=source)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.kind, self.message, self.offset, self.source))


def _rebuild(kind: str, message: str, offset: int, source: str) -> ExpressionError:
    return ExpressionError(kind, message, offset=offset, source=source)


def did_you_mean(name: str, known: Iterable[object]) -> str:
    """Return '; did you mean ...?' when one of the known names is close, else nothing."""
    import difflib  # only a fault needs it

    names = [each for each in known if isinstance(each, str)][:1000]
    folded = {each.lower(): each for each in reversed(names)}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.65)
    return f"; did you mean '{folded[close[0]]}'?" if close else ""
