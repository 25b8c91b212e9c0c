"""Terms: the typed tree of a condition. Sorts are right by construction; positions are not kept."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import TypeAlias

import msgspec

__all__ = ["Literal", "Op", "Operation", "Sort", "Term", "Variable"]


class Sort(Enum):
    """What a term denotes: a mathematical integer, an exact rational, a truth value."""

    INT = "int"
    REAL = "real"
    BOOL = "bool"

    __hash__ = object.__hash__  # members are single, and the hash of an Enum is slow


class Op(Enum):
    """Operations of a term, by how they are written."""

    NEGATE = "-x"  # one argument
    SUM = "+"  # two or more arguments, added or subtracted from the left: see `signs`
    MULTIPLY = "*"  # two or more
    DIVIDE = "/"  # two; exact, sort REAL; undefined when the divisor is 0
    FLOOR_DIVIDE = "//"  # two; undefined when the divisor is 0
    MODULO = "%"  # two; sign of the divisor; undefined when the divisor is 0
    POWER = "**"  # two; the second is a literal int, 0 or more
    MIN = "min"  # two or more
    MAX = "max"  # two or more
    ABS = "abs"  # one
    ITE = "ite"  # three: condition, then, else; only the chosen branch is evaluated
    EQUAL = "=="  # two, of bools or of numbers (an int and a real are compared exactly)
    NOT_EQUAL = "!="
    LESS = "<"  # two numbers
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    AND = "and"  # two or more bools; from the left, stops at the first false one
    OR = "or"  # two or more bools; from the left, stops at the first true one
    NOT = "not"  # one bool
    IMPLIES = "=>"  # two bools; the second is looked at only where the first is true

    __hash__ = object.__hash__  # as above


class Literal(msgspec.Struct, frozen=True, gc=False):
    """A constant: `bool` for BOOL, `int` for INT, `Fraction` for REAL."""

    value: bool | int | Fraction
    sort: Sort


class Variable(msgspec.Struct, frozen=True, gc=False):
    """A variable."""

    name: str
    sort: Sort


class Operation(msgspec.Struct, frozen=True, gc=False):  # nothing frozen is part of a cycle
    """An operation on terms.

    A chain `a < b < c` is AND of comparisons; `a + b - c` is one SUM with signs `++-`, so that a
    long sum is not deep; its integer sub-expressions are the prefixes `a+b`, `a+b-c`. The same
    holds for MULTIPLY, AND, OR: arguments from the left.
    """

    op: Op
    arguments: tuple[Term, ...]
    sort: Sort
    signs: str = ""  # of SUM alone: as long as `arguments`, the first is always "+"


Term: TypeAlias = Literal | Variable | Operation
