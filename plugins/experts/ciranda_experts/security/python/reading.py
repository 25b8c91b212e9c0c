"""Text to tree, with nothing of it run."""

from __future__ import annotations

import ast
import re
import threading
import warnings
from typing import Final

from .program import Program, TooLargeError

__all__ = ["UnreadableError", "read_python"]


_NAME: Final = "<judged code>"
_QUIET: Final = ("ignore", None, Warning, re.compile(re.escape(_NAME)), 0)
_PARSING: Final = threading.Lock()
_TRIES: Final = 4


class UnreadableError(Exception):
    """Code that cannot be read: the message says why; `line` and `column` from 1, or 0."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def _parse(text: str) -> ast.Module:
    # CPython 3.11 counts the depth of a tree for all threads together: where two of them parse
    # at once it may find the count wrong, once, and says SystemError.
    with _PARSING:
        for _ in range(_TRIES - 1):
            try:
                return ast.parse(text, _NAME)
            except SystemError:
                continue
        return ast.parse(text, _NAME)


def read_python(text: str) -> Program:
    """Parse a program and survey it.

    CPython's parser has limits of its own and keeps them: it refuses with SyntaxError,
    MemoryError or RecursionError what is nested too deeply (held against 100,000 levels of each
    construct by the tests), so no process of its own is needed.

    Raises:
        UnreadableError: When it is not Python, too deep or too long.
    """
    try:
        # warnings of the code that is read, such as of "\d", are no matter of this process;
        # a filter for that name alone, because taking one back is not safe among threads
        if _QUIET not in warnings.filters:
            warnings.filterwarnings("ignore", module=_QUIET[3].pattern)
        tree = _parse(text)
    except SyntaxError as error:
        line, column = error.lineno or 0, error.offset or 0
        raise UnreadableError(f"not Python: {error.msg}", line, column) from None
    except ValueError as error:  # a null byte, a lone surrogate, a numeral of 5,000 digits
        raise UnreadableError(f"not Python: {error}") from None
    except (MemoryError, RecursionError):
        raise UnreadableError("nested too deeply to be read") from None
    try:
        return Program(tree)
    except TooLargeError as error:
        raise UnreadableError(str(error)) from None
