"""What has to be decided about an intent, and what a decision is."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Any

import msgspec

from ..intent.intent import Condition, Intent
from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable

__all__ = ["Answer", "Decision", "Obligation", "Problem", "Role", "can_be_undefined", "problems"]

DIVISIONS = frozenset({Op.DIVIDE, Op.FLOOR_DIVIDE, Op.MODULO})


class Role(StrEnum):
    """What a problem decides about an intent."""

    PRE_SATISFIABLE = "pre-satisfiable"  # holds when satisfiable: nothing is proved of nothing
    PRE_DEFINED = "pre-defined"  # holds when unsatisfiable
    POST = "post"  # one condition that `pre` must imply: holds when unsatisfiable
    CONSTRAINTS = "constraints"  # holds when satisfiable


class Answer(StrEnum):
    """What is known of a problem."""

    SATISFIABLE = "satisfiable"
    UNSATISFIABLE = "unsatisfiable"
    UNKNOWN = "unknown"


class Problem(msgspec.Struct, frozen=True, gc=False):
    """Is there an assignment that makes all of `assume` defined and true, from left to right?

    With `violate` the assignment must also make that condition false or undefined. With
    `undefined` the question is another one: is there an assignment under which the evaluation of
    `assume` from the left meets an undefined term before it meets a false condition? (`violate`
    is None then.) With `int_bits` every variable of sort INT ranges over the signed machine
    integers of that width, otherwise over all integers; REAL over the real numbers. `sorts` has the
    variables that occur in `assume` and `violate`.
    """

    sorts: dict[str, Sort]
    int_bits: int | None
    assume: tuple[Condition, ...]
    violate: Condition | None = None
    undefined: bool = False


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The answer to a problem, with what shows it.

    `model` has a value for every variable of `sorts` where the answer is `satisfiable`, in the
    names of the user. `core` names (`where`) the conditions that an `unsatisfiable` needs.
    `certificate` is plain data that can be checked again by its `method`. `reason` says why an
    answer is `unknown`: `timeout`, `undecided`, `memory`.
    """

    answer: Answer
    method: str
    model: dict[str, bool | int | Fraction] | None = None
    core: tuple[str, ...] = ()
    certificate: dict[str, Any] = {}
    reason: str = ""


class Obligation(msgspec.Struct, frozen=True, gc=False):
    """A problem and what it decides; `where` names the one condition claimed, or is empty."""

    role: Role
    problem: Problem

    @property
    def where(self) -> str:
        """Name the claimed condition: `post[0]`."""
        claimed = self.problem.violate
        return "" if claimed is None else claimed.where

    @property
    def wanted(self) -> Answer:
        """Give the answer with which the obligation holds."""
        role = self.role
        if role is Role.PRE_SATISFIABLE or role is Role.CONSTRAINTS:
            return Answer.SATISFIABLE
        return Answer.UNSATISFIABLE


def problems(intent: Intent) -> tuple[Obligation, ...]:
    """List what must hold for an intent's conditions, the cheapest to refute first.

    The intent is verified iff every obligation gets the answer that it wants. An intent without
    conditions has no obligation.
    """
    found: list[Obligation] = []
    bits = intent.int_bits
    pre, names = intent.pre, _names(intent.pre)
    if pre:
        sorts = _sorts(intent.sorts, names)
        found.append(Obligation(Role.PRE_SATISFIABLE, Problem(sorts, bits, pre)))
        if any(can_be_undefined(condition.term, bits) for condition in pre):
            found.append(
                Obligation(Role.PRE_DEFINED, Problem(sorts, bits, pre, None, undefined=True))
            )
    for post in intent.post:
        sorts = _sorts(intent.sorts, names | _names((post,)))
        found.append(Obligation(Role.POST, Problem(sorts, bits, pre, post)))
    if intent.constraints:
        sorts = _sorts(intent.sorts, _names(intent.constraints))
        found.append(Obligation(Role.CONSTRAINTS, Problem(sorts, bits, intent.constraints)))
    return tuple(found)


def can_be_undefined(term: Term, int_bits: int | None) -> bool:
    """Say whether a term has a part that some assignment may leave undefined.

    False is certain; True is not.
    """
    stack: list[Term] = [term]
    while stack:
        part = stack.pop()
        if type(part) is Operation:
            op = part.op
            if int_bits is not None and op is not Op.ITE and _has_integers(part):
                return True
            if op in DIVISIONS:
                divisor = part.arguments[1]
                if not (type(divisor) is Literal and divisor.value != 0):
                    return True
            stack.extend(part.arguments)
        elif (
            int_bits is not None
            and type(part) is Literal
            and part.sort is Sort.INT
            and not _fits(part, int_bits)
        ):
            return True
    return False


def _has_integers(operation: Operation) -> bool:
    """Say whether an operation computes an integer: itself, or a prefix of a sum or product."""
    if operation.sort is Sort.INT:
        return True
    if operation.op not in (Op.SUM, Op.MULTIPLY):
        return False
    first, second = operation.arguments[:2]
    return first.sort is Sort.INT and second.sort is Sort.INT


def _fits(literal: Literal, int_bits: int) -> bool:
    half = 1 << (int_bits - 1)
    return -half <= int(literal.value) < half


def _names(conditions: tuple[Condition, ...]) -> set[str]:
    names: set[str] = set()
    stack: list[Term] = [condition.term for condition in conditions]
    while stack:
        part = stack.pop()
        if type(part) is Operation:
            stack.extend(part.arguments)
        elif type(part) is Variable:
            names.add(part.name)
    return names


def _sorts(sorts: dict[str, Sort], names: set[str]) -> dict[str, Sort]:
    return {name: sort for name, sort in sorts.items() if name in names}
