"""The key of an intent: a digest of what it means, not of how it is written."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

import msgspec

from .intent import Intent
from .tree import Literal, Operation, Sort, Term

__all__ = ["key_of"]


def _constant(value: Any) -> list[str]:
    assert isinstance(value, Fraction)  # all else in an intent is known to JSON
    return [str(value.numerator), str(value.denominator)]


_encode: Final = msgspec.json.Encoder(enc_hook=_constant).encode


def _short(term: Term) -> Any:
    """Return a term in which numbers are written in hexadecimal, which takes little time."""
    if isinstance(term, Operation):
        return (term.op, [_short(each) for each in term.arguments], term.sort, term.signs)
    if isinstance(term, Literal) and term.sort is not Sort.BOOL:
        value = term.value
        return (f"{value.numerator:x}/{value.denominator:x}", term.sort)
    return term


def key_of(intent: Intent) -> str:
    """Return the digest (hex) of all that an expert may look at.

    Equal for other ids, comments, white space, parentheses, spellings (`&&`) and ways to declare
    the same sorts; different for another order of conditions. `policy` and `budget` are for the
    council, and not in it.
    """
    terms: list[Any] = [
        [each.term for each in section] for section in (intent.pre, intent.post, intent.constraints)
    ]
    try:
        data = _encode(_content(intent, terms))
    except ValueError:  # a number with more digits than Python writes
        terms = [[_short(each) for each in section] for section in terms]
        data = _encode(_content(intent, terms))
    return sha256(data).hexdigest()


def _content(intent: Intent, terms: list[Any]) -> list[Any]:
    """Return a list of fixed length, so that no two intents can be told by the same JSON."""
    return [
        terms,
        sorted(intent.sorts.items()),
        intent.int_bits,
        intent.accounts,
        intent.transaction,
        intent.ledger,
        intent.code,
        intent.kind,
    ]
