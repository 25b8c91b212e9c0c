"""What is wrong with an intent."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["FAULTS", "FaultKind", "IntentError"]


class FaultKind(StrEnum):
    """Why an intent cannot be judged; each is a reason of a `rejected` verdict."""

    EMPTY = "empty"  # claims nothing
    MALFORMED = "malformed"  # not a condition, not a mapping, a wrong type
    UNKNOWN_NAME = "unknown-name"  # not among the declared variables
    LIMIT = "limit"  # too many, too deep, too large


FAULTS: Final = frozenset(kind.value for kind in FaultKind)


class IntentError(ValueError):
    """An intent that cannot be judged.

    Args:
        kind: What sort of fault.
        message: One sentence: what was wrong as written, and the next step.
        where: The section and its condition, such as `pre[2]`, or a field; empty for the whole.
        line: Line in the text or file, from 1; 0 when unknown.
        column: Column in characters, from 1; 0 when unknown.
    """

    def __init__(
        self, kind: FaultKind, message: str, *, where: str = "", line: int = 0, column: int = 0
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.where = where
        self.line = line
        self.column = column
