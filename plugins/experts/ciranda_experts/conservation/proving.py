"""Proving that the accounts of an intent are conserved, or finding a case where they are not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Any, Final, final

from ciranda.events.judging import Verdict

from ..confidence import PROVEN
from ..expert import Finding
from ..intent.evaluate import Truth, Value, holds
from ..intent.intent import Section
from ..intent.tokens import shown
from ..intent.tree import Sort
from ..presolve.problem import Answer, Decision, Problem
from ..solver.missing import MISSING, NEEDED
from ..undefined import never_defined_of
from .accounts import Balance
from .obligations import Claim, Duty, Obligations
from .reasons import Reason
from .telling import unbalanced, undefined, unfounded

__all__ = ["Proving"]

_TOLD: Final = 6  # accounts in a sentence
_UNWRITTEN: Final = frozenset({Section.ACCOUNTS, Section.LEDGER})
_TYPES: Final[dict[Sort, set[object]]] = {
    Sort.BOOL: {bool},
    Sort.INT: {int},
    Sort.REAL: {int, Fraction},
}


@final
class Proving:
    """Decides the duties of one intent after another.

    Args:
        decide: Decides a problem within so many seconds.
        clock: Seconds of a steady clock.
    """

    def __init__(
        self, decide: Callable[[Problem, float], Awaitable[Decision]], clock: Callable[[], float]
    ) -> None:
        self._decide: Final = decide
        self._clock: Final = clock

    async def find(self, owed: Obligations, budget: float, evidence: dict[str, Any]) -> Finding:
        """Decide what is owed, which is something, and say what follows.

        Args:
            owed: By the intent.
            budget: Seconds for all of them.
            evidence: What is known so far; is added to.
        """
        until = self._clock() + budget
        evidence["accounts"] = {
            pair.account: {"old": pair.old.name, "new": pair.new.name} for pair in owed.balances
        }
        evidence["derived"] = _derived(owed.duties)
        record: list[dict[str, Any]] = []
        evidence["obligations"] = record
        unknown = ""
        for duty in owed.duties:
            decision = await self._answer(duty, until, record)
            if decision.answer is duty.wanted:
                continue
            if decision.answer is Answer.UNKNOWN:
                unknown = unknown or decision.reason or Reason.UNDECIDED.value
            elif duty.wanted is Answer.SATISFIABLE:
                return await self._unfounded(owed, until, evidence)
            elif decision.model is None or not _holds(duty.problem, decision.model):
                unknown = Reason.UNDECIDED.value  # a counterexample that is none proves nothing
            else:
                return unbalanced(owed.balances, duty.claim, decision.model, evidence)
        if unknown:
            late = "Nobody could decide in time whether the balances of all accounts hold."
            return Finding(
                verdict=Verdict.UNCERTAIN,
                confidence=0.5,
                reason=unknown,
                message=f"{NEEDED}." if unknown == MISSING else late,
                evidence=evidence,
            )
        return _proved(owed.balances, evidence)

    async def _answer(self, duty: Duty, until: float, record: list[dict[str, Any]]) -> Decision:
        left = until - self._clock()
        if left <= 0:
            decision = Decision(Answer.UNKNOWN, "none", reason=Reason.TIMEOUT.value)
        else:
            decision = await self._decide(duty.problem, left)
        record.append(
            {
                "claim": str(duty.claim),
                "answer": str(decision.answer),
                "method": decision.method,
                "core": list(decision.core),
                "certificate": decision.certificate,
            }
        )
        return decision

    async def _unfounded(
        self, owed: Obligations, until: float, evidence: dict[str, Any]
    ) -> Finding:
        """Say why the first duty fails: the first of those that it implies which fails, too."""
        for duty in owed.weaker:
            decision = await self._answer(duty, until, evidence["obligations"])
            if decision.answer is Answer.UNSATISFIABLE:
                never = never_defined_of(duty.problem, decision.core)
                if duty.claim is Claim.CONSISTENT and never is not None:
                    return undefined(never, evidence)
                core = [one.text for one in duty.problem.assume if one.where in decision.core]
                return unfounded(duty.claim, evidence, core)
        return unfounded(owed.duties[0].claim, evidence)


def _holds(problem: Problem, model: dict[str, Value]) -> bool:
    """Say whether an assignment is the counterexample that a problem asks for."""
    for name, sort in problem.sorts.items():
        if type(model.get(name)) not in _TYPES[sort]:
            return False
    claimed = problem.violate
    return (
        holds(problem.assume, model, problem.int_bits) is Truth.TRUE
        and claimed is not None
        and holds((claimed,), model, problem.int_bits) is Truth.FALSE
    )


def _derived(duties: tuple[Duty, ...]) -> dict[str, str]:
    """Say what the conditions are that nobody wrote."""
    found = {}
    for duty in duties:
        conditions = (*duty.problem.assume, duty.problem.violate)
        for each in conditions:
            if each is not None and each.section in _UNWRITTEN:
                found[each.where] = each.text
    return found


def _proved(pairs: tuple[Balance, ...], evidence: dict[str, Any]) -> Finding:
    names = ", ".join(f"`{shown(pair.account)}`" for pair in pairs[:_TOLD])
    if len(pairs) > _TOLD:
        names += f" and {len(pairs) - _TOLD} more"
    message = "The conditions agree with the ledger."
    if names:
        message = f"Under `pre` no money appears or vanishes between {names}, and none is owed."
    return Finding(
        verdict=Verdict.APPROVED,
        confidence=PROVEN,
        reason=(Reason.PROVED if names else Reason.INCLUDED).value,
        message=message,
        evidence=evidence,
        proven=True,
    )
