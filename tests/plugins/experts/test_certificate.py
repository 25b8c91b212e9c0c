"""Certificates: the right ones are accepted, others are not, whatever they say."""

import copy
import json
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest

from ciranda_experts.intent import read_intent
from ciranda_experts.presolve.certificate import check
from ciranda_experts.presolve.presolve import presolve
from ciranda_experts.presolve.problem import Answer, Decision, Problem, problems

from .payments import payment
from .random_problems import random_problem


def problem_of(**fields: Any) -> Problem:
    return problems(read_intent(fields))[-1].problem


@cache
def decided() -> list[tuple[Problem, Decision]]:
    """Return random problems and those of payments that are decided without a solver."""
    made = [random_problem(seed, real=seed % 3 == 0) for seed in range(220)]
    for seed in range(30):
        made += [one.problem for one in problems(read_intent(payment(seed)))]
    decisions = [(problem, presolve(problem)) for problem in made]
    return [(problem, found) for problem, found in decisions if found is not None]


def proved() -> Iterator[tuple[Problem, dict[str, Any]]]:
    """Yield problems without a model, with a certificate of each."""
    for problem, found in decided():
        if found.answer is Answer.UNSATISFIABLE:
            yield problem, json.loads(json.dumps(found.certificate))


def satisfiable() -> list[Problem]:
    return [problem for problem, found in decided() if found.answer is Answer.SATISFIABLE]


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for branch in node.get("branches", ()):
        yield from nodes(branch)


def mutants(certificate: dict[str, Any], rng: Random) -> Iterator[dict[str, Any]]:
    """Yield certificates that are wrong, whatever they are for."""
    found = list(nodes(certificate["proof"]))
    for at, node in enumerate(found):
        if node.get("branches"):
            yield _changed(certificate, at, branches=node["branches"][:-1])
            yield _changed(certificate, at, branches=node["branches"] * 2)
            yield _changed(certificate, at, split=f"{node['split']}/9999")
        elif "sum" in node:
            name = rng.choice(list(node["sum"]))
            yield _changed(certificate, at, sum={})
            yield _changed(certificate, at, sum=node["sum"] | {"pre[9999]": "1"})
            yield _changed(certificate, at, sum=node["sum"] | {name: "many"})
            yield _changed(certificate, at, steps=[{"product": ["#0", "#0"]}])
        elif "false" in node:
            yield _changed(certificate, at, false="pre[9999]")
        elif "clash" in node:
            yield _changed(certificate, at, clash=node["clash"][:1] * 2)


def _changed(certificate: dict[str, Any], at: int, **fields: Any) -> dict[str, Any]:
    twin = copy.deepcopy(certificate)
    list(nodes(twin["proof"]))[at].update(fields)
    return twin


@pytest.mark.uncounted
def test_every_proof_is_accepted_and_three_hundred_broken_ones_are_not():
    rng = Random(7)
    refused = 0
    for problem, certificate in proved():
        assert check(problem, certificate)
        for mutant in mutants(certificate, rng):
            assert not check(problem, mutant), mutant
            refused += 1
    assert refused >= 300


@pytest.mark.uncounted
def test_another_multiplier_is_refused_unless_the_sum_is_still_a_falsehood():
    refused = 0
    for problem, certificate in proved():
        for at, node in enumerate(nodes(certificate["proof"])):
            if "sum" not in node or len(node["sum"]) < 2 or "steps" in node:
                continue
            for name, weight in node["sum"].items():
                twin = _changed(certificate, at, sum=node["sum"] | {name: str(-Fraction(weight))})
                refused += not check(problem, twin)
    assert refused >= 300


@pytest.mark.uncounted
def test_no_certificate_convinces_of_what_has_a_model():
    others = satisfiable()
    tried = 0
    for turn, (_, certificate) in enumerate(proved()):
        for shift in range(4):
            tried += 1
            assert not check(others[(turn * 7 + shift) % len(others)], certificate)
    assert tried >= 300


def test_a_sum_is_a_falsehood_only_with_numbers_above_zero():
    problem = problem_of(constraints=["x > 3", "x < 4"])

    assert check(problem, {"proof": {"sum": {"constraints[0]": "1", "constraints[1]": "1"}}})
    assert check(problem, {"proof": {"sum": {"constraints[0]": "3/2", "constraints[1]": "3/2"}}})
    for first, second in (("1", "2"), ("-1", "-1"), ("0", "1"), ("1", "0"), ("1/0", "1")):
        sums = {"constraints[0]": first, "constraints[1]": second}
        assert not check(problem, {"proof": {"sum": sums}})


