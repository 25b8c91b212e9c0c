"""The logic expert: its verdicts, its words, and what it gives as evidence."""

import json
import os
from fractions import Fraction
from random import Random

import pytest

from ciranda.events.judging import Verdict
from ciranda_experts.confidence import PROVEN, UNKNOWN, after
from ciranda_experts.exact import model_of, number_of, value_of, written
from ciranda_experts.intent.evaluate import Truth, holds
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.intent.tree import Sort
from ciranda_experts.logic import EFFORT, judge
from ciranda_experts.recheck import check
from ciranda_experts.solver.solver import Solver

from .bruteforce import decide
from .formulas import DOMAIN, random_intent

pytestmark = pytest.mark.anyio
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
both_ways = pytest.mark.parametrize("effort", [EFFORT, 0], ids=["pre-solved", "all by z3"])
COUNT = 2_000 if os.environ.get("ALL_FORMULAS") else 200


@pytest.fixture
async def solver():
    async with Solver(workers=1) as made:
        yield made


async def judged(solver, effort=EFFORT, **data):
    return await judge(read_intent(data), solver, 20, effort=effort)


@both_ways
async def test_what_follows_is_proved(solver, effort):
    finding = await judged(solver, effort, pre=["x > 1"], post=["x > 0", "x != 0"])

    assert (finding.verdict, finding.reason) == (Verdict.APPROVED, "proved")
    assert finding.proven
    assert finding.confidence == PROVEN
    assert finding.message == "All 2 conditions of `post` follow."
    told = finding.evidence["obligations"]
    assert [(each["role"], each["where"], each["answer"]) for each in told] == [
        ("pre-satisfiable", "", "satisfiable"),
        ("post", "post[0]", "unsatisfiable"),
        ("post", "post[1]", "unsatisfiable"),
    ]
    assert finding.evidence["proof"]["verdict"] == "approved"


@both_ways
async def test_what_does_not_follow_is_shown_by_a_case(solver, effort):
    finding = await judged(solver, effort, pre=["let > 0"], post=["let < 10", "let < 7 or let > 7"])

    assert (finding.verdict, finding.reason) == (Verdict.REJECTED, "counterexample")
    case = finding.evidence["counterexample"]
    breaks = finding.evidence["breaks"]
    assert int(case["let"]) == 7 or int(case["let"]) >= 10
    assert breaks["value"] == "false"
    assert breaks["where"] in ("post[0]", "post[1]")
    assert breaks["text"] in ("let < 10", "let < 7 or let > 7")
    assert finding.message == (
        f"{breaks['where']} `{breaks['text']}` is false when let = {case['let']}."
    )


@both_ways
async def test_what_is_undefined_is_shown_by_a_case(solver, effort):
    finding = await judged(solver, effort, pre=["x / y > 1", "y != 0"], post=["true"])

    assert (finding.verdict, finding.reason) == (Verdict.REJECTED, "undefined")
    assert finding.evidence["counterexample"]["y"] == "0"
    assert finding.evidence["breaks"]["where"] == "pre[0]"
    assert finding.evidence["breaks"]["value"] == "undefined"


@both_ways
async def test_nothing_follows_from_a_contradiction(solver, effort):
    finding = await judged(solver, effort, pre=["x > 5", "y > 7", "x < 3"], post=["x == x"])

    assert (finding.verdict, finding.reason) == (Verdict.REJECTED, "vacuous")
    assert [each["where"] for each in finding.evidence["core"]] == ["pre[0]", "pre[2]"]
    assert finding.message == (
        "pre[0] `x > 5`, pre[2] `x < 3` cannot be true together, so `pre` proves nothing."
    )


