"""Asking the conservation expert as a council does, with the pre-solver to decide."""

import json

from ciranda.events.judging import Judgement, Verdict
from ciranda_experts.expert import Question
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.presolve.presolve import presolve
from ciranda_experts.presolve.problem import Answer, Decision

TRANSFER = {
    "pre": ["0 < amount", "amount <= a", "new_a == a - amount", "new_b == b + amount"],
    "accounts": ["a", "b"],
}
UNDECIDED = Decision(Answer.UNKNOWN, "none", reason="undecided")


async def decide(problem, budget):
    return presolve(problem) or UNDECIDED


def ask(given, key="", budget=5.0):
    return Question(intent=read_intent(given), budget=budget, key=key)


def judged(verdict, **fields):
    return Judgement(id="", verdict=verdict, confidence=1.0, reason="", message="", **fields)


def said(finding):
    return (finding.verdict.value, finding.reason, finding.proven)


async def answer(expert, given, verdict=Verdict.APPROVED, key=""):
    """Ask, settle as if the council said `verdict`, and return the finding."""
    question = ask(given, key)
    finding = await expert.judge(question)
    if finding.verdict is Verdict.REJECTED:
        verdict = Verdict.REJECTED
    assert await expert.settle(question, judged(verdict)) is None
    json.dumps(finding.evidence)
    return finding
