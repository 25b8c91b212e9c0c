"""Without z3: what needs it says which package is missing, and nobody is asked in vain."""

import json

import pytest

from ciranda.testing import harness
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.logic import judge
from ciranda_experts.recheck import check
from ciranda_experts.solver.solver import Solver

from .intents import lines

SAID = "z3 is needed to decide this: pip install 'ciranda[experts]'"
HARD = {"id": "hard", "constraints": ["a > 0", "b > 0", "c > 0", "a*a*a + b*b*b == c*c*c"]}
MONEY = {
    "accounts": ["x"],
    "pre": [*HARD["constraints"], "new_x == x + a*a*a + b*b*b - c*c*c", "x > 0"],
    "post": ["new_x > 0"],
}  # fmt: skip


@pytest.fixture
def without_z3(tmp_path, monkeypatch):
    text = "raise ModuleNotFoundError(\"No module named 'z3'\", name='z3')\n"
    (tmp_path / "bare.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("ciranda_experts.solver.solver._SETUP", "bare:setup")


def test_the_extra_is_named_and_no_human_is_asked(cli, folder, without_z3):
    file = lines(folder, HARD)

    answer = json.loads(cli("verify", file, "-o", "json", code=1).out)

    assert (answer["verdict"], answer["reason"]) == ("uncertain", "solver-missing")
    assert SAID in answer["message"]
    assert "ModuleNotFoundError" not in answer["message"]
    assert answer["review"] == ""
    assert "nothing waits" in cli("review", "list").err


def test_the_conservation_expert_says_so_too(cli, folder, without_z3):
    answer = json.loads(cli("verify", lines(folder, MONEY), "-o", "json", code=1).out)

    said = {one["name"]: (one["reason"], one["message"]) for one in answer["experts"]}
    assert answer["reason"] == "solver-missing"
    assert said["conservation"] == ("solver-missing", f"{SAID}.")


@pytest.mark.anyio
async def test_a_step_does_not_try_again(without_z3):
    flow = {"ciranda": 1, "name": "f", "steps": {"s": {"uses": "experts.verify", "with": {
        "intent": HARD}}}}  # fmt: skip
    async with harness() as h:
        error = (await h.run(json.dumps(flow))).steps["s"]["error"]

    assert (error["kind"], error["retryable"]) == ("uncertain", False)


@pytest.mark.anyio
async def test_a_proof_by_z3_could_not_be_checked(request):
    intent = read_intent({"pre": ["x > 2"], "post": ["x > 1"]})
    async with Solver(workers=1) as solver:
        proof = (await judge(intent, solver, 20, effort=0)).evidence["proof"]
    request.getfixturevalue("without_z3")

    async with Solver(workers=1) as solver:
        checked = await check(proof, solver)

    assert (checked.valid, checked.reason) == (False, "solver-missing")
    assert checked.message == f"The proof could not be checked: {SAID}."
