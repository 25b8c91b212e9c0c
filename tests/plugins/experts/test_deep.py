"""Products of whole numbers: what the pre-solver says of them, and that its proofs are some."""

import copy
import json
import time
from collections import Counter
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import pytest

from ciranda_experts.intent import read_intent
from ciranda_experts.presolve.certificate import check
from ciranda_experts.presolve.presolve import presolve
from ciranda_experts.presolve.problem import Answer, Decision, Problem, problems
from ciranda_experts.presolve.witness import witnesses

SAT, UNSAT = Answer.SATISFIABLE, Answer.UNSATISFIABLE
KINDS = ("modulus", "factors", "cases", "descent")


def decided(**fields: Any) -> tuple[Problem, Decision]:
    """Decide the last problem of an intent; what shows the answer is checked."""
    problem = problems(read_intent(fields))[-1].problem
    decision = presolve(problem)
    assert decision is not None
    if decision.answer is UNSAT:
        assert check(problem, json.loads(json.dumps(decision.certificate)))
    else:
        assert witnesses(problem, decision.model or {})
    return problem, decision


@pytest.mark.parametrize(
    ("pre", "post"),
    [
        ("", "(x**3 - x) % 6 == 0"),
        ("", "(x**5 - x) % 30 == 0"),
        ("", "x*x % 3 != 2 and x*x % 4 <= 1"),
        ("", "n*(n+1)//2*2 == n*(n+1)"),
        ("x % 3 != 0", "x*x % 3 == 1"),
        ("x % 2 == 1", "x*x % 8 == 1"),
        ("", "(x*x + y*y + z*z) % 8 != 7"),
        ("y > 0", "(x + k*y) % y == x % y"),
        ("y != 0", "(x + k*y) % y == x % y"),
        ("a > 0 and b > 0 and b % a == 0 and c % b == 0", "c % a == 0"),
        ("d > 0 and x % d == 0 and y % d == 0", "(x + y) % d == 0"),
        ("n > 0", "((a % n) * (b % n)) % n == (a * b) % n"),
        ("b > 0", "a*a != 2*b*b"),
        ("a**3 == 2*b**3", "a == 0"),
        ("n >= 0 and x >= 0 and n*n < x*x", "x*x >= (n + 1)*(n + 1)"),
        ("a*b == 1000003 and 1 < a", "a == 1000003"),
    ],
)
def test_what_is_easy_for_people_is_proved(pre: str, post: str):
    _, decision = decided(pre=[pre] if pre else [], post=[post])

    assert decision.answer is UNSAT


@pytest.mark.parametrize(
    "constraints",
    [
        ["x*x == 3*y + 2"],
        ["x*x - 3*y*y == -1"],
        ["x**3 + y**3 + z**3 == 31"],
        ["a*b == 1000003", "1 < a", "a <= b", "b < 1000003"],
        ["x*x - y*y == 1000002"],
        ["x*y + 3*x + 2*y == 5", "x > 0", "y > 0"],
        ["x*x == 6*y*y", "y > 0"],
        ["x*(x + 1) == y*y", "x > 0"],
    ],
)
def test_what_no_whole_numbers_satisfy_is_refuted(constraints: list[str]):
    assert decided(constraints=constraints)[1].answer is UNSAT


@pytest.mark.parametrize(
    "constraints",
    [
        ["p*q == 9998000099", "1 < p", "p <= q"],
        ["x*x - 2*y*y == 1", "y > 1000000"],
        ["x*x - 61*y*y == 1", "y > 0"],
        ["x*x - 29*y*y == -1", "x < 0"],
        ["a*a + b*b + c*c + d*d == 1007"],
        ["x*x + y*y == z*z", "3 < x < y", "x + y + z == 40"],
        ["y*y == x**3 + 17", "x > 2"],
        ["a + b == 100", "a * b == 2419"],
    ],
)
def test_solutions_are_met(constraints: list[str]):
    assert decided(constraints=constraints)[1].answer is SAT


def test_machine_integers_have_divisors_too():
    prime = ["x * y == 2147483647", "x > 1", "y > 1"]
    assert decided(constraints=prime, int_bits=32)[1].answer is UNSAT
    other = ["x * y == 2147483646", "x > 1", "y > x"]
    assert decided(constraints=other, int_bits=32)[1].answer is SAT


def test_real_numbers_have_neither_residues_nor_divisors():
    for constraints in (["x*x == 3*y + 2", "y == 0.75 - 1"], ["x*y == 7", "x == 2"]):
        (one,) = problems(read_intent({"constraints": constraints, "vars": reals("x y")}))
        decision = presolve(one.problem)
        assert decision is None or decision.answer is SAT


def reals(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "real")


