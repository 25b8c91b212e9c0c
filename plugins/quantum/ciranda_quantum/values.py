"""Text with `{expressions}` in it, as attributes and elements hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ciranda.expressions import Dialect, ExpressionError, Q
from ciranda.expressions.inline import Attribute, Name, Node, find_brace, parse

from . import limits
from .error import kind_of
from .places import Text
from .reader import Source

_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*")
_WORDS: Final = re.compile(
    r"\b(?:and|or|not|in|is|if|else|for|true|false|null|True|False|None|AND|OR|NOT|__\w*)\b"
)


@dataclass(frozen=True, eq=False)
class Code:
    """One expression: its tree, and where it stands."""

    source: str
    tree: Node
    text: Text
    start: int  # in the text
    dialect: Dialect

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of a place in the expression."""
        return self.text.place(self.start + offset)


@dataclass(frozen=True, eq=False)
class Value:
    """A text in parts, plain texts and expressions.

    `structure` is the list or object that the text writes out; its texts with expressions in them
    are values themselves.
    """

    text: Text
    parts: tuple[str | Code, ...]
    structure: Any = None

    @property
    def single(self) -> Code | None:
        """The expression, when nothing stands around it."""
        part = self.parts[0] if len(self.parts) == 1 else None
        return part if isinstance(part, Code) else None

    @property
    def literal(self) -> str | None:
        """The text, when there is no expression in it."""
        if not self.parts:
            return ""
        part = self.parts[0] if len(self.parts) == 1 else None
        return part if isinstance(part, str) else None

    @property
    def codes(self) -> tuple[Code, ...]:
        """The expressions."""
        if self.structure is not None:
            return tuple(code for each in _values(self.structure) for code in each.codes)
        return tuple(part for part in self.parts if isinstance(part, Code))


def _values(structure: Any) -> Iterator[Value]:
    if isinstance(structure, Value):
        yield structure
    elif isinstance(structure, (list, dict)):
        for each in structure.values() if isinstance(structure, dict) else structure:
            yield from _values(each)


def code_of(source: Source, text: Text, start: int, end: int, dialect: Dialect = Q) -> Code:
    """Compile the expression that stands from `start` to `end` of a text.

    Raises:
        QuantumError: With the place.
    """
    written = text.value[start:end]
    stripped = written.strip()
    start += len(written) - len(written.lstrip())
    if not stripped:
        message = "'{}' is empty; write '{{' and '}}' for braces"
        raise source.error("compile", message, text.place(max(start - 1, 0)))
    tree = _path(stripped)
    if tree is None:
        try:
            tree = parse(stripped, dialect)
        except ExpressionError as fault:
            place = text.place(min(start + max(fault.offset, 0), max(len(text.value) - 1, 0)))
            raise source.error(kind_of(fault.kind), fault.message, place) from None
    return Code(stripped, tree, text, start, dialect)


def _path(text: str) -> Node | None:
    """Return the tree of `name` or `name.property`, which need no parser."""
    if _PATH.fullmatch(text) is None or _WORDS.search(text) or len(text) > limits.NAME:
        return None
    first, *rest = text.split(".")
    tree: Node = Name(0, first)
    offset = len(first) + 1
    for name in rest:
        tree = Attribute(offset, tree, name)
        offset += len(name) + 1
    return tree


def whole(source: Source, text: Text, dialect: Dialect = Q) -> Code:
    """Compile a text that is one expression, braces being parentheses."""
    return code_of(source, text, 0, len(text.value), dialect)


def value_of(source: Source, text: Text) -> Value:
    """Split a text into plain texts and expressions; `{{` and `}}` are braces.

    Raises:
        QuantumError: With the place.
    """
    value = text.value
    if "{" not in value:
        plain = value.replace("}}", "}")
        return Value(text, (plain,) if plain else ())
    parts: list[str | Code] = []
    plain = ""
    done = 0
    place = value.find("{")
    while place >= 0:
        plain += value[done:place].replace("}}", "}")
        if value.startswith("{{", place):
            plain += "{"
            done = place + 2
        else:
            end = _end(source, text, place)
            if plain:
                parts.append(plain)
                plain = ""
            parts.append(code_of(source, text, place + 1, end))
            done = end + 1
            if len(parts) > limits.PARTS:
                message = f"a text may have {limits.PARTS} parts, this one has more"
                raise source.error("limit", message, text.place(place))
        place = value.find("{", done)
    plain += value[done:].replace("}}", "}")
    if plain:
        parts.append(plain)
    return Value(text, tuple(parts))


def _end(source: Source, text: Text, place: int) -> int:
    end = text.value.find("}", place)
    inner = text.value[place + 1 : end]
    if end > 0 and not any(mark in inner for mark in "'\"{"):
        return end
    try:
        return find_brace(text.value, place + 1)
    except ExpressionError as fault:
        unclosed = "never closed by '}'" in fault.message
        offset = place if unclosed else fault.offset
        at = text.place(min(offset, len(text.value) - 1))
        hint = "; write '{{' for a brace" if unclosed else ""
        raise source.error(kind_of(fault.kind), fault.message + hint, at) from None