def test_reals_are_not_rounded():
    real = {"x": "real"}
    proof = {"proof": {"sum": {"constraints[0]": "1", "constraints[1]": "1"}}}
    cut = [{"sum": {"constraints[0]": "1"}, "cut": True}]
    rounded = {"proof": {"sum": {"#0": "1", "constraints[1]": "1"}, "steps": cut}}

    assert not check(problem_of(constraints=["x > 3", "x < 4"], vars=real), proof)
    assert not check(problem_of(constraints=["x > 3", "x < 4"], vars=real), rounded)
    assert check(problem_of(constraints=["x > 3", "x < 4"]), rounded)


def test_a_part_of_a_choice_is_a_fact_only_where_it_was_chosen():
    problem = problem_of(constraints=["x == 1 or x == 2", "x > 2"])
    first = {"sum": {"constraints[0]/0/0": "-1", "constraints[1]": "1"}}
    second = {"sum": {"constraints[0]/1/1": "-1", "constraints[1]": "1"}}

    assert check(problem, {"proof": {"split": "constraints[0]", "branches": [first, second]}})
    assert not check(problem, {"proof": first})
    assert not check(problem, {"proof": {"split": "constraints[0]", "branches": [second, first]}})
    assert not check(problem, {"proof": {"split": "constraints[1]", "branches": []}})
    assert not check(problem, {"proof": {"split": "constraints[1]", "branches": [first]}})


def test_only_equations_are_multiplied_by_variables_and_only_numbers_are_squared():
    problem = problem_of(constraints=["x * y < 0", "x > 0", "p"], vars=_sorts("x y", p="bool"))

    def proof(*steps: dict[str, Any]) -> dict[str, Any]:
        return {"proof": {"sum": {"#0": "1", "constraints[0]": "1"}, "steps": list(steps)}}

    assert not check(problem, proof({"sum": {"constraints[1]": "1"}, "times": ["y"]}))
    assert not check(problem, proof({"square": ["p"]}))
    assert not check(problem, proof({"square": ["z"]}))
    assert not check(problem, proof({"product": ["constraints[1]", "constraints[2]"]}))
    squares = problem_of(constraints=["x * x < 0"])
    assert check(squares, proof({"square": ["x"]}))


def _sorts(ints: str, **others: str) -> dict[str, str]:
    return {**dict.fromkeys(ints.split(), "int"), **others}


def test_ranges_are_those_of_machine_integers():
    problem = problem_of(constraints=["x > 127"], int_bits=8)
    proof = {"proof": {"sum": {"constraints[0]": "1", "high(x)": "1"}}}

    assert check(problem, proof)
    assert not check(problem_of(constraints=["x > 127"], int_bits=9), proof)
    assert not check(problem_of(constraints=["x > 127"]), proof)
    real = problem_of(constraints=["x > 127"], int_bits=8, vars={"x": "real"})
    assert not check(real, proof)


def test_what_is_undefined_is_shown_for_every_condition():
    intent = read_intent({"pre": ["y > 0", "x / y > 1"], "post": ["x > 0"]})
    problem = next(one.problem for one in problems(intent) if one.problem.undefined)
    never = {"false": "undefined/0"}
    zero = {"sum": {"undefined/1/0/2": "-1", "pre[0]": "1"}}

    assert check(problem, {"proof": {"split": "undefined", "branches": [never, zero]}})
    assert not check(problem, {"proof": {"split": "undefined", "branches": [never]}})
    assert not check(problem, {"proof": zero})
    late = {"sum": {"pre[1]": "1", "pre[0]": "1"}}
    assert not check(problem, {"proof": {"split": "undefined", "branches": [never, late]}})
    assert not check(problem, {"proof": {"split": "undefined", "branches": [late, zero]}})
    assert not check(problem, {"proof": {"sum": {"post[0]/0": "1"}}})


@pytest.mark.parametrize(
    "certificate",
    [
        {},
        {"proof": None},
        {"proof": []},
        {"proof": {"sum": 3}},
        {"proof": {"sum": {"constraints[0]": None}}},
        {"proof": {"clash": ["constraints[0]"]}},
        {"proof": {"clash": ["constraints[0]", "constraints[1]"]}},
        {"proof": {"split": "constraints[0]", "branches": 7}},
        {"proof": {"false": "constraints[0]/-1"}},
        {"proof": {"false": "constraints[0]/00"}},
        {"proof": {"false": "constraints[0]/x"}},
        {"proof": {"false": "undefined/0"}},
        {"proof": {"sum": {"#0": "1"}, "steps": [{"sum": {"#0": "1"}}]}},
        {"proof": {"sum": {"#0": "1"}, "steps": ["cut"]}},
    ],
)
def test_what_is_no_certificate_proves_nothing(certificate: dict[str, Any]):
    assert not check(problem_of(constraints=["x > 3", "x < 3"]), certificate)


def test_a_certificate_that_would_take_too_long_proves_nothing():
    term = "p" + " == (q" * 60 + " == p" + ")" * 60
    problem = problem_of(constraints=[term], vars={"p": "bool", "q": "bool"})

    assert not check(problem, {"proof": {"false": "constraints[0]"}})
