"""What has to be decided about an intent."""

from typing import Any

from ciranda_experts.intent import UNDEFINED, evaluate, read_intent
from ciranda_experts.presolve.problem import Answer, Role, can_be_undefined, problems
from ciranda_experts.presolve.witness import witnesses

from .random_problems import assignments, random_problem


def roles(**fields: Any) -> list[str]:
    return [one.role.value for one in problems(read_intent(fields))]


def test_pre_must_be_possible_and_each_post_is_a_problem_of_its_own():
    obligations = problems(read_intent({"pre": ["x > 0"], "post": ["x > 1", "y == y"]}))

    assert [one.role for one in obligations] == [Role.PRE_SATISFIABLE, Role.POST, Role.POST]
    assert [one.where for one in obligations] == ["", "post[0]", "post[1]"]
    assert [one.wanted for one in obligations] == [
        Answer.SATISFIABLE,
        Answer.UNSATISFIABLE,
        Answer.UNSATISFIABLE,
    ]
    assert [set(one.problem.sorts) for one in obligations] == [{"x"}, {"x"}, {"x", "y"}]


def test_pre_is_asked_for_definedness_where_that_is_a_question():
    assert roles(pre=["x / 2 > 0"], post=["x > 0"]) == ["pre-satisfiable", "post"]
    expected = ["pre-satisfiable", "pre-defined", "post"]
    assert roles(pre=["x / y > 0"], post=["x > 0"]) == expected
    assert roles(pre=["x % 0 > 0"], post=["x > 0"]) == expected
    assert roles(pre=["x + 1 > 0"], post=["x > 0"], int_bits=8) == expected
    assert roles(pre=["x < 200"], post=["x > 0"], int_bits=8) == expected
    assert roles(pre=["x < 100"], post=["x > 0"], int_bits=8) == ["pre-satisfiable", "post"]


def test_a_post_without_pre_and_constraints_stand_alone():
    assert roles(post=["x == x"]) == ["post"]
    assert roles(constraints=["x == 1", "y == 2"]) == ["constraints"]
    assert roles(code="x = 1") == []


def test_what_cannot_be_undefined_never_is():
    certain = 0
    for seed in range(150):
        problem = random_problem(seed, real=True)
        for condition in problem.assume:
            if not can_be_undefined(condition.term, problem.int_bits):
                certain += 1
                for values in list(assignments(problem))[:60]:
                    found = evaluate(condition.term, values, problem.int_bits)
                    assert found is not UNDEFINED
    assert certain > 50


def test_a_witness_needs_a_value_of_the_right_sort_and_width_for_every_variable():
    fields = {"constraints": ["p or x > 0", "r == r"], "int_bits": 8}
    sorts = {"vars": {"p": "bool", "x": "int", "r": "real"}}
    (obligation,) = problems(read_intent({**fields, **sorts}))
    problem = obligation.problem

    assert witnesses(problem, {"p": True, "x": 0, "r": 1})
    assert not witnesses(problem, {"p": False, "x": 0, "r": 1})
    assert not witnesses(problem, {"p": True, "x": 0})
    assert not witnesses(problem, {"p": 1, "x": 1, "r": 1})
    assert not witnesses(problem, {"p": True, "x": True, "r": 1})
    assert not witnesses(problem, {"p": True, "x": 128, "r": 1})
    assert not witnesses(problem, {"p": True, "x": 0, "r": 0.5})  # type: ignore[dict-item]
