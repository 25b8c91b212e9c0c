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


class Problem(msgspec.Struct, frozen=True):
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


class Decision(msgspec.Struct, frozen=True):
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


class Obligation(msgspec.Struct, frozen=True):
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
        if self.role in (Role.PRE_SATISFIABLE, Role.CONSTRAINTS):
            return Answer.SATISFIABLE
        return Answer.UNSATISFIABLE


def problems(intent: Intent) -> tuple[Obligation, ...]:
    """List what must hold for an intent's conditions, the cheapest to refute first.

    The intent is verified iff every obligation gets the answer that it wants. An intent without
    conditions has no obligation.
    """
    found: list[Obligation] = []
    bits = intent.int_bits
    pre = intent.pre
    if pre:
        sorts = _sorts(intent.sorts, pre)
        found.append(Obligation(Role.PRE_SATISFIABLE, Problem(sorts, bits, pre)))
        if any(can_be_undefined(condition.term, bits) for condition in pre):
            found.append(
                Obligation(Role.PRE_DEFINED, Problem(sorts, bits, pre, None, undefined=True))
            )
    for post in intent.post:
        sorts = _sorts(intent.sorts, (*pre, post))
        found.append(Obligation(Role.POST, Problem(sorts, bits, pre, post)))
    if intent.constraints:
        sorts = _sorts(intent.sorts, intent.constraints)
        found.append(Obligation(Role.CONSTRAINTS, Problem(sorts, bits, intent.constraints)))
    return tuple(found)


def can_be_undefined(term: Term, int_bits: int | None) -> bool:
    """Say whether a term has a part that some assignment may leave undefined.

    False is certain; True is not.
    """
    stack: list[Term] = [term]
    while stack:
        part = stack.pop()
        if isinstance(part, Literal):
            if int_bits is not None and part.sort is Sort.INT and not _fits(part, int_bits):
                return True
        elif isinstance(part, Operation):
            if int_bits is not None and part.op is not Op.ITE and _has_integers(part):
                return True
            if part.op in DIVISIONS:
                divisor = part.arguments[1]
                if not (isinstance(divisor, Literal) and divisor.value != 0):
                    return True
            stack.extend(part.arguments)
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


def _sorts(sorts: dict[str, Sort], conditions: tuple[Condition, ...]) -> dict[str, Sort]:
    names: set[str] = set()
    stack: list[Term] = [condition.term for condition in conditions]
    while stack:
        part = stack.pop()
        if isinstance(part, Variable):
            names.add(part.name)
        elif isinstance(part, Operation):
            stack.extend(part.arguments)
    return {name: sort for name, sort in sorts.items() if name in names}
