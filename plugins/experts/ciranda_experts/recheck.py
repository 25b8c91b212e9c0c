"""Checking a proof again: everything is computed anew from the intent that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import anyio.to_thread
import msgspec

from ciranda.errors import PoolError
from ciranda.events.judging import ProofChecked, Verdict

from .exact import model_of
from .intent.error import IntentError
from .intent.evaluate import UNDEFINED, evaluate
from .intent.reading import read_intent
from .presolve import certificate
from .presolve.formula import Sums
from .presolve.problem import Answer, Obligation, Problem, Role, problems
from .presolve.witness import witnesses
from .proof import FORMAT, Proof, Step
from .solver.irrational import confirmed
from .solver.missing import MISSING, SolverMissingError
from .solver.solver import Solver
from .undefined import never_defined_of

__all__ = ["check"]

_BUDGET: Final = 30.0  # seconds
_SEED: Final = 20_011  # another than that of any first answer
_SOLVER: Final = "z3"
_REASONS: Final = {
    Verdict.APPROVED: {"proved", "consistent"},
    Verdict.REJECTED: {"vacuous", "inconsistent", "undefined", "counterexample"},
}


class _RefutedError(Exception):
    """A proof that does not hold; `reason` is a kind."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


async def check(
    proof: Mapping[str, Any], solver: Solver | None, *, budget: float = _BUDGET, seed: int = _SEED
) -> ProofChecked:
    """Check the proof of a verdict of the logic expert, trusting nothing that it says.

    The intent is read and its obligations are listed again. Assignments are evaluated,
    certificates computed through, and what z3 found contradictory must be so again for what the
    proof says is needed, with another seed and another configuration.

    Args:
        proof: As `logic.judge` puts it into its evidence.
        solver: For what was decided by z3.
        budget: Seconds.
        seed: Another than 0.

    Returns:
        Valid with the reason `proof`, or not: `malformed`, `other-intent`, `incomplete`,
        `not-shown`, `solver-missing`, and `timeout`, `undecided`, ... when z3 did not come to its
        answer again.
    """
    try:
        await _check(proof, solver, budget, seed)
    except _RefutedError as error:
        return ProofChecked(valid=False, reason=error.reason, message=str(error))
    return ProofChecked(valid=True, reason="proof", message="The proof holds.")


async def _check(given: Mapping[str, Any], solver: Solver | None, budget: float, seed: int) -> None:
    # In a thread: what a proof says may take a second to compute.
    again = await anyio.to_thread.run_sync(_shown, given)
    if again:
        await _solve(again, solver, budget, seed)


def _shown(given: Mapping[str, Any]) -> list[Problem]:
    """Check all steps; return what z3 has to confirm."""
    proof = _read(given)
    steps = _matched(proof)
    again: list[Problem] = []
    sums = Sums(certificate.WORK)  # for all steps together
    for obligation, step in steps:
        _show(obligation, step, again, sums)
    _concludes(proof, steps)
    return again


def _read(given: Mapping[str, Any]) -> Proof:
    try:
        proof = msgspec.convert(given, Proof)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _RefutedError("malformed", f"This is not a proof: {error}.") from None
    if proof.format != FORMAT:
        raise _RefutedError(
            "malformed", f"The proof has format {proof.format}; this version reads {FORMAT}."
        )
    if proof.expert != "logic":
        raise _RefutedError("malformed", f"The proof is of {proof.expert!r}, not of `logic`.")
    return proof


def _matched(proof: Proof) -> list[tuple[Obligation, Step]]:
    """Return the steps, each with the obligation that it is about, as computed from the intent."""
    try:
        intent = read_intent(proof.intent)
    except IntentError as error:
        raise _RefutedError("other-intent", f"The proof's intent is none: {error}.") from None
    if intent.key != proof.key:
        raise _RefutedError("other-intent", "The proof's intent is not the one that it names.")
    known = {(one.role, one.where): one for one in problems(intent)}
    steps: dict[tuple[Role, str], Step] = {}
    for step in proof.steps:
        where = (step.role, step.where)
        if where not in known or where in steps:
            raise _RefutedError("malformed", f"The step {step.role} {step.where} is one too many.")
        steps[where] = step
    if proof.verdict is Verdict.APPROVED and (missing := known.keys() - steps.keys()):
        role, place = min(missing)
        raise _RefutedError("incomplete", f"Nothing is said about {f'{role} {place}'.strip()}.")
    return [(known[where], step) for where, step in steps.items()]


