"""What is wrong with a template or with a run of it, and where."""

from __future__ import annotations

from typing import Any, Final

from ciranda.errors import CirandaError

KINDS: Final = frozenset(
    [
        "arguments", "compile", "limit", "runtime", "security", "thrown", "type", "undefined",
        "validation",
    ]
)  # fmt: skip
_OF_EXPRESSIONS: Final = {
    "syntax": "compile", "undefined": "undefined", "type": "type", "index": "runtime",
    "zero": "runtime", "limit": "limit", "security": "security", "secret": "security",
    "value": "runtime",
}  # fmt: skip
UNCATCHABLE: Final = frozenset({"compile", "limit", "security"})


class QuantumError(CirandaError):
    """A template that cannot be compiled, or a run that failed.

    Args:
        kind: One of arguments, compile, limit, runtime, security, thrown, type, undefined,
            validation.
        message: One sentence for a person.
        file: The template's name.
        line: From 1; 0 while not known.
        column: In characters, from 1; 0 while not known.
        source: The line as written.
        type: What `q:throw` names, else the kind.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        file: str = "",
        line: int = 0,
        column: int = 0,
        source: str = "",
        type: str = "",  # noqa: A002 - the word of `q:throw` and `q:catch`
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.source = source
        self.type = type or kind

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}" if place else self.message

    def picture(self) -> str:
        """Return the error with the line of the template and a caret beneath."""
        if not self.source or not self.column:
            return str(self)
        first = max(0, self.column - 60)
        shown = self.source.replace("\t", " ")[first : first + 100]
        return f"{self}\n    {shown}\n    {' ' * (self.column - 1 - first)}^"

    def placed(self, file: str, line: int, column: int, source: str) -> QuantumError:
        """Return the same error at a place."""
        return type(self)(
            self.kind, self.message, file=file, line=line, column=column, source=source,
            type=self.type,
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """Return what the command line prints."""
        return {
            "kind": self.kind, "message": self.message, "file": self.file, "line": self.line,
            "column": self.column,
        }  # fmt: skip

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            _rebuild,
            (
                self.kind, self.message, self.file, self.line, self.column, self.source,
                self.type,
            ),
        )  # fmt: skip


def _rebuild(  # noqa: PLR0917 - the parts of an error, in order
    kind: str, message: str, file: str, line: int, column: int, source: str, of: str
) -> QuantumError:
    return QuantumError(kind, message, file=file, line=line, column=column, source=source, type=of)


def kind_of(expression_kind: str) -> str:
    """Return the kind of a template's error for the kind of an expression's."""
    return _OF_EXPRESSIONS.get(expression_kind, "runtime")
