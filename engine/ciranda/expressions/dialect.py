"""The two spellings of the one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, eq=False)  # compared by identity: it is part of every cache key
class Dialect:
    """What one kind of file adds to the shared language.

    Args:
        name: For messages.
        c_operators: Whether `&& || ! c ? x : y` are operators.
        capital_words: Whether `AND OR NOT` are the words and, or, not.
        braces: What `{...}` is: "literals" (dict and set) or "parentheses".
        bit_operators: Whether `& | ^ ~ << >>` and `is` are operators.
        texts: Whether f-strings are read.
        lenient: Names whose missing properties are the empty text.
        loose: Whether text and numbers compare by the numeral in the text.
        accumulates: Whether names are assigned between evaluations, so that sums need a bound.
    """

    name: str
    c_operators: bool = False
    capital_words: bool = False
    braces: str = "literals"
    bit_operators: bool = True
    texts: bool = True
    lenient: frozenset[str] = frozenset()
    loose: bool = False
    accumulates: bool = False


YAML: Final = Dialect("YAML")
Q: Final = Dialect(
    "q",
    c_operators=True,
    capital_words=True,
    braces="parentheses",
    bit_operators=False,
    texts=False,
    lenient=frozenset({"session", "application", "request"}),
    accumulates=True,
)
Q_CONDITION: Final = Dialect(
    "q condition",
    c_operators=True,
    capital_words=True,
    braces="parentheses",
    bit_operators=False,
    texts=False,
    lenient=Q.lenient,
    loose=True,
    accumulates=True,
)