def _show(obligation: Obligation, step: Step, again: list[Problem], sums: Sums) -> None:
    """Check one step; what z3 has to confirm is added to `again`."""
    problem = obligation.problem
    named = f"{step.role} {step.where}".strip()
    if step.answer is Answer.SATISFIABLE:
        if step.model is None:
            shown = confirmed(problem, step.certificate)
        else:
            model = model_of(step.model, problem.sorts)
            shown = model is not None and witnesses(problem, model)
        if not shown:
            raise _RefutedError("not-shown", f"The assignment of {named} shows nothing.")
        return
    if step.answer is Answer.UNKNOWN or step.model is not None:
        raise _RefutedError("not-shown", f"The step {named} shows nothing.")
    places = [one.where for one in problem.assume]
    if problem.violate is not None:
        places.append(problem.violate.where)
    if not set(step.core) <= set(places):
        raise _RefutedError("not-shown", f"The core of {named} names what is not there.")
    if step.method == _SOLVER:
        again.append(_restricted(problem, step.core))
    elif not certificate.check(problem, step.certificate, sums):
        raise _RefutedError("not-shown", f"The certificate of {named} shows nothing.")


def _restricted(problem: Problem, core: Sequence[str]) -> Problem:
    """Return a problem with only those assumptions that its contradiction is said to need."""
    if problem.undefined:
        return problem  # what stands on the left decides what is looked at
    kept = tuple(one for one in problem.assume if one.where in core)
    return msgspec.structs.replace(problem, assume=kept)


def _concludes(proof: Proof, steps: Sequence[tuple[Obligation, Step]]) -> None:
    """Check that the verdict follows from the steps."""
    reasons = _REASONS.get(proof.verdict, set())
    if proof.reason not in reasons:
        raise _RefutedError("not-shown", f"No proof ends with {proof.verdict}, {proof.reason}.")
    fails = [pair for pair in steps if pair[1].answer is not pair[0].wanted]
    if proof.verdict is Verdict.APPROVED:
        roles = {obligation.role for obligation, _ in steps}
        entails = bool(roles - {Role.CONSTRAINTS})
        claims = bool(roles & {Role.POST, Role.CONSTRAINTS})  # else nothing could be approved
        if fails or not claims or proof.reason != ("proved" if entails else "consistent"):
            raise _RefutedError("not-shown", "The verdict does not follow from the steps.")
    elif all(_reason(*pair) != proof.reason for pair in fails):
        raise _RefutedError("not-shown", "The verdict does not follow from the steps.")


def _reason(obligation: Obligation, step: Step) -> str:
    """Return the reason of a rejection for which a step that fails stands."""
    if obligation.role is Role.PRE_SATISFIABLE:
        never = never_defined_of(obligation.problem, step.core)
        return "vacuous" if never is None else "undefined"
    if obligation.role is Role.CONSTRAINTS:
        return "inconsistent"
    problem = obligation.problem
    if problem.violate is None:
        return "undefined"
    model = None if step.model is None else model_of(step.model, problem.sorts)
    if model is None:
        return "counterexample"  # between two fractions: there it is defined
    value = evaluate(problem.violate.term, model, problem.int_bits)
    return "undefined" if value is UNDEFINED else "counterexample"


async def _solve(again: Sequence[Problem], solver: Solver | None, budget: float, seed: int) -> None:
    if solver is None:
        raise _RefutedError("expert-missing", "There is no solver to check the proof with.")
    try:
        decisions = await solver.decide_all(again, budget=budget, seed=seed)
    except SolverMissingError as error:
        raise _RefutedError(MISSING, f"The proof could not be checked: {error}.") from None
    except PoolError as error:
        raise _RefutedError("expert-missing", f"{error}.") from None
    for decision in decisions:
        if decision.answer is Answer.SATISFIABLE:
            raise _RefutedError("not-shown", "What the proof calls a contradiction can be true.")
        if decision.answer is Answer.UNKNOWN:
            raise _RefutedError(decision.reason, "The solver did not find the contradiction again.")