@both_ways
async def test_what_cannot_hold_together_is_named_in_the_users_lines(solver, effort):
    text = "constraints {\n  x > 10\n  y > 1\n  x < 5   # too low\n}\n"

    finding = await judge(read_intent(text), solver, 20, effort=effort)

    assert (finding.verdict, finding.reason) == (Verdict.REJECTED, "inconsistent")
    assert [(each["text"], each["line"]) for each in finding.evidence["core"]] == [
        ("x > 10", 2),
        ("x < 5", 4),
    ]
    assert "(line 4)" in finding.message


async def test_one_condition_can_contradict_itself(solver):
    finding = await judged(solver, constraints=["y > 1", "x != x"])

    assert finding.message == "constraints[1] `x != x` can never be true."


async def test_a_long_core_and_a_long_case_are_cut_in_the_message_only(solver):
    names = [f"name_{number}" for number in range(30)]
    circle = [f"{one} < {two}" for one, two in zip(names, [*names[1:], names[0]], strict=True)]

    core = await judged(solver, constraints=circle)
    case = await judged(
        solver, pre=[f"{one} > 1" for one in names], post=[" + ".join(names) + " > 60"]
    )

    assert len(core.evidence["core"]) == 30
    assert "and 24 more" in core.message
    assert len(case.evidence["counterexample"]) == 30
    assert "and 24 more" in case.message


async def test_numbers_too_long_for_python_are_shown(solver):
    finding = await judged(solver, pre=["x == 1" + "0" * 5000], post=["x == 2"])

    assert finding.evidence["counterexample"]["x"] == "1" + "0" * 5000
    assert len(finding.message) < 400
    assert (await check(finding.evidence["proof"], solver)).valid


async def test_an_irrational_case_is_shown_by_what_it_lies_between(solver):
    finding = await judged(
        solver, vars={"x": "real"}, pre=["x * x == 2", "x > 0"], post=["x < 1.4"]
    )

    assert (finding.verdict, finding.reason) == (Verdict.REJECTED, "counterexample")
    assert finding.message == "post[0] `x < 1.4` is false when x = 1.41421..., irrational."
    low, high = (Fraction(text) for text in finding.evidence["between"]["spans"]["x"])
    assert low * low < 2 < high * high
    assert (await check(finding.evidence["proof"], solver)).valid


async def test_an_intent_without_conditions_is_not_for_logic(solver):
    finding = await judged(solver, code="x = 1")

    assert (finding.verdict, finding.reason) == (Verdict.ABSTAINED, "irrelevant")


async def test_without_a_solver_the_easy_is_judged_and_the_rest_is_uncertain():
    easy = await judge(read_intent({"pre": ["x > 1"], "post": ["x > 0"]}), None, 1)
    hard = await judge(read_intent({"pre": ["x > 1"], "post": ["x > 0"]}), None, 1, effort=0)

    assert easy.verdict is Verdict.APPROVED
    assert (hard.verdict, hard.reason) == (Verdict.UNCERTAIN, "expert-missing")
    assert hard.message == "Whether `pre` can be true could not be decided: there is no solver."
    assert hard.confidence == UNKNOWN
    assert not hard.proven
    assert "proof" not in hard.evidence


async def test_a_timeout_verifies_nothing_and_says_what_is_open(solver):
    await judged(solver, 0, constraints=["x > 1"])
    intent = read_intent(
        {"pre": ["a > 0", "b > 0", "c > 0"], "post": ["a ** 3 + b ** 3 != c ** 3"]}
    )

    finding = await judge(intent, solver, 0.1)

    assert finding.verdict is Verdict.UNCERTAIN
    assert finding.reason in ("timeout", "undecided")
    assert finding.message.startswith("post[0] `a ** 3 + b ** 3 != c ** 3` could not be decided")
    assert finding.evidence["obligations"][-1]["answer"] == "unknown"


async def test_a_counterexample_outweighs_what_is_unknown(solver):
    await judged(solver, 0, constraints=["x > 1"])
    intent = read_intent(
        {
            "pre": ["a > 0", "b > 0", "c > 0"],
            "post": ["a ** 3 + b ** 3 != c ** 3", "a < 1000"],
        }
    )

    finding = await judge(intent, solver, 0.6)

    assert (finding.verdict, finding.reason) == (Verdict.REJECTED, "counterexample")
    assert finding.evidence["breaks"]["where"] == "post[1]"


