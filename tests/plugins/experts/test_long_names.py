"""Names may be long, and what is said of them is short."""

import anyio
import pytest

from ciranda.events.judging import Verdict
from ciranda_experts.built_in import Watching
from ciranda_experts.conservation.spent import Spent
from ciranda_experts.expert import Finding, Question
from ciranda_experts.intent.error import IntentError
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.logic import judge
from ciranda_experts.solver.solver import Solver

LONG, OTHER = "a" * 9_000, "a" * 8_999 + "b"


def judged(intent):
    return anyio.run(judge, read_intent(intent), None, 1.0)


def test_a_name_of_nine_thousand_letters_is_a_name():
    intent = {"pre": [f"{LONG} > 2"], "post": [f"{LONG} > 1", f"{LONG} != 0"]}

    assert judged(intent).verdict is Verdict.APPROVED
    assert judged({**intent, "vars": {LONG: "int"}}).verdict is Verdict.APPROVED


@pytest.mark.parametrize(
    "intent",
    [
        {"post": [f"{LONG} > 1"]},
        {"pre": [f"{LONG} > 1", f"{LONG} < 1"], "post": ["x > 1"]},
        {"constraints": [f"{LONG} > {OTHER}", f"{OTHER} > {LONG}"]},
        {"int_bits": 8, "pre": [f"{LONG} + {OTHER} > 1"], "post": ["true"]},
    ],
)
def test_what_is_wrong_is_told_in_a_few_words(intent):
    found = judged(intent)

    assert found.verdict is Verdict.REJECTED
    assert 10 < len(found.message) < 500


@pytest.mark.parametrize(
    "intent",
    [
        {"vars": {OTHER: "int"}, "post": [f"{LONG} > 1"]},
        {"vars": {LONG: "integer"}, "post": [f"{LONG} > 1"]},
        {"post": [f"{LONG} {LONG}"]},
        {"post": [f"{LONG}(1) > 1"]},
        {"accounts": [LONG, LONG], "post": [f"{LONG} > 1"]},
        {"accounts": [LONG], "vars": {LONG: "bool"}, "post": [LONG]},
        {"vars": {"a": "int", LONG + "-": "int"}, "post": ["a > 1"]},
        {LONG: 1},
    ],
)
def test_what_is_no_intent_is_told_in_a_few_words(intent):
    with pytest.raises(IntentError) as refused:
        read_intent(intent)

    assert 10 < len(refused.value.message) < 400
    assert len(refused.value.where) < 100


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        ({"accounts": [LONG], "post": ["x > 1"]}, "missing-balance"),
        ({"accounts": [LONG], "pre": [f"new_{LONG} == {LONG} + 1"]}, "minted"),
        ({"accounts": [LONG], "pre": [f"new_{LONG} == 1", f"{LONG} < new_{LONG} < 1"]}, "vacuous"),
        ({"accounts": [LONG], "pre": [f"new_{LONG} == {LONG}"], "post": ["1 > 0"]}, "proved"),
        ({"post": [f"new_{LONG} == {LONG}", f"new_{OTHER} == {OTHER}"]}, "irrelevant"),
    ],
)
def test_accounts_with_long_names_are_told_of_in_a_few_words(tmp_path, intent, reason):
    async def judge():
        async with Solver(workers=1) as solver:
            question = Question(intent=read_intent(intent), budget=5.0)
            found = Watching(solver, Spent(tmp_path)).judge(question)
            return found if isinstance(found, Finding) else await found

    found = anyio.run(judge)

    assert (found.reason, found.message != "") == (reason, True)
    assert len(found.message) < 500
