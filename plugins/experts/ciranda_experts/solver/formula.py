"""Problems as compact plain data: what travels to a worker, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from ..intent.intent import Condition
from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from ..presolve.problem import Problem

__all__ = [
    "BOOL",
    "CODES",
    "INT",
    "REAL",
    "Answered",
    "Encoded",
    "encode",
    "fraction",
    "numeral",
    "program",
    "rounds",
    "whole",
]

# Sorts on the wire.
BOOL: Final = 0
INT: Final = 1
REAL: Final = 2
_SORTS: Final = {Sort.BOOL: BOOL, Sort.INT: INT, Sort.REAL: REAL}

# The operations of a program. A program is one flat list in post-order: each entry is a code
# and its operands, which differ in number. `value` and `variable` push; an operation takes as
# many of the last pushed as its operand says.
CODES: Final[dict[str, int]] = {
    "variable": 0,  # index
    "int": 1,  # numeral
    "real": 2,  # numerator, denominator
    "bool": 3,  # 0 or 1
    **{op.value: code for code, op in enumerate(Op, 4)},  # number of arguments
}
_CODE: Final = {op: CODES[op.value] for op in Op}
_VARIABLE, _INT, _REAL, _BOOL = (CODES[name] for name in ("variable", "int", "real", "bool"))
_ROUNDING: Final = frozenset({CODES["//"], CODES["%"]})
_SMALL: Final = 1 << 63  # what msgpack holds as a number


class Answered(NamedTuple):
    """What a worker says of one problem.

    `answer` is 1 for satisfiable, -1 for not, 0 for unknown. `model` has a value by variable;
    where it is not `rational`, some are bounds of intervals. `core` has conditions by index.
    `certificate` is from whoever needed no z3.
    """

    answer: int
    method: str
    model: list[Any] | None = None
    rational: bool = True
    core: Sequence[int] = ()
    reason: str = ""
    certificate: dict[str, Any] | None = None


def numeral(number: int) -> int | str:
    """Return an integer as it travels: large ones in hexadecimal, for which nothing is too long."""
    return number if -_SMALL <= number < _SMALL else format(number, "x")


def whole(given: int | str) -> int:
    """Return the integer of a numeral."""
    return given if isinstance(given, int) else int(given, 16)


def program(term: Term, variables: Mapping[str, int]) -> list[int | str]:
    """Return a term as a flat list; `variables` gives each name's index.

    Names do not travel: whatever they look like, the solver sees numbers.
    """
    # Written backwards, the last argument first, and turned round at the end: no recursion.
    found: list[int | str] = []
    stack: list[Term] = [term]
    while stack:
        part = stack.pop()
        if isinstance(part, Operation):
            arguments = part.arguments
            if part.op is Op.SUM:
                found += (part.signs, _CODE[Op.SUM])
            else:
                found += (len(arguments), _CODE[part.op])
            stack += arguments
        elif isinstance(part, Variable):
            found += (variables[part.name], _VARIABLE)
        else:
            found += _literal(part)
    found.reverse()
    return found


def rounds(program: Sequence[int | str]) -> bool:
    """Say whether a program has quotients that are rounded."""
    tokens = iter(program)
    for code in tokens:
        if code in _ROUNDING:
            return True
        next(tokens)
        if code == _REAL:
            next(tokens)
    return False


def _literal(part: Literal) -> tuple[int | str, ...]:
    value = part.value
    if part.sort is Sort.BOOL:
        return (int(value), _BOOL)
    if part.sort is Sort.INT:
        return (numeral(int(value)), _INT)
    exact = Fraction(value)
    return (numeral(exact.denominator), numeral(exact.numerator), _REAL)


class Encoded(NamedTuple):
    """Problems as plain data, with the names of variables and the conditions by index."""

    payload: dict[str, Any]
    names: list[str]
    conditions: list[Condition]

    def ease(self, effort: int) -> None:
        """Ask for so much effort of the pre-solver before z3; names travel for its certificates."""
        places = [(each.section.value, each.index) for each in self.conditions]
        self.payload["easy"] = (effort, self.names, places)


def encode(problems: Sequence[Problem]) -> Encoded:
    """Return problems over one `int_bits` as plain data.

    Conditions that problems share travel once and are told apart by identity.
    """
    names: dict[str, int] = {}
    sorts: list[int] = []
    for problem in problems:
        for name, sort in problem.sorts.items():
            if name not in names:
                names[name] = len(sorts)
                sorts.append(_SORTS[sort])
    seen: dict[int, int] = {}
    programs: list[list[int | str]] = []
    conditions: list[Condition] = []

    def place(condition: Condition) -> int:
        at = seen.get(id(condition))
        if at is None:
            at = seen[id(condition)] = len(programs)
            programs.append(program(condition.term, names))
            conditions.append(condition)
        return at

    asked = [
        (
            [place(condition) for condition in problem.assume],
            -1 if problem.violate is None else place(problem.violate),
            problem.undefined,
        )
        for problem in problems
    ]
    bits = problems[0].int_bits if problems else None
    payload = {"sorts": sorts, "bits": bits, "programs": programs, "problems": asked}
    return Encoded(payload, list(names), conditions)


def fraction(above: int | str, below: int | str) -> Fraction:
    """Return a fraction from its numerals."""
    return Fraction(whole(above), whole(below))


def read_value(given: Any, sort: Sort) -> bool | int | Fraction:
    """Return a value of a model as it came: a bool, a numeral, or a pair of numerals.

    Raises:
        ValueError, TypeError: It is none of these.
    """
    if sort is Sort.BOOL:
        return bool(given)
    if sort is Sort.INT:
        return whole(given)
    return fraction(*given)
