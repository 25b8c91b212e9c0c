"""How large a term is, and how large its values can become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import limits
from .error import FaultKind, IntentError
from .tree import Literal, Op, Operation, Sort, Term, Variable

__all__ = ["weigh", "work_of"]

_VARIABLE_BITS: Final = 64
_NODE_WORK: Final = 24  # squared bits, as a power of two, whose arithmetic takes a node's time
_TOO_LARGE: Final = "powers, products and numerals make values too large to calculate with"
_CONNECTIVES: Final = frozenset({Op.AND, Op.OR, Op.NOT, Op.IMPLIES})
_PRODUCTS: Final = frozenset({Op.MULTIPLY, Op.DIVIDE, Op.FLOOR_DIVIDE, Op.MODULO})


def weigh(term: Term) -> int:
    """Return how many nodes a term has, what stands twice counted twice.

    What is calculated with large numbers counts for as many nodes as it takes time.

    Raises:
        IntentError: It has too many, is too deep, or its values may become too large.
    """
    nodes = 0
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
                below.extend(each.arguments)
                if len(below) > limits.NODES:
                    break
        level = below
    nodes += _grow(term)[2]
    if nodes > limits.NODES:
        raise IntentError(FaultKind.LIMIT, f"{_TOO_LARGE}: use smaller ones")
    return nodes


def work_of(term: Term, sizes: Mapping[str, int]) -> int:
    """Return how much work it is at most to evaluate a term, in nodes.

    Args:
        term: A term of an intent.
        sizes: Bits of the values of variables, as far as they are larger than usual.
    """
    return _effort(term, sizes)[1]


def _effort(term: Term, sizes: Mapping[str, int]) -> tuple[int, int]:
    """Return the bits of a value at most, and the work that it takes."""
    if isinstance(term, Variable):
        return sizes.get(term.name, _VARIABLE_BITS), 1
    if isinstance(term, Literal):
        return term.value.numerator.bit_length() + term.value.denominator.bit_length(), 1
    found = [_effort(each, sizes) for each in term.arguments]
    bits = max(found)[0] + len(found)
    if term.op is Op.POWER:
        literal = term.arguments[1]
        assert isinstance(literal, Literal)
        bits = found[0][0] * max(int(literal.value), 1)
    elif term.op in _PRODUCTS or (term.op is Op.SUM and term.sort is Sort.REAL):
        bits = sum([each[0] for each in found])
    return bits, 1 + (bits * bits >> _NODE_WORK) + sum([each[1] for each in found])


def _grow(term: Term) -> tuple[int, int, int]:
    """Return the bits of a value at most, what its powers multiply to, and the work it takes.

    The powers of a constant multiply to 0. Work is in nodes.
    """
    if isinstance(term, Variable):
        return _VARIABLE_BITS, 1, 0
    if isinstance(term, Literal):
        value = term.value
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        return bits, 0, bits * bits >> _NODE_WORK
    op = term.op
    grown = [_grow(each) for each in term.arguments]
    exponent = max([each[1] for each in grown])
    work = sum([each[2] for each in grown])
    if op in _CONNECTIVES:
        return 1, exponent, work
    if op is Op.POWER:
        bits, exponent = _raise(term, grown[0][0], grown[0][1])
    elif op in _PRODUCTS or (op is Op.SUM and term.sort is Sort.REAL):
        # Denominators may multiply where fractions are added.
        bits = sum([each[0] for each in grown])
    else:
        bits = max([each[0] for each in grown]) + len(grown)
    if bits > limits.BITS:
        raise IntentError(FaultKind.LIMIT, f"{_TOO_LARGE}: use smaller ones")
    return bits, exponent, work + (bits * bits >> _NODE_WORK)


def _raise(term: Operation, bits: int, exponent: int) -> tuple[int, int]:
    """Return the bits of a power, and what its powers multiply to."""
    literal = term.arguments[1]
    assert isinstance(literal, Literal)
    times = max(int(literal.value), 1)
    if not exponent and bits * times > limits.CONSTANT_BITS:
        raise IntentError(FaultKind.LIMIT, "a power of a constant is too large: use a smaller one")
    if exponent * times > limits.EXPONENT:
        message = f"a power has an exponent above {limits.EXPONENT}: use a smaller one"
        raise IntentError(FaultKind.LIMIT, message)
    return bits * times, exponent * times
