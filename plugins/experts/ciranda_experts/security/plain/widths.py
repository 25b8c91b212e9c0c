"""Integers beyond the width of the variable that they are given to, in C and Java."""

from __future__ import annotations

from typing import Final

from ..python.widths import fits
from .constants import number
from .tokens import Tokens

__all__ = ["overflows"]

_LONGEST: Final = 30  # tokens of a value
_WIDTHS: Final = {
    "c": {
        "char": (8, True), "short": (16, True), "int": (32, True), "long": (64, True),
        "int8_t": (8, True), "int16_t": (16, True), "int32_t": (32, True), "int64_t": (64, True),
        "uint8_t": (8, False), "uint16_t": (16, False), "uint32_t": (32, False),
        "uint64_t": (64, False), "size_t": (64, False), "unsigned": (32, False),
    },
    "java": {
        "byte": (8, True), "short": (16, True), "int": (32, True), "long": (64, True),
        "uint": (32, False), "ulong": (64, False), "ushort": (16, False), "sbyte": (8, True),
    },
}  # fmt: skip


def overflows(made: Tokens, language: str, int_bits: int | None) -> list[tuple[int, str]]:
    """Return the index of each value that its variable cannot hold, and what it is."""
    found = []
    widths = _WIDTHS.get(language, {})
    for index, token in enumerate(made.tokens):
        if token.kind == "word" and token.text in widths:
            bits, signed = widths[token.text]
            signed = signed and made.text(index - 1) != "unsigned"
            if token.text == "char" and made.text(index - 1) != "signed":
                bits += 1  # -128 to 255: whether it is signed is the compiler's choice
            for value, at in _given(made, index):
                if not fits(value, bits, signed=signed):
                    found.append((at, f"{value:.40g} does not fit {token.text}"))
        elif token.kind == "number" and int_bits is not None:
            literal = number([token]) or 0
            negative = made.text(index - 1) == "-"
            if not fits(-literal if negative else literal, int_bits):
                found.append((index, f"a literal is beyond {int_bits} bits"))
    return found


def _given(made: Tokens, index: int) -> list[tuple[int, int]]:
    """Return the constants of `int x = 1, y = 2;` after the type at an index."""
    values = []
    at = index + 1
    while at + 1 < len(made) and made.tokens[at].kind == "word" and made.text(at + 1) == "=":
        end = at + 2
        most = min(len(made), at + _LONGEST)
        while end < most and made.text(end) not in (",", ";", ")", "}"):
            end = made.pairs[end] + 1 if made.text(end) in ("(", "[", "{") else end + 1
        value = number(made.tokens[at + 2 : end])
        if value is not None:
            values.append((value, at))
        at = end + 1
        if made.text(end) != ",":
            break
    return values
