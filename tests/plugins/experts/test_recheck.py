"""Checking proofs again: what holds is accepted, what was tampered with is not."""

import copy
import json
from typing import Any

import pytest

from ciranda_experts.intent.reading import read_intent
from ciranda_experts.logic import EFFORT, judge
from ciranda_experts.presolve.problem import Answer, Decision
from ciranda_experts.recheck import check
from ciranda_experts.solver.solver import Solver

pytestmark = pytest.mark.anyio
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
INTENTS: dict[str, dict[str, Any]] = {
    "proved": {"pre": ["x > 1", "y > 1"], "post": ["x * y > 1", "x + y > 3"]},
    "consistent": {"constraints": ["x > 1", "x < 3"]},
    "both": {"pre": ["x > 1"], "post": ["x > 0"], "constraints": ["y > 1"]},
    "counterexample": {"pre": ["x > 1"], "post": ["x > 2"]},
    "undefined": {"pre": ["x / y > 1"], "post": ["true"]},
    "undefined post": {"pre": ["x > 1"], "post": ["1 / (x - 2) < 7"]},
    "vacuous": {"pre": ["x > 1", "x < 1", "y > 1"], "post": ["true"]},
    "inconsistent": {"constraints": ["x > 1", "x < 1", "y > 1"]},
    "defined": {"pre": ["x != 0", "y / x > 1"], "post": ["y != 0"]},
    "machine": {"int_bits": 8, "pre": ["0 < x < 10"], "post": ["x * x < 100"]},
    "irrational": {"vars": {"x": "real"}, "constraints": ["x * x == 2", "x > 0"]},
    "irrational case": {"vars": {"x": "real"}, "pre": ["x * x == 2"], "post": ["x < 1"]},
}
both_ways = pytest.mark.parametrize("effort", [EFFORT, 0], ids=["pre-solved", "all by z3"])


@pytest.fixture
async def solver():
    async with Solver(workers=1) as made:
        yield made


async def proof_of(solver, name, effort=EFFORT):
    finding = await judge(read_intent(INTENTS[name]), solver, 20, effort=effort)
    return json.loads(json.dumps(finding.evidence["proof"]))


@both_ways
async def test_every_proof_holds(solver, effort):
    for name in INTENTS:
        checked = await check(await proof_of(solver, name, effort), solver)

        assert (checked.valid, checked.reason) == (True, "proof"), name


async def test_a_proof_by_the_pre_solver_needs_no_solver(solver):
    assert (await check(await proof_of(solver, "proved"), None)).valid

    checked = await check(await proof_of(solver, "proved", 0), None)
    assert (checked.valid, checked.reason) == (False, "expert-missing")


@pytest.mark.uncounted
@both_ways
@on_asyncio
async def test_no_verdict_can_be_exchanged(solver, effort):
    proofs = {name: await proof_of(solver, name, effort) for name in INTENTS}
    for name, proof in proofs.items():
        for other, its in proofs.items():
            for field in ("verdict", "reason", "steps", "intent", "key"):
                forged = {**proof, field: its[field]}
                checked = await check(forged, solver)

                assert checked.valid == (forged == proof), (name, other, field, checked)


@both_ways
@on_asyncio
async def test_a_verdict_does_not_follow_from_fewer_or_more_steps(solver, effort):
    for name in INTENTS:
        proof = await proof_of(solver, name, effort)
        for at in range(len(proof["steps"])):
            less = {**proof, "steps": proof["steps"][:at] + proof["steps"][at + 1 :]}
            twice = {**proof, "steps": [*proof["steps"], proof["steps"][at]]}

            assert not (await check(less, solver)).valid, name
            assert (await check(twice, solver)).reason == "malformed", name


