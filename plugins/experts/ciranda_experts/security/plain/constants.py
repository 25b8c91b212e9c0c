"""What a condition or a number of another language is worth, where it is constant."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any, Final

from ..python.folding import UNKNOWN, Folding
from ..python.reading import UnreadableError, read_python
from .tokens import Token

__all__ = ["Conditions", "number"]

_LONGEST: Final = 100  # tokens
_WORDS: Final = {
    "true": "True", "false": "False", "null": "None", "undefined": "None", "&&": " and ",
    "||": " or ", "!": " not ", "===": "==", "!==": "!=", "YES": "True", "TRUE": "True",
    "FALSE": "False", "INT_MAX": "2147483647", "INT_MIN": "(-2147483648)",
    "SHRT_MAX": "32767", "CHAR_MAX": "127", "UINT_MAX": "4294967295",
    "LONG_MAX": "9223372036854775807", "LLONG_MAX": "9223372036854775807",
    "INT32_MAX": "2147483647", "INT64_MAX": "9223372036854775807",
}  # fmt: skip
_NUMBER: Final = re.compile(r"(0[xX][0-9a-fA-F_]+|0[bB][01_]+|\d[\d_]*(?:\.\d+)?)(?:[uUlLnfFdD]*)")
_PLAIN: Final = re.compile(r"0|[1-9]\d{0,99}")
_OCTAL: Final = re.compile(r"0[0-7]+")
_MAXIMA: Final = {"Integer": "2147483647", "Long": "9223372036854775807", "Short": "32767", "Byte": "127"}  # fmt: skip # noqa: E501


class Conditions:
    """Says of conditions whether they always hold; each wording is worked out once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], bool | None] = {}

    def truth(self, tokens: Sequence[Token]) -> bool | None:
        """Say whether a condition always holds, never does, or None where it depends."""
        if not tokens or len(tokens) > _LONGEST:
            return None
        key = tuple(each.text for each in tokens)
        if key not in self._known:
            folding, node = _read(tokens)
            self._known[key] = None if folding is None or node is None else folding.truth(node)
        return self._known[key]


def number(tokens: Sequence[Token]) -> int | None:
    """Return the integer that an expression is, or None."""
    if len(tokens) == 1 and _PLAIN.fullmatch(tokens[0].text):
        return int(tokens[0].text)
    folding, node = _read(tokens)
    value: Any = UNKNOWN if folding is None or node is None else folding.value(node)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _read(tokens: Sequence[Token]) -> tuple[Folding | None, ast.expr | None]:
    """Write an expression as Python would, and read that; other languages differ in little."""
    if not tokens or len(tokens) > _LONGEST:
        return None, None
    parts = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.text in _MAXIMA and [t.text for t in tokens[index + 1 : index + 3]] == [
            ".",
            "MAX_VALUE",
        ]:
            parts.append(_MAXIMA[token.text])
            index += 3
            continue
        parts.append(_written(token))
        index += 1
    try:
        program = read_python("(" + " ".join(parts) + ")")
    except UnreadableError:
        return None, None
    first = program.tree.body[0] if len(program.tree.body) == 1 else None
    if not isinstance(first, ast.Expr):
        return None, None
    return Folding(program), first.value


def _written(token: Token) -> str:
    if token.kind == "text":
        return repr(token.text[1:-1])
    if token.kind == "number":
        if _OCTAL.fullmatch(token.text):
            return "0o" + token.text[1:]
        found = _NUMBER.fullmatch(token.text)
        return found[1] if found else "unknown"
    return _WORDS.get(
        token.text, token.text if token.kind != "word" else f"unknown_{len(token.text)}"
    )
