"""The logic expert: does `pre` imply `post`, can `constraints` hold, and what shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from ciranda.errors import PoolError
from ciranda.events.judging import Verdict

from .confidence import PROVEN, UNKNOWN
from .exact import Value, written
from .expert import Finding
from .intent.evaluate import UNDEFINED, evaluate
from .intent.intent import Condition, Intent
from .intent.tokens import shown
from .presolve.presolve import BUDGET, Presolver
from .presolve.problem import Answer, Decision, Obligation, Problem, Role, problems
from .proof import proof_of
from .solver.missing import MISSING, SolverMissingError
from .solver.solver import Solver, Why
from .undefined import never_defined_of

__all__ = ["EFFORT", "Undecided", "finish", "judge", "look"]

Decided: TypeAlias = tuple[Obligation, Decision]

EFFORT: Final = 10 * BUDGET  # units of work of the pre-solver
_TOLD: Final = 6  # variables, or conditions, in a sentence
_LONG: Final = 80  # characters of a value or a condition in a sentence
_MISSING: Final = "expert-missing"
NOTHING_CLAIMED: Final = "nothing-claimed"
_WHY_NOT: Final[dict[str, str]] = {
    Why.TIMEOUT: "no answer was found in time: raise `budget_ms`, or make it simpler",
    Why.UNDECIDED: "the solver gave up: products and powers of variables may be beyond it",
    Why.MEMORY: "the solver ran out of memory: make it simpler",
    Why.IRRATIONAL: "only an irrational number would do, and it could not be confirmed",
    Why.CRASHED: "the process of the solver was lost, twice",
}


class Undecided(NamedTuple):
    """What is left for a solver: all obligations, those decided, and those that were not easy."""

    obligations: Sequence[Obligation]
    decided: Sequence[Decided]
    hard: Sequence[Obligation]


async def judge(
    intent: Intent, solver: Solver | None, budget: float, *, effort: int = EFFORT
) -> Finding:
    """Judge the conditions of an intent.

    Args:
        intent: What is to be judged.
        solver: Decides what is not easy; without one that stays uncertain.
        budget: Seconds.
        effort: Units of work for the pre-solver, for all obligations; 0 leaves all to the solver.

    Returns:
        Approved or rejected with a proof under `proof` in the evidence; uncertain when something
        could not be decided, which is never taken for a yes; abstained when there is nothing, or
        when `pre` is sound and there is nothing that should follow from it (`nothing-claimed`).
    """
    found = look(intent, effort=effort)
    return found if isinstance(found, Finding) else await finish(intent, found, solver, budget)


def look(
    intent: Intent,
    *,
    effort: int = EFFORT,
    each: int = BUDGET,
    presolver: Presolver | None = None,
) -> Finding | Undecided:
    """Do what `judge` does without a solver; return what is left for one, if something is.

    Args:
        intent: What is to be judged.
        effort: As of `judge`.
        each: As much of it at most for one obligation.
        presolver: May know what the conditions say from somebody who asked before.
    """
    obligations = problems(intent)
    if not obligations:
        return Finding(
            verdict=Verdict.ABSTAINED,
            confidence=UNKNOWN,
            reason="irrelevant",
            message="The intent has no conditions.",
        )
    presolver = presolver or Presolver()
    decided: list[Decided] = []
    hard: list[Obligation] = []
    for obligation in obligations:
        decision = None
        if effort > 0:
            decision = presolver.decide(obligation.problem, budget=min(each, effort))
            effort -= presolver.spent
        if decision is None:
            hard.append(obligation)
        elif decision.answer is obligation.wanted:
            decided.append((obligation, decision))
        else:
            return _rejected(intent, obligation, decision)
    return Undecided(obligations, decided, hard) if hard else _approved(intent, decided)


async def finish(
    intent: Intent, left: Undecided, solver: Solver | None, budget: float, *, effort: int = 0
) -> Finding:
    """Do the rest of what `judge` does, after `look`.

    Args:
        intent: As of `judge`.
        left: As `look` returned it.
        solver: As of `judge`.
        budget: As of `judge`.
        effort: Units of work for another pre-solver, in the process of the solver.
    """
    decided = list(left.decided)
    problems_left = [one.problem for one in left.hard]
    answers, why = await _solve(problems_left, solver, budget, effort)
    for obligation, decision in zip(left.hard, answers, strict=True):
        if decision.answer not in (obligation.wanted, Answer.UNKNOWN):
            return _rejected(intent, obligation, decision)
        decided.append((obligation, decision))
    order = {id(obligation): at for at, obligation in enumerate(left.obligations)}
    decided.sort(key=lambda pair: order[id(pair[0])])
    unknown = [pair for pair in decided if pair[1].answer is Answer.UNKNOWN]
    return _uncertain(decided, unknown, why) if unknown else _approved(intent, decided)


async def _solve(
    hard: Sequence[Problem], solver: Solver | None, budget: float, effort: int
) -> tuple[Sequence[Decision], str]:
    """Return decisions, and why there is no solver if there is none."""
    why, reason = "there is no solver", _MISSING
    if solver is not None:
        try:
            return await solver.decide_all(hard, budget=budget, stop=True, effort=effort), ""
        except SolverMissingError as error:
            why, reason = str(error), MISSING
        except PoolError as error:
            why = str(error)
    return [Decision(Answer.UNKNOWN, "none", reason=reason)] * len(hard), why


def _approved(intent: Intent, decided: Sequence[Decided]) -> Finding:
    entails = bool(intent.post)
    if not (entails or intent.constraints):
        return Finding(
            verdict=Verdict.ABSTAINED,
            confidence=UNKNOWN,
            reason=NOTHING_CLAIMED,
            message="`pre` can be true, and no condition is said to follow from it.",
            evidence={"obligations": [_told(*pair) for pair in decided]},
        )
    reason = "proved" if entails or intent.pre else "consistent"
    count = len(intent.post)
    said = []
    if count == 1:
        said.append("the condition of `post` follows")
    elif entails:
        said.append(f"all {count} conditions of `post` follow")
    if intent.constraints:
        said.append("`constraints` can hold together")
    return Finding(
        verdict=Verdict.APPROVED,
        confidence=PROVEN,
        reason=reason,
        message=_sentence(" and ".join(said)),
        evidence={
            "obligations": [_told(*pair) for pair in decided],
            "proof": proof_of(intent, Verdict.APPROVED, reason, decided),
        },
        proven=True,
    )


def _uncertain(decided: Sequence[Decided], unknown: Sequence[Decided], why: str) -> Finding:
    first, decision = unknown[0]
    what = _quoted(first.problem.violate) if first.problem.violate else _QUESTIONS[first.role]
    because = why or _WHY_NOT.get(decision.reason, "it is unknown")
    return Finding(
        verdict=Verdict.UNCERTAIN,
        confidence=UNKNOWN,
        reason=str(decision.reason),
        message=f"{what} could not be decided: {because}.",
        evidence={"obligations": [_told(*pair) for pair in decided]},
    )


_QUESTIONS: Final = {
    Role.PRE_SATISFIABLE: "Whether `pre` can be true",
    Role.PRE_DEFINED: "Whether `pre` is always defined",
    Role.POST: "Whether `post` follows",
    Role.CONSTRAINTS: "Whether `constraints` can hold together",
}


def _rejected(intent: Intent, obligation: Obligation, decision: Decision) -> Finding:
    if decision.answer is Answer.UNSATISFIABLE:
        reason, message, evidence = _contradiction(obligation, decision)
    else:
        reason, message, evidence = _counterexample(obligation, decision)
    evidence["obligations"] = [_told(obligation, decision)]
    evidence["proof"] = proof_of(intent, Verdict.REJECTED, reason, [(obligation, decision)])
    return Finding(
        verdict=Verdict.REJECTED,
        confidence=PROVEN,
        reason=reason,
        message=message,
        evidence=evidence,
        proven=True,
    )


def _contradiction(obligation: Obligation, decision: Decision) -> tuple[str, str, dict[str, Any]]:
    core = [one for one in obligation.problem.assume if one.where in decision.core]
    lines = ", ".join(_quoted(one) for one in core[:_TOLD])
    if len(core) > _TOLD:
        lines += f" and {len(core) - _TOLD} more"
    said = f"{lines} can never be true" if len(core) == 1 else f"{lines} cannot be true together"
    evidence: dict[str, Any] = {"core": [_line(one) for one in core]}
    if obligation.role is Role.CONSTRAINTS:
        return "inconsistent", f"{said}.", evidence
    never = never_defined_of(obligation.problem, decision.core)
    if never is not None:
        evidence["breaks"] = {**_line(never.condition), "value": "undefined"}
        said = f"{_quoted(never.condition)} is never defined: {never.why}"
        return "undefined", f"{said}, so `pre` proves nothing.", evidence
    return "vacuous", f"{said}, so `pre` proves nothing.", evidence


def _counterexample(obligation: Obligation, decision: Decision) -> tuple[str, str, dict[str, Any]]:
    problem = obligation.problem
    model = decision.model
    if model is None:
        return _irrational(obligation, decision)
    broken, value = _broken(problem, model)
    names = [f"{shown(name)} = {_short(str(written(model[name])).lower())}" for name in model]
    case = ", ".join(names[:_TOLD])
    if len(names) > _TOLD:
        case += f" and {len(names) - _TOLD} more"
    evidence: dict[str, Any] = {
        "counterexample": {name: written(given) for name, given in model.items()},
        "breaks": {**_line(broken), "value": value},
    }
    reason = "undefined" if value == "undefined" else "counterexample"
    when = f" when {case}" if case else ""
    return reason, f"{_quoted(broken)} is {value}{when}.", evidence


def _irrational(obligation: Obligation, decision: Decision) -> tuple[str, str, dict[str, Any]]:
    """Tell of a counterexample that lies between two fractions."""
    broken = obligation.problem.violate
    assert broken is not None  # nothing else is shown that way
    about = decision.certificate
    near = {key: about[key] for key in ("near", "spans", "values")}
    case = ", ".join(f"{shown(name)} = {_short(value)}..." for name, value in about["near"].items())
    place = f"{case}, irrational"
    evidence = {"between": near, "breaks": {**_line(broken), "value": "false"}}
    return "counterexample", f"{_quoted(broken)} is false when {place}.", evidence


def _broken(problem: Problem, model: dict[str, Value]) -> tuple[Condition, str]:
    """Return the condition that an assignment breaks, and whether it is false or undefined."""
    bits = problem.int_bits
    if problem.violate is not None:
        value = evaluate(problem.violate.term, model, bits)
        return problem.violate, "undefined" if value is UNDEFINED else "false"
    for condition in problem.assume:
        if evaluate(condition.term, model, bits) is UNDEFINED:
            return condition, "undefined"
    raise AssertionError("a witness of undefinedness leaves nothing undefined")


def _line(condition: Condition) -> dict[str, Any]:
    return {"where": condition.where, "text": condition.text, "line": condition.line}


def _told(obligation: Obligation, decision: Decision) -> dict[str, Any]:
    """Return what an obligation came to, for a reader; the proof has the rest."""
    told: dict[str, Any] = {
        "role": str(obligation.role),
        "where": obligation.where,
        "answer": str(decision.answer),
        "method": decision.method,
    }
    if decision.core:
        told["core"] = list(decision.core)
    if decision.reason:
        told["reason"] = str(decision.reason)
    return told


def _quoted(condition: Condition) -> str:
    at = f" (line {condition.line})" if condition.line else ""
    return f"{condition.where} `{_short(condition.text)}`{at}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
