"""Tokens of a condition: one expression, one pass, positions only for whoever needs them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["BLANK", "is_name", "is_whole", "offset_of", "shown", "split"]

BLANK: Final = " \t\r\n"
# Each alternative begins with a character of its own and none can give back what it took, so the
# whole is linear. A numeral takes what clings to it (`0x10`, `1_000`): it is refused as one. What
# fits nowhere is a token of one character, so that nothing is ever skipped.
_TOKEN: Final = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*"
    r"|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[A-Za-z0-9_.]*"
    r"|=[=>]|[!<>]=|//|\*\*|&&|\|\|"
    r"|[^ \t\r\n]"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN: Final = 40

split: Final = _TOKEN.findall


def is_name(text: str) -> bool:
    """Tell whether `text` has the form of a variable's name."""
    return _NAME.fullmatch(text) is not None


def is_whole(token: str) -> bool:
    """Tell whether a token is ASCII digits alone: `isdigit` knows those of every script."""
    return token.isdigit() and token.isascii()


def offset_of(text: str, index: int) -> int:
    """Return where token `index` of `text` begins, or the end of the text if there are fewer."""
    for number, match in enumerate(_TOKEN.finditer(text)):
        if number == index:
            return match.start()
    return len(text.rstrip(BLANK))


def shown(text: str, *, most: int = _SHOWN) -> str:
    """Return user text as a message may quote it: short, and nothing in it acts on a terminal."""
    cut = text if len(text) <= most else text[:most] + "…"
    return "".join(each if each.isprintable() else f"<U+{ord(each):04X}>" for each in cut)
