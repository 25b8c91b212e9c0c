"""Proofs that somebody made up: whatever they say, checking them ends soon, and none convinces."""

import copy
from random import Random
from typing import Any

import pytest

from ciranda_experts import logic, recheck
from ciranda_experts.expert import Finding
from ciranda_experts.intent import read_intent
from ciranda_experts.presolve import certificate
from ciranda_experts.presolve.formula import Sums
from ciranda_experts.presolve.problem import problems

pytestmark = pytest.mark.anyio

SOURCES: tuple[dict[str, Any], ...] = (
    {"pre": ["x > 3", "y > 3"], "post": ["x + y > 7", "x * y > 9"]},
    {"pre": ["a >= 0", "b >= 0", "a + b == 10"], "post": ["a <= 10", "a % 2 == (10 - b) % 2"]},
    {"pre": ["x > 0", "x < 0"], "post": ["x == 1"]},
    {"post": ["x * x + 1 > 0"]},
    {"post": ["x * (x + 1) % 2 == 0"]},
    {"constraints": ["x * y == 35", "x > 1", "y > x"]},
    {"constraints": ["x * x == 3 * y + 2"]},
    {"pre": ["x > 0"], "post": ["x > 1"]},
    {"vars": {"x": "real", "p": "bool"}, "pre": ["x > 1.5", "p"], "post": ["x > 1 and p"]},
    {"int_bits": 8, "pre": ["x >= 0", "x < 100"], "post": ["x + 1 > x"]},
)
NUMBERS: tuple[Any, ...] = (
    "1e999999999", "-1e-999999999", "9" * 99_999, "1/" + "7" * 99_999, "1/0", "nan", "inf", "0",
    "-1", "4_0", "٤", " 4 ", "+4", "4.5", "", "0x10", 10**400, -1, 0, 1, 2, 1.5, 1e308, True,
    float("nan"), float("inf"), None, [], {}, [1], {"a": 1},
)  # fmt: skip


def proofs() -> list[dict[str, Any]]:
    found = []
    for source in SOURCES:
        finding = logic.look(read_intent(source))
        assert isinstance(finding, Finding)
        found.append(finding.evidence["proof"])
    return found


def places(value: Any) -> list[tuple[Any, Any]]:
    """List all places of plain data: what holds them, and their key there."""
    found: list[tuple[Any, Any]] = []
    rest = [value] if isinstance(value, dict | list) else []
    while rest:
        each = rest.pop()
        inside = each.items() if isinstance(each, dict) else enumerate(each)
        for key, one in inside:
            found.append((each, key))
            if isinstance(one, dict | list):
                rest.append(one)
    return found


