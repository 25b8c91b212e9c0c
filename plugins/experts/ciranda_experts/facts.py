"""A condition under an assignment, in words: what its parts come to, and so what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import islice
from typing import Final

from .intent.evaluate import UNDEFINED, evaluate
from .intent.intent import Condition
from .intent.tree import Literal, Op, Operation, Term, Variable
from .intent.writing import write

__all__ = ["assignment", "never_defined", "number", "sentence", "undefined_part"]

Value = bool | int | Fraction
_MOST: Final = 4  # parts that one sentence tells of
_DIGITS: Final = 60  # of a number that is shown whole
_LONGEST: Final = 160  # characters of a part
_ORDER: Final = frozenset(
    {Op.EQUAL, Op.NOT_EQUAL, Op.LESS, Op.LESS_EQUAL, Op.GREATER, Op.GREATER_EQUAL}
)
_LAZY: Final = frozenset({Op.AND, Op.OR, Op.IMPLIES, Op.ITE})
_DIVISIONS: Final = frozenset({Op.DIVIDE, Op.FLOOR_DIVIDE, Op.MODULO})


def number(value: Value) -> str:
    """Return a value as it would be written in a condition; a very long one is cut."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{number(value.numerator)}/{number(value.denominator)}"
    whole = int(value)
    if whole.bit_length() > 4 * _DIGITS:  # str() refuses integers of thousands of digits
        return f"{'-' if whole < 0 else ''}about 2**{whole.bit_length()}"
    return str(whole)


def assignment(values: Mapping[str, Value]) -> str:
    """Return `alice = 3, amount = 5`."""
    return ", ".join(f"{name} = {number(value)}" for name, value in values.items())


def sentence(condition: Condition, values: Mapping[str, Value], int_bits: int | None) -> str:
    """Return what a condition is under an assignment, and why.

    Returns:
        Such as "alice - amount is -2, so `alice - amount >= 0` is false".
    """
    scene = _Scene(values, int_bits)
    found = scene.value(condition.term)
    text = condition.text.strip()
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    if found is None:
        return f"{scene.undefined(condition.term)}, so `{text}` is undefined"
    facts = list(islice(dict.fromkeys(scene.facts(condition.term)), _MOST))
    verdict = f"`{text}` is {number(found)}"
    return f"{' and '.join(facts)}, so {verdict}" if facts else verdict


def never_defined(condition: Condition, int_bits: int | None) -> str:
    """Return why a condition is undefined whatever the values, where its constants show it."""
    scene = _Scene({}, int_bits)
    stack: list[Term] = [condition.term]
    while stack:
        part = stack.pop()
        if not isinstance(part, Operation) or part.op in _LAZY:
            continue  # of these, parts may never be looked at
        if _is_constant(part) and scene.value(part) is None:
            return scene.undefined(part)
        stack.extend(part.arguments)
    return ""


def undefined_part(condition: Condition, values: Mapping[str, Value], int_bits: int | None) -> str:
    """Return which part of a condition that is undefined under an assignment is, and why."""
    return _Scene(values, int_bits).undefined(condition.term)


def _is_constant(term: Term) -> bool:
    if isinstance(term, Operation):
        return all(_is_constant(part) for part in term.arguments)
    return isinstance(term, Literal)


class _Scene:
    """One assignment, and the machine it is evaluated on."""

    def __init__(self, values: Mapping[str, Value], int_bits: int | None) -> None:
        self._values: Final = dict(values)
        self._bits: Final = int_bits

    def value(self, term: Term) -> Value | None:
        try:
            found = evaluate(term, self._values, self._bits)
        except KeyError:  # a variable without a value
            return None
        return None if found is UNDEFINED else found

    def facts(self, term: Term) -> Iterator[str]:
        """Yield what the deciding parts of a term come to."""
        if not isinstance(term, Operation):
            return
        if term.op in _ORDER:
            for side in term.arguments:
                value = self.value(side)
                if isinstance(side, Operation) and value is not None:
                    yield f"{_written(side)} is {number(value)}"
        else:
            for part in self._deciding(term):
                yield from self.facts(part)

    def _deciding(self, term: Operation) -> tuple[Term, ...]:
        parts = term.arguments
        match term.op:
            case Op.AND | Op.OR:
                decided = [part for part in parts if self.value(part) is (term.op is Op.OR)]
                return (decided[0],) if decided else parts
            case Op.IMPLIES:
                return parts[1:] if self.value(parts[0]) else parts[:1]
            case Op.ITE:
                return (parts[0], parts[1] if self.value(parts[0]) else parts[2])
            case _:
                return parts

    def undefined(self, term: Term) -> str:
        """Say which part is undefined, and why."""
        if isinstance(term, Operation):
            parts = term.arguments
            if term.op is Op.ITE and (chosen := self.value(parts[0])) is not None:
                parts = (parts[1] if chosen else parts[2],)
            # Parts that short circuit leaves out may be undefined too, but come later.
            for part in parts:
                if self.value(part) is None:
                    return self.undefined(part)
            if term.op in _DIVISIONS and self.value(term.arguments[1]) == 0:
                return f"{_written(term)} divides by {_zero(term.arguments[1])}"
        if isinstance(term, Variable) and term.name not in self._values:
            return f"{term.name} has no value"
        return f"{_written(term)} does not fit into {self._bits} bits"


def _written(term: Term) -> str:
    text = write(term)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _zero(divisor: Term) -> str:
    return "0" if isinstance(divisor, Literal) else f"{_written(divisor)}, which is 0"
