"""Text with `${{ expression }}` in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from . import limits
from .dialect import YAML, Dialect
from .error import ExpressionError
from .expression import Expression, compile as compile_expression
from .function import Function
from .secret import Secret
from .text import inserted, joined
from .tokens import find_end

_OPEN: Final = "${{"


class Template:
    """A compiled text; call it with a scope.

    `parts` are the plain texts and the expressions in order, `offsets` says where each expression
    begins within the whole text.
    """

    __slots__ = ("constant", "expressions", "offsets", "parts", "single", "source")

    def __init__(self, source: str, parts: list[str | Expression], offsets: list[int]) -> None:
        self.source: Final = source
        self.parts: Final = tuple(parts)
        self.offsets: Final = tuple(offsets)
        self.expressions: Final = tuple(part for part in parts if isinstance(part, Expression))
        around = "".join(part for part in parts if isinstance(part, str))
        self.single: Final = len(self.expressions) == 1 and not around.strip()
        self.constant: Final = all(each.constant for each in self.expressions)

    def __call__(self, scope: Mapping[str, Any]) -> Any:
        """Evaluate: a single `${{ }}` keeps its type, everything else is text.

        Raises:
            ExpressionError: With the place within the whole text.
        """
        if not self.expressions:
            return "".join(str(part) for part in self.parts)
        if self.single:
            return self._evaluate(0, scope)
        budget, place = [limits.ITERATIONS], 0
        made: list[str | Secret] = []
        for part in self.parts:
            if isinstance(part, str):
                made.append(part)
                continue
            try:
                made.append(inserted(self._evaluate(place, scope), budget))
            except ExpressionError as fault:
                raise fault.placed(self._offset(place, fault), self.source) from fault.__cause__
            place += 1
        try:
            return joined(budget, *made)
        except ExpressionError as fault:
            raise fault.placed(0, self.source) from None

    def __repr__(self) -> str:
        return f"Template({self.source!r})"

    def _evaluate(self, place: int, scope: Mapping[str, Any]) -> Any:
        try:
            return self.expressions[place](scope)
        except ExpressionError as fault:
            offset = fault.offset + self.offsets[place]
            raise fault.placed(offset, self.source) from fault.__cause__

    def _offset(self, place: int, fault: ExpressionError) -> int:
        return (
            fault.offset
            if fault.source is self.source and fault.offset >= 0
            else self.offsets[place]
        )


def compile_template(
    text: str, *, dialect: Dialect = YAML, functions: Mapping[str, Function] | None = None
) -> Template:
    """Compile a text in which `${{ e }}` stands for a value and `$${{` for itself.

    Raises:
        ExpressionError: With the place within the whole text.
        TypeError: `text` is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"a template is text, not {type(text).__name__}")
    parts: list[str | Expression] = []
    offsets: list[int] = []
    done = 0
    begin = text.find(_OPEN)
    plain = ""
    while begin >= 0:
        if begin > done and text[begin - 1] == "$":
            plain += text[done : begin - 1] + _OPEN
            done = begin + len(_OPEN)
        else:
            plain += text[done:begin]
            if plain:
                parts.append(plain)
                plain = ""
            expression, offset, done = _expression(text, begin, dialect, functions)
            parts.append(expression)
            offsets.append(offset)
        begin = text.find(_OPEN, done)
    plain += text[done:]
    if plain or not parts:
        parts.append(plain)
    return Template(text, parts, offsets)


def _expression(
    text: str, begin: int, dialect: Dialect, functions: Mapping[str, Function] | None
) -> tuple[Expression, int, int]:
    """Compile the expression of the `${{` at `begin`; also say where it begins and ends."""
    start = begin + len(_OPEN)
    try:
        end = find_end(text, start)
    except ExpressionError as fault:
        offset = begin if "never closed by '}}'" in fault.message else fault.offset
        raise fault.placed(offset, text) from None
    inner = text[start:end]
    source = inner.strip()
    offset = start + len(inner) - len(inner.lstrip())
    if not source:
        raise ExpressionError("syntax", "'${{ }}' is empty", offset=begin, source=text)
    try:
        return compile_expression(source, dialect=dialect, functions=functions), offset, end + 2
    except ExpressionError as fault:
        raise fault.placed(fault.offset + offset, text) from None
