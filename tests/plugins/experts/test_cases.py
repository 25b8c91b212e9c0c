"""What the logic expert says of the published cases, and of a table of our own."""

import json
from collections import Counter
from pathlib import Path

import pytest

from ciranda.events.judging import Verdict
from ciranda_experts.intent.error import IntentError
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.logic import EFFORT, judge
from ciranda_experts.recheck import check
from ciranda_experts.solver.solver import Solver

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).parent
BOOKKEEPING = {"expected", "why", "category", "also_ok", "reason", "beyond_z3"}


def table(name):
    return json.loads((FOLDER / name).read_text())["cases"]


async def verdict(case, solver, effort):
    data = {field: value for field, value in case.items() if field not in BOOKKEEPING}
    try:
        intent = read_intent(data)
    except IntentError as error:
        return Verdict.REJECTED, error.kind.value, None
    finding = await judge(intent, solver, intent.budget or 5, effort=effort)
    assert finding.proven or finding.verdict is Verdict.UNCERTAIN
    return finding.verdict, finding.reason, finding.evidence.get("proof")


def differs(case, said, reason):
    right = (said is Verdict.APPROVED) == (case["expected"] == "verified")
    return not right or reason != case.get("reason", reason)


@pytest.mark.uncounted
@pytest.mark.parametrize("effort", [EFFORT, 0], ids=["pre-solved", "all by z3"])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_every_verdict_of_the_table_is_as_written_and_every_proof_holds(effort):
    wrong = []
    async with Solver(workers=1) as solver:
        for case in table("verdicts.json"):
            if case.get("beyond_z3") and not effort:
                continue  # it would take z3 long, or for ever
            said, reason, proof = await verdict(case, solver, effort)
            if differs(case, said, reason):
                wrong.append((case["id"], said, reason))
            if proof is not None:
                checked = await check(json.loads(json.dumps(proof)), solver)
                assert checked.valid, (case["id"], checked)

    assert wrong == []


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
async def test_every_published_case_is_right():
    cases = table("cases.json")

    async with Solver(workers=1) as solver:
        said = {}
        for case in cases:
            budget = 400 if case["category"] == "timeout" else 60_000
            quick = {**case, "budget_ms": budget}
            said[case["id"]] = await verdict(quick, solver, EFFORT)

    wrong = [case["id"] for case in cases if differs(case, *said[case["id"]][:2])]
    assert wrong == []
    assert said["hard-fermat-3"][0] is Verdict.UNCERTAIN


def test_the_table_has_every_kind_of_case():
    kinds = Counter(case["category"] for case in table("verdicts.json"))

    assert sum(kinds.values()) >= 250
    assert {case["category"] for case in table("cases.json")} <= {*kinds, "timeout"}
    assert min(kinds.values()) >= 4