def mutate(random: Random, proof: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    twin = copy.deepcopy(proof)
    for left in reversed(range(random.choice((1, 1, 1, 2, 3)))):
        holder, key = random.choice(places(twin.get("steps")) or [(twin, "steps")])
        kind = random.randrange(6)
        if kind < 2:
            holder[key] = copy.deepcopy(random.choice(NUMBERS))
        elif kind == 2:
            other, place = random.choice(places(random.choice(others)["steps"]))
            holder[key] = copy.deepcopy(other[place])
        elif kind == 3:
            deep: Any = copy.deepcopy(holder[key])
            for _ in range(random.choice((1, 50)) if left else 3000):
                deep = random.choice(([deep], {"split": "post[0]", "branches": [deep, {}]}))
            holder[key] = deep
        elif kind == 4:
            holder[key] = [holder[key]] * (random.choice((0, 2)) if left else 2000)
        elif isinstance(holder, dict):
            holder[random.choice([*holder, "sum", "cases", "as", "x"])] = holder.pop(key)
        else:
            del holder[key]
    return twin


async def survive(count: int, seed: int) -> None:
    known = proofs()
    random = Random(seed)
    for _ in range(count):
        proof = random.choice(known)
        twin = mutate(random, proof, known)
        checked = await recheck.check(twin, None)
        if checked.valid:
            assert (twin["verdict"], twin["key"]) == (proof["verdict"], proof["key"])
            assert twin["reason"] in {proof["reason"], "counterexample"}


@pytest.mark.uncounted
async def test_mutated_proofs_are_refused_or_say_the_same():
    await survive(150, 7)


async def test_what_is_not_changed_is_valid():
    for proof in proofs():
        checked = await recheck.check(proof, None)
        assert checked.valid, checked.message


def linear(proof: Any) -> bool:
    intent = read_intent(SOURCES[0])
    claimed = next(one for one in problems(intent) if one.where == "post[0]")
    return certificate.check(claimed.problem, {"proof": proof})


SOUND: dict[str, Any] = {"sum": {"pre[0]": "1", "pre[1]": "1", "post[0]/0": "1"}}


@pytest.mark.parametrize(
    "number", ["1e999999999", "1e-999999999", "1/1e99999", "9" * 100_001, "1/" + "9" * 100_001]
)
def test_numbers_are_as_long_as_they_are_written(number: str):
    assert linear(SOUND)
    assert not linear({"sum": {**SOUND["sum"], "pre[0]": number}})


def test_powers_do_not_grow_without_end():
    squares = [{"product": ["pre[0]", "pre[1]"]}]
    squares += [{"product": [f"#{at}", f"#{at}"]} for at in range(60)]
    assert not linear({"steps": squares, "sum": {"#60": "1"}})
    doubled = [{"square": ["x"]}, *({"product": [f"#{at}", f"#{at}"]} for at in range(60))]
    assert not linear({"steps": doubled, "sum": {"#60": "1"}})


def test_primes_are_not_raised_to_what_no_number_holds():
    equation = {"sum": {"constraints[0]": "1"}}
    node = {
        "factors": equation,
        "left": [["1", "x"]],
        "right": [["1", "y"]],
        "as": "case:1",
        "branches": [],
    }
    problem = problems(read_intent({"constraints": ["x * y == 35", "x > 50"]}))[0].problem
    for primes in ({"2": 10**12}, {"5": "9" * 30}, {"7" * 4000: 1}, {"5": -1}, {"5": 1, "7": 1}):
        assert not certificate.check(problem, {"proof": {**node, "primes": primes}})


def test_a_tree_of_many_branches_is_not_walked_to_its_end():
    node: dict[str, Any] = {"false": "post[0]"}
    for _ in range(300):  # a few objects, and more leaves than there are atoms
        node = {"cases": [["1", "x"]], "as": "case:1", "branches": [node] * 3}
    sums = Sums(20_000)
    problem = problems(read_intent(SOURCES[0]))[1].problem
    assert not certificate.check(problem, {"proof": node}, sums)
    for depth in range(30):
        node = {"cases": [["1", "x"]], "as": f"case:{depth}", "branches": [node] * 3}
    assert not certificate.check(problem, {"proof": node}, sums)


def test_remainders_of_remainders_are_read_once():
    text = "x"
    for _ in range(60):
        text = f"({text}) % 7"
    (problem,) = (one.problem for one in problems(read_intent({"post": [f"{text} >= 0"]})))
    assert not certificate.check(problem, {"proof": {"sum": {"post[0]/0": "1"}}})
    # Its remainder says of the outermost of them that it is not below 0.
    parts = [f"post[0]/0/0/{at}/0" for at in range(5)]
    assert any(
        certificate.check(problem, {"proof": {"sum": {"post[0]/0": "1", part: "1"}}})
        for part in parts
    )


def made(source: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    intent = read_intent(source)
    common = {"role": "constraints", "where": "", "answer": "satisfiable", "method": "z3"}
    return {
        "format": 1,
        "expert": "logic",
        "verdict": "approved",
        "reason": "consistent",
        "key": intent.key,
        "intent": intent.source,
        "steps": [{**common, **step}],
    }


async def test_assignments_too_large_to_calculate_with_show_nothing():
    source = {"vars": {"x": "real"}, "constraints": ["x ** 64 > 3", "x > 2"]}
    for value in ("9" * 30, "9" * 100 + "/7"):
        assert (await recheck.check(made(source, {"model": {"x": value}}), None)).valid
    for value in ("9" * 99_999, "9" * 99_999 + "/" + "7" * 99_998):
        checked = await recheck.check(made(source, {"model": {"x": value}}), None)
        assert (checked.valid, checked.reason) == (False, "not-shown")


@pytest.mark.parametrize("digits", [20, 4_000, 99_000])
async def test_bounds_of_irrational_solutions_may_not_be_too_long(digits: int):
    source = {"vars": {"x": "real", "y": "real"}, "constraints": ["x ** 60 == 2", "y == x ** 2"]}
    one = "1" + "0" * digits
    about = {
        "method": "between",
        "spans": {"x": [f"{one}1/{one}0", f"2{one[1:]}1/{one}0"]},  # about 1, and 2
        "near": {},
        "values": {},
    }
    checked = await recheck.check(made(source, {"certificate": about}), None)
    assert checked.valid is (digits == 20)