def random_fields(rng: Random) -> dict[str, Any]:
    names = "xyz"[: rng.randint(1, 3)]

    def polynomial(degree: int = 3) -> str:
        terms = [
            "*".join((rng.choice("12367"), *rng.choices(names, k=rng.randint(1, degree))))
            for _ in range(rng.randint(1, 3))
        ]
        return f"({' - '.join(terms)} + {rng.randint(0, 3)})"

    def condition() -> str:
        compare = rng.choice(["==", "!=", "<", ">=", "<="])
        modulus = rng.choice([2, 3, 4, 5, 6, 8, 9, -3, -4])
        return rng.choice(
            [
                f"{polynomial()} % {modulus} {compare} {rng.randint(-2, 5)}",
                f"{polynomial()} == {rng.randint(-20, 40)}",
                f"{rng.choice(names)} * {polynomial(1)} == {rng.choice([1, 2, 6, 7, 30, -5, 49])}",
                f"{polynomial()} // {modulus} * {modulus} {compare} {polynomial()}",
                f"{polynomial()} % {rng.choice(names)} {compare} {rng.choice(names)}",
                f"{rng.choice(names)} {rng.choice(['>', '<', '!='])} {rng.randint(-2, 3)}",
                f"{rng.choice(names)}**2 == {rng.choice([2, 3, 5, 6])} * {rng.choice(names)}**2",
                f"{polynomial()} % {modulus} {compare} {polynomial(2)} % {modulus}",
            ]
        )

    first = [condition() for _ in range(rng.randint(1, 2))]
    fields: dict[str, Any] = {"constraints": [*first, condition()]}
    if rng.random() < 0.5:
        fields = {"pre": first, "post": [condition()]}
    return fields | ({"int_bits": rng.choice([4, 8])} if rng.random() < 0.2 else {})


def made(first: int, count: int) -> Iterator[tuple[int, Problem, Decision | None]]:
    for seed in range(first, first + count):
        for one in problems(read_intent(random_fields(Random(seed)))):
            yield seed, one.problem, presolve(one.problem)


@pytest.mark.uncounted
@pytest.mark.parametrize("first", [0, 1_000, 2_000])
def test_it_never_contradicts_trying_small_numbers(first: int):
    said: Counter[Answer | None] = Counter()
    kinds: Counter[str] = Counter()
    for seed, problem, decision in made(first, 70):
        said[decision.answer if decision else None] += 1
        if decision is None:
            continue
        if decision.answer is SAT:
            assert witnesses(problem, decision.model or {}), seed
            continue
        text = json.dumps(decision.certificate)
        kinds.update(kind for kind in KINDS if kind in text)
        assert check(problem, json.loads(text)), seed
        reach = range(-6, 7) if len(problem.sorts) < 3 else range(-3, 4)
        for values in product(reach, repeat=len(problem.sorts)):
            assert not witnesses(problem, dict(zip(problem.sorts, values, strict=True))), seed
    assert said[None] < 15
    assert kinds["modulus"] > 5


def mutants(node: Any) -> Iterator[Any]:
    """Yield what a part of a certificate must not be changed to, one change at a time."""
    if isinstance(node, list):
        for at, part in enumerate(node):
            for mutant in mutants(part):
                yield [*node[:at], mutant, *node[at + 1 :]]
        return
    if not isinstance(node, dict):
        return
    for key, part in node.items():
        for mutant in mutants(part):
            yield node | {key: mutant}
    if "modulus" in node:
        yield node | {"modulus": 1}
        yield node | {"modulus": 2.5}
        yield node | {"modulus": 10**9}
    if "descent" in node:
        yield node | {"divisor": 1}
        yield node | {"of": "nobody"}
    if "factors" in node:
        yield node | {"primes": {}}
        yield node | {"primes": dict.fromkeys(node["primes"], "2")}
        yield node | {"left": node["right"], "right": node["right"]}
        yield node | {"branches": node["branches"][1:]}
        yield node | {"as": "constraints[0]"}
    if "cases" in node:
        yield node | {"branches": node["branches"][:2]}
        yield node | {"branches": node["branches"][::-1]}
        yield node | {"as": "pre[0]"}


@pytest.mark.parametrize(
    "fields",
    [
        {"post": ["(x**3 - x) % 6 == 0"]},
        {"constraints": ["x*x == 3*y + 2"]},
        {"constraints": ["a*b == 1000003", "1 < a", "a <= b", "b < 1000003"]},
        {"constraints": ["a*a == 2*b*b", "b > 0"]},
        {"pre": ["n >= 0", "x >= 0", "n*n < x*x"], "post": ["x*x >= (n + 1)*(n + 1)"]},
        {"pre": ["y > 0"], "post": ["(x + k*y) % y == x % y"]},
        {"pre": ["x % 3 != 0"], "post": ["x*x % 3 == 1"]},
    ],
)
def test_a_proof_that_was_changed_is_refused(fields: dict[str, Any]):
    problem, decision = decided(**fields)

    tried = 0
    for mutant in mutants(copy.deepcopy(decision.certificate)):
        assert not check(problem, mutant), mutant
        tried += 1
    assert tried >= 3


@pytest.mark.uncounted
def test_proofs_do_not_fit_other_problems():
    satisfiable = [problem for _, problem, found in made(0, 40) if found and found.answer is SAT]
    proofs = [found for _, _, found in made(3_000, 40) if found and found.answer is UNSAT]
    for at, proof in enumerate(proofs):
        for shift in range(6):
            assert not check(satisfiable[(at * 5 + shift) % len(satisfiable)], proof.certificate)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize(
    "constraints",
    [
        ["1 < x <= y", "x * y == 4611685975477714963"],
        ["a > 0", "b > 0", "c > 0", "a**5 + b**5 == c**5"],
        ["x**3 + y**3 + z**3 == 33"],
        ["y*y == x**3 + 7"],
    ],
)
def test_it_gives_up_before_long(constraints: list[str]):
    (one,) = problems(read_intent({"constraints": constraints}))
    costs = []
    for _ in range(3):
        start = time.process_time()
        assert presolve(one.problem) is None
        costs.append(time.process_time() - start)

    assert min(costs) < 0.1  # some 10 ms on a machine of its own