@pytest.mark.uncounted
@on_asyncio
@both_ways
async def test_random_intents_are_judged_as_by_trying_everything(solver, effort):
    for seed in range(COUNT):
        data = random_intent(Random(seed))
        intent = read_intent(data)

        finding = await judge(intent, solver, 20, effort=effort)

        assert finding.verdict is decide(intent, DOMAIN), data
        assert finding.proven
        case = finding.evidence.get("counterexample")
        if case is not None:
            _breaks(intent, case, finding.evidence["breaks"])
        checked = await check(json.loads(json.dumps(finding.evidence["proof"])), solver)
        assert checked.valid, (data, checked)


def _breaks(intent, case, breaks):
    model = model_of(case, {name: intent.sorts[name] for name in case})
    assert model is not None
    before = holds(intent.pre, model, intent.int_bits)
    if breaks["where"].startswith("pre"):
        assert before is Truth.UNDEFINED
        return
    (claim,) = (each for each in intent.post if each.where == breaks["where"])
    assert before is Truth.TRUE
    assert holds([claim], model, intent.int_bits).value == breaks["value"]


# Values and confidence.


@pytest.mark.parametrize(
    "text", ["", "-", "--1", "1/0", "1/-2", "1.5", "1e3", "٣", "1/2/3", " 1", "x"]
)
def test_what_is_no_exact_number_is_none(text):
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("given", "sort"),
    [("1", Sort.BOOL), (True, Sort.INT), (False, Sort.REAL), ("1/2", Sort.INT), ("x", Sort.REAL)],
)
def test_a_value_of_another_sort_is_none(given, sort):
    assert value_of(given, sort) is None
    assert model_of({"x": given}, {"x": sort}) is None


def test_a_model_has_the_variables_that_are_asked_for_and_no_more():
    sorts = {"x": Sort.INT, "p": Sort.BOOL}

    assert model_of({"x": "-3", "p": True}, sorts) == {"x": -3, "p": True}
    assert model_of({"x": "-3"}, sorts) is None
    assert model_of({"x": "-3", "p": True, "y": "1"}, sorts) is None


@pytest.mark.parametrize(
    "value", [True, False, 0, -7, 10**5000, -(10**5000) + 1], ids=["true", "false", *"0789"]
)
def test_values_are_read_as_they_were_written(value):
    sort = Sort.BOOL if isinstance(value, bool) else Sort.INT

    assert value_of(written(value), sort) == value


def test_confidence_is_the_rule_of_succession():
    assert after(0) == UNKNOWN == 0.5
    assert after(2_000) == PROVEN == 2001 / 2002
    assert after(1, 2) == 0.5
    with pytest.raises(ValueError, match="3 of 2 verdicts cannot have been right"):
        after(3, 2)


@both_ways
async def test_where_nothing_is_claimed_nothing_is_approved(solver, effort):
    paid = {"transaction": "q3"}

    sound = await judged(solver, effort, pre=["new_a == old_a + 1000000", "b > 1"], **paid)
    vacuous = await judged(solver, effort, pre=["x > 1", "x < 1"], **paid)
    undefined = await judged(solver, effort, pre=["1 / x > 0"], **paid)

    assert (sound.verdict, sound.reason) == (Verdict.ABSTAINED, "nothing-claimed")
    assert not sound.proven
    assert sound.message == "`pre` can be true, and no condition is said to follow from it."
    assert sound.evidence["obligations"][0]["role"] == "pre-satisfiable"
    assert (vacuous.verdict, vacuous.reason) == (Verdict.REJECTED, "vacuous")
    assert (undefined.verdict, undefined.reason) == (Verdict.REJECTED, "undefined")
