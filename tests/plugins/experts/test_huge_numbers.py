"""Numbers of thousands of digits are numbers: judged, proved, told of and checked again."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from ciranda_experts.exact import number_of, written
from ciranda_experts.expert import Finding
from ciranda_experts.intent import read_intent
from ciranda_experts.intent.numeral import digits_of
from ciranda_experts.logic import EFFORT, judge
from ciranda_experts.recheck import check
from ciranda_experts.solver.solver import Solver

pytestmark = pytest.mark.anyio

DIGITS = (1, 640, 650, 4_299, 4_301, 9_998)
TEMPLATES: tuple[dict[str, Any], ...] = (
    {"pre": ["x > {a}", "y > {b}"], "post": ["x + y > {a}"]},
    {"pre": ["x == {a}"], "post": ["x * 3 > {b}"]},
    {"pre": ["x + y == {a}", "x - y == {b}"], "post": ["x * 2 == {a} + {b}"]},
    {"constraints": ["x > {a}", "x < {a} + 2", "y == x - {b}"]},
    {"constraints": ["x * {a} == {b}", "x > 1"]},
    {"vars": {"x": "real"}, "constraints": ["x * {a} == {b} / 7"]},
    {"vars": {"x": "real"}, "pre": ["x > {a} / {b}"], "post": ["x * {b} > {a} - 1"]},
    {"pre": ["x > {a}"], "post": ["x % {b} < {b}", "x // {b} <= x"]},
    {"vars": {"x": "int", "p": "bool"}, "pre": ["x >= {a} or p", "not p"], "post": ["x >= {a}"]},
    {"pre": ["x > {a}", "y > 0"], "post": ["x * y > 0"]},
    {"int_bits": 64, "constraints": ["x > {a}"]},
)  # fmt: skip


@pytest.fixture
async def solver() -> AsyncIterator[Solver]:
    async with Solver(workers=1) as made:
        yield made


def filled(given: Any, numbers: dict[str, str]) -> Any:
    if isinstance(given, str):
        return given.format_map(numbers)
    return [filled(each, numbers) for each in given] if isinstance(given, list) else given


def intents(seed: int, count: int) -> list[dict[str, Any]]:
    random = Random(seed)
    found = []
    for turn in range(count):
        a, b = (
            digits_of(random.randrange(1, 10) * 10 ** (random.choice(DIGITS) - 1) + turn)
            for _ in "ab"
        )
        template = TEMPLATES[turn % len(TEMPLATES)]
        found.append({field: filled(given, {"a": a, "b": b}) for field, given in template.items()})
    return found


async def test_intents_with_huge_numbers_are_judged_and_checked(solver: Solver):
    proofs = 0
    for data in intents(5, 2 * len(TEMPLATES)):
        finding = await judge(read_intent(data), solver, 5, effort=EFFORT)
        assert isinstance(finding, Finding)
        assert finding.reason != "expert-crashed"
        assert len(finding.message) < 2_000
        if "proof" in finding.evidence:
            proofs += 1
            checked = await check(finding.evidence["proof"], solver)
            assert checked.valid, checked.message
    assert proofs > len(TEMPLATES)


async def test_a_solver_is_told_of_huge_numbers_and_tells_of_them(solver: Solver):
    for data in intents(6, 4):
        finding = await judge(read_intent(data), solver, 5, effort=0)
        assert finding.proven, finding.message
        checked = await check(finding.evidence["proof"], solver)
        assert checked.valid, checked.message


async def test_numbers_are_written_and_read_back_whatever_their_length():
    for digits in (1, 599, 601, 4_301, 50_000):
        number = 10**digits - 7
        for value in (number, -number):
            text = written(value)
            assert isinstance(text, str)
            assert number_of(text) == value
    assert number_of("1" * 100_001) is None
    assert number_of("1/" + "0" * 50) is None
