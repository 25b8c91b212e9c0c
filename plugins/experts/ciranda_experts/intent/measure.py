"""How large a term is, and how large its values can become."""

from __future__ import annotations

from typing import Final

from . import limits
from .error import FaultKind, IntentError
from .tree import Literal, Op, Operation, Sort, Term, Variable

__all__ = ["weigh"]

_VARIABLE_BITS: Final = 64
_PRODUCTS: Final = frozenset({Op.MULTIPLY, Op.DIVIDE, Op.FLOOR_DIVIDE, Op.MODULO})


def weigh(term: Term) -> int:
    """Return how many nodes a term has, what stands twice counted twice.

    Raises:
        IntentError: It has too many, is too deep, or powers make its values too large.
    """
    nodes, powers = 0, False
    level: list[Term] = [term]
    depth = 0
    # Level by level, with an early end: what is shared may be exponentially large.
    while level:
        nodes += len(level)
        depth += 1
        if nodes > limits.NODES:
            message = f"the condition has more than {limits.NODES:,} parts: split it"
            raise IntentError(FaultKind.LIMIT, message)
        if depth > limits.DEPTH:
            message = f"the condition is nested more than {limits.DEPTH} deep: split it"
            raise IntentError(FaultKind.LIMIT, message)
        below: list[Term] = []
        for each in level:
            if type(each) is Operation:
                powers = powers or each.op is Op.POWER
                below.extend(each.arguments)
                if len(below) > limits.NODES:
                    break
        level = below
    if powers:
        _grow(term)
    return nodes


def _grow(term: Term) -> tuple[int, int]:
    """Return the bits of a value at most, and what its powers multiply to (0 for a constant)."""
    if isinstance(term, Variable):
        return _VARIABLE_BITS, 1
    if isinstance(term, Literal):
        value = term.value
        return value.numerator.bit_length() + value.denominator.bit_length(), 0
    op = term.op
    grown = [_grow(each) for each in term.arguments]
    bits = max([each[0] for each in grown])
    exponent = max([each[1] for each in grown])
    if op is Op.POWER:
        times = term.arguments[1]
        assert isinstance(times, Literal)
        count = max(int(times.value), 1)
        bits = grown[0][0] * count
        exponent = grown[0][1] * count
        if not exponent and bits > limits.CONSTANT_BITS:
            raise IntentError(FaultKind.LIMIT, "a power of a constant is too large: use a smaller")
        if exponent > limits.EXPONENT:
            message = f"a power has an exponent above {limits.EXPONENT}: use a smaller one"
            raise IntentError(FaultKind.LIMIT, message)
    elif op in _PRODUCTS:
        bits = sum([each[0] for each in grown])
    elif op is Op.SUM:
        # Denominators may multiply where fractions are added.
        bits = sum([each[0] for each in grown]) if term.sort is Sort.REAL else bits + len(grown)
    if bits > limits.BITS:
        message = "powers and products make a value too large to calculate: use smaller ones"
        raise IntentError(FaultKind.LIMIT, message)
    return bits, exponent
