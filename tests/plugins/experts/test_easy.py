"""What is easy and long is decided in the process of the solver; nobody waits for it meanwhile."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from ciranda.events.judging import Verdict
from ciranda_experts import logic
from ciranda_experts.built_in import Deciding, logic_expert
from ciranda_experts.expert import Finding, Question
from ciranda_experts.intent import read_intent
from ciranda_experts.intent.tree import Sort, Variable
from ciranda_experts.presolve.book import Book
from ciranda_experts.presolve.inline import EACH, WHOLE, is_short
from ciranda_experts.presolve.presolve import BUDGET, Presolver
from ciranda_experts.presolve.problem import Answer, problems
from ciranda_experts.recheck import check
from ciranda_experts.solver.easy import Easy, term_of
from ciranda_experts.solver.formula import encode, program
from ciranda_experts.solver.solver import Solver
from ciranda_experts.solver.trying import tried

from .formulas import random_intent


@pytest.fixture
async def solver() -> AsyncIterator[Solver]:
    async with Solver(workers=1) as made:
        yield made


LONG = [f"x > {digit * 9_000}" for digit in "123"]
NESTED: dict[str, Any] = {"constraints": ["max(" * 60 + "x" + ", y)" * 60 + " == 7"]}


def test_a_term_comes_back_from_its_program():
    for seed in range(200):
        intent = read_intent(random_intent(Random(seed)))
        names = {name: at for at, name in enumerate(intent.sorts)}
        variables = [Variable(name, sort) for name, sort in intent.sorts.items()]
        for condition in intent.conditions:
            assert term_of(program(condition.term, names), variables) == condition.term


def test_reals_and_huge_numerals_come_back_too():
    source = {"vars": {"x": "real", "n": "int"}, "constraints": [f"x / 3 > 1.5e-30 - {'7' * 9000}"]}
    condition = read_intent({**source, "constraints": [*source["constraints"]]}).conditions[0]
    found = term_of(program(condition.term, {"x": 0}), [Variable("x", Sort.REAL)])
    assert found == condition.term


def test_a_worker_decides_what_the_pre_solver_decides():
    decided = 0
    for seed in range(60):
        asked = [one.problem for one in problems(read_intent(random_intent(Random(seed))))]
        encoded = encode(asked)
        encoded.payload["stop"] = False
        assert Easy(encoded.payload).pre_solved() == [None] * len(asked)
        encoded.ease(logic.EFFORT)
        for problem, answered in zip(asked, Easy(encoded.payload).pre_solved(), strict=True):
            decision = Presolver().decide(problem)
            if answered is None:
                assert decision is None
                continue
            assert decision is not None
            decided += 1
            assert (answered.answer > 0) is (decision.answer is Answer.SATISFIABLE)
            assert answered.certificate == (decision.certificate or None)
            names = [encoded.conditions[at].where for at in answered.core]
            assert tuple(names) == decision.core
    assert decided > 60


def test_an_effort_is_for_all_problems_together():
    posts = [f"x{at} * x{at} >= 0" for at in range(40)]
    encoded = encode([one.problem for one in problems(read_intent({"post": posts}))])
    encoded.payload["stop"] = False
    encoded.ease(200)
    found = Easy(encoded.payload).pre_solved()
    assert None in found
    assert found[0] is not None


def test_what_is_refuted_ends_the_search_where_that_is_wanted():
    encoded = encode(
        [one.problem for one in problems(read_intent({"post": ["x > 0", "y * 0 == 0"]}))]
    )
    for stop, known in ((True, [1, None]), (False, [1, -1])):
        encoded.payload["stop"] = stop
        encoded.ease(logic.EFFORT)
        assert [each and each.answer for each in Easy(encoded.payload).pre_solved()] == known


@pytest.mark.anyio
async def test_long_conditions_are_left_to_a_worker(solver: Solver):
    expert = logic_expert(solver)
    intent = read_intent({"pre": [*LONG, "y > 0"], "post": ["x + y > 1"]})
    assert not is_short(intent.conditions)
    found = expert.judge(Question(intent=intent, budget=20, key=""))
    assert not isinstance(found, Finding)
    finding = await found
    assert (finding.verdict, finding.reason) == (Verdict.APPROVED, "proved")
    assert {one["method"] for one in finding.evidence["obligations"]} <= {"model", "linear"}
    assert (await check(finding.evidence["proof"], None)).valid  # which needs no z3


@pytest.mark.anyio
async def test_what_is_not_easy_at_once_is_tried_again_by_a_worker(solver: Solver):
    intent = read_intent(NESTED)
    expert = logic_expert(solver)
    found = expert.judge(Question(intent=intent, budget=20, key=""))
    assert not isinstance(found, Finding)
    assert (await found).verdict is Verdict.APPROVED


def test_little_is_done_while_others_wait(monkeypatch: pytest.MonkeyPatch):
    spent = 0

    class Counting(Book):
        def spend(self, units: int) -> None:
            nonlocal spent
            spent += units
            super().spend(units)

    monkeypatch.setattr("ciranda_experts.presolve.presolve.Book", Counting)
    posts = [f"min(x{at}, y{at}, 1) < 1 or x{at}**3 + y{at}**3 != z{at}**3" for at in range(20)]
    intent = read_intent({"post": posts})
    assert isinstance(logic.look(intent, effort=WHOLE, each=EACH), logic.Undecided)
    few, spent = spent, 0
    assert few <= 4 * WHOLE  # the deeper search has twice as much for the last
    logic.look(intent)
    assert spent > few


@pytest.mark.anyio
async def test_one_problem_is_decided_by_a_worker_as_well(solver: Solver):
    intent = read_intent({"pre": [*LONG, "y > 0"], "post": ["x + y > 1"]})
    duty = next(one for one in problems(intent) if one.where == "post[0]")
    decision = await Deciding(solver).decide(duty.problem, 20)
    assert (decision.answer, decision.method) == (Answer.UNSATISFIABLE, "linear")
    assert EACH < BUDGET


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ({"constraints": ["c <= -2", "b <= a", "a*a <= b", "c*c <= b*b"]}, Verdict.REJECTED),
        (
            {
                "pre": ["a < 2", "b != -2", "c > 1", "d > 0", "a <= b"],
                "post": ["(b-d)**2 >= 0"],
            },
            Verdict.APPROVED,
        ),
        ({"constraints": ["x*x + x == y*y", "y > 0", "x > 0"]}, Verdict.REJECTED),
        ({"vars": {"x": "real"}, "constraints": ["x*x == 2 or x*x == 3"]}, Verdict.APPROVED),
        (
            {
                "vars": {"x": "real", "y": "real"},
                "pre": ["x*x == 2", "y == x**4"],
                "post": ["y == 4"],
            },
            Verdict.APPROVED,
        ),
    ],
)
@pytest.mark.anyio
async def test_what_once_was_not_decided_is(
    solver: Solver, source: dict[str, Any], verdict: Verdict
):
    expert = logic_expert(solver)
    found = expert.judge(Question(intent=read_intent(source), budget=20, key=""))
    finding = found if isinstance(found, Finding) else await found
    assert finding.verdict is verdict
    checked = await check(finding.evidence["proof"], solver)
    assert checked.valid, checked.message


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ({"constraints": ["x * x * x - x == 2 * y", "x > 1"]}, {"x": 2, "y": 3}),
        ({"vars": {"p": "bool", "x": "int"}, "constraints": ["p", "x == 5"]}, {"p": True, "x": 5}),
        ({"constraints": ["x * 7 % 1000 == 1"]}, {"x": 143}),
        ({"int_bits": 4, "constraints": ["x * x == 49"]}, None),
        ({"vars": {"x": "real"}, "constraints": ["x == 1"]}, None),
        ({"constraints": ["a + b + c + d + e == 1"]}, None),
        ({"constraints": ["x * x == 2"]}, None),
        ({"constraints": [" and ".join(["x * x != 2"] * 900) + " and x == 900"]}, None),
    ],
)  # fmt: skip
def test_small_numbers_are_tried_for_a_while(source: dict[str, Any], found: object):
    (obligation,) = problems(read_intent(source))
    assert tried(obligation.problem) == found


@pytest.mark.anyio
async def test_small_numbers_are_tried_where_all_else_takes_long(solver: Solver):
    source = ["y % 7 == 3", "(x * y) % 30 == (x**2 + y**2) % 30", "((x+1)*y) % 2 < 3"]
    (obligation,) = problems(read_intent({"constraints": source}))
    decision = await solver.decide(obligation.problem, budget=20, effort=logic.EFFORT)
    assert decision.answer is Answer.SATISFIABLE