WRONG = {
    "a format to come": (lambda proof: proof.update(format=2), "malformed"),
    "another expert": (lambda proof: proof.update(expert="oracle"), "malformed"),
    "a field too many": (lambda proof: proof.update(trust=True), "malformed"),
    "a field too few": (lambda proof: proof.pop("key"), "malformed"),
    "another key": (lambda proof: proof.update(key="0" * 64), "other-intent"),
    "no intent": (lambda proof: proof.update(intent={}), "other-intent"),
    "an intent that is text": (lambda proof: proof.update(intent="x"), "malformed"),
    "a line less": (lambda proof: proof["intent"]["pre"].pop(), "other-intent"),
    "another line": (lambda proof: proof["intent"]["post"].append("false"), "other-intent"),
    "no steps": (lambda proof: proof.update(steps=[]), "incomplete"),
    "steps of another kind": (lambda proof: proof.update(steps={"a": 1}), "malformed"),
    "an unknown field": (lambda proof: proof["steps"][1].update(trust=True), "malformed"),
    "an unknown role": (lambda proof: proof["steps"][1].update(role="oracle"), "malformed"),
    "another condition": (lambda proof: proof["steps"][1].update(where="post[7]"), "malformed"),
    "an answer unknown": (lambda proof: proof["steps"][1].update(answer="unknown"), "not-shown"),
    "no certificate": (lambda proof: proof["steps"][1].update(certificate={}), "not-shown"),
    "a model too many": (lambda proof: proof["steps"][1].update(model={"x": "1"}), "not-shown"),
    "a core of nothing there": (
        lambda proof: proof["steps"][1].update(core=["pre[9]"]),
        "not-shown",
    ),
    "too small a core": (
        lambda proof: proof["steps"][1].update(method="z3", core=["post[0]"], certificate={}),
        "not-shown",
    ),
    "another method": (
        lambda proof: proof["steps"][1].update(method="intuition", certificate={}),
        "not-shown",
    ),
    "a model that is none": (
        lambda proof: proof["steps"][0].update(model={"x": "0", "y": "0"}),
        "not-shown",
    ),
    "a model of other names": (
        lambda proof: proof["steps"][0].update(model={"z": "5"}),
        "not-shown",
    ),
    "a model of text": (
        lambda proof: proof["steps"][0].update(model={"x": "two", "y": "2"}),
        "not-shown",
    ),
    "no model": (lambda proof: proof["steps"][0].pop("model"), "not-shown"),
    "a reason of its own": (lambda proof: proof.update(reason="trusted"), "not-shown"),
    "the other reason": (lambda proof: proof.update(reason="consistent"), "not-shown"),
    "uncertain": (lambda proof: proof.update(verdict="uncertain", reason="timeout"), "not-shown"),
}


@pytest.mark.parametrize("name", WRONG)
@on_asyncio
async def test_what_was_tampered_with_is_refused(solver, name):
    tamper, reason = WRONG[name]
    proof = copy.deepcopy(await proof_of(solver, "proved"))
    assert (await check(proof, solver)).valid

    tamper(proof)
    checked = await check(proof, solver)

    assert (checked.valid, checked.reason) == (False, reason)
    assert checked.message.endswith(".")


@pytest.mark.parametrize(
    "change",
    [
        {"spans": {"x": ["3/2", "8/5"]}},
        {"spans": {"x": ["8/5", "3/2"]}},
        {"spans": {"x": ["3/2", "3/2"]}},
        {"spans": {"y": ["1", "2"]}},
        {"spans": {}},
        {"spans": {"x": ["1", "two"]}},
        {"spans": {"x": [1, 2]}},
        {"values": {"x": "1"}},
        {"values": {"z": "1"}},
        {"values": {"x": None}},
        {"method": 3},
        {"more": True},
    ],
)
@on_asyncio
async def test_an_interval_without_a_solution_is_refused(solver, change):
    proof = await proof_of(solver, "irrational")
    proof["steps"][0]["certificate"].update(change)

    assert (await check(proof, solver)).reason == "not-shown"


@pytest.mark.parametrize("proof", [{}, {"format": 1}, {"steps": 3}])
async def test_what_is_no_proof_is_refused(proof):
    checked = await check(proof, None)

    assert (checked.valid, checked.reason) == (False, "malformed")


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (Decision(Answer.SATISFIABLE, "z3", model={}), "not-shown"),
        (Decision(Answer.UNKNOWN, "z3", reason="timeout"), "timeout"),
    ],
)
@on_asyncio
async def test_a_contradiction_that_is_not_found_again_is_none(
    solver, monkeypatch, decision, reason
):
    proof = await proof_of(solver, "inconsistent", 0)

    async def decide_all(self, problems, *, budget, seed=0, stop=False):
        assert seed
        return [decision] * len(problems)

    monkeypatch.setattr(Solver, "decide_all", decide_all)
    checked = await check(proof, solver)

    assert (checked.valid, checked.reason) == (False, reason)


async def test_a_precondition_alone_proves_no_approval(solver):
    finding = await judge(read_intent(INTENTS["proved"]), solver, 20)
    proof = json.loads(json.dumps(finding.evidence["proof"]))
    bare = read_intent({"pre": INTENTS["proved"]["pre"], "transaction": "t1"})
    proof |= {"intent": bare.source, "key": bare.key}
    proof["steps"] = [each for each in proof["steps"] if each["role"].startswith("pre")]

    for reason in ("proved", "consistent"):
        checked = await check(proof | {"reason": reason}, solver)
        assert (checked.valid, checked.reason) == (False, "not-shown")
