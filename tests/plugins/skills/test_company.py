"""Warm runs that meet others like them are done together; one that is alone is a run as ever."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from ciranda.testing import harness
from ciranda_skills.format import Skill
from ciranda_skills.running import Outcome, Runner, Status
from ciranda_skills.running.company import Company, Limits
from ciranda_skills.running.progress import Finished, Killed, Ran, Started, Written
from ciranda_skills.sandbox import Level
from ciranda_skills.shelf import Shelf
from ciranda_skills.stats import read_report

from .commanding import project
from .running_fixtures import anyio_backend, runner, skill
from .running_stage import left_over, make_skill

__all__ = ["anyio_backend", "project", "runner", "skill"]
pytestmark = pytest.mark.anyio
Make = Callable[..., Skill]

LIMITS: Limits = {
    "timeout": 20.0, "max_output": 1 << 20, "memory_mb": 256, "max_processes": 32,
    "network": False, "env": {}, "require": Level.L0, "priority": "normal",
}  # fmt: skip
WORK: dict[str, str | bytes] = {
    "scripts/main.py": """
        import os, sys
        def execute(n: int, act: str = ""):
            if act == "say":
                print("said", n)
            if act == "crash":
                os.kill(os.getpid(), 9)
            if act == "raise":
                raise ValueError(f"no {n}")
            return [n, os.getpid()]
    """
}


@pytest.fixture
async def observed(runner: Runner, skill: Make) -> AsyncIterator[tuple[Company, list[Ran]]]:
    seen: list[Ran] = []  # ends before the test's skills are looked at
    async with Company(runner, observe=seen.append) as company:
        yield company, seen


async def all_at_once(
    company: Company, skill: Skill, many: list[dict[str, Any]], **more: Any
) -> list[Outcome]:
    found: dict[int, Outcome] = {}

    async def one(number: int, params: dict[str, Any]) -> None:
        found[number] = await company.run(skill, params=params, **{"warm": True, **LIMITS, **more})

    async with anyio.create_task_group() as tasks:
        for number, params in enumerate(many):
            tasks.start_soon(one, number, params)
    return [found[number] for number in range(len(many))]


async def test_runs_in_company_each_have_their_own_end(
    observed: tuple[Company, list[Ran]], skill: Make
) -> None:
    company, seen = observed
    many = [{"n": n} | ({"act": act} if (act := {7: "crash", 9: "raise"}.get(n)) else {})
            for n in range(40)]  # fmt: skip
    made = skill(WORK)
    outcomes = await all_at_once(company, made, many)
    again = await all_at_once(company, made, many[:3])

    for n, each in enumerate(outcomes):
        if n == 7:
            assert (each.status, each.signal) == (Status.FAILED, 9)
        elif n == 9:
            assert (each.status, each.exit_code) == (Status.FAILED, 1)
            assert "ValueError: no 9" in each.stderr
        else:
            assert (each.status, each.json[0]) == (Status.OK, n)
    assert [each.json[0] for each in again] == [0, 1, 2]
    # The first of each was alone, and is the runner's to tell; so is who came when it had ended.
    assert 39 <= len(seen) <= 39 + 2
    assert {(each.skill, each.found) for each in seen} == {(made.name, "warm")}
    assert len({each.json[1] for each in outcomes if each.ok}) <= 4


async def test_a_run_that_is_alone_or_shares_nothing_is_done_by_itself(
    observed: tuple[Company, list[Ran]], skill: Make
) -> None:
    company, seen = observed
    made = skill(WORK)
    alone = [await company.run(made, params={"n": n}, warm=True, **LIMITS) for n in range(3)]
    fresh = await all_at_once(company, made, [{"n": n} for n in range(3)], warm=False)

    assert [each.json[0] for each in (*alone, *fresh)] == [0, 1, 2] * 2
    assert len({each.json[1] for each in fresh}) == 3
    assert seen == []


async def test_what_cannot_be_done_together_is_refused_or_done_alone(
    observed: tuple[Company, list[Ran]], skill: Make
) -> None:
    company, seen = observed
    shell = await all_at_once(company, skill({"scripts/main.sh": "echo 1\n"}), [{}] * 3)
    none = await all_at_once(company, skill(WORK, name="other"), [{}] * 3, script="no-such")

    assert [each.json for each in shell] == [1] * 3
    assert {(each.status, each.kind) for each in none} == {(Status.REFUSED, "skills.script")}
    assert seen == []


async def test_output_of_company_is_heard_when_it_has_ended(
    observed: tuple[Company, list[Ran]], skill: Make
) -> None:
    company, _ = observed
    heard: list[Any] = []
    many = [{"n": 1, "act": "say"}] * 2 + [{"n": 2, "act": "crash"}]
    outcomes = await all_at_once(company, skill(WORK), many, on_chunk=heard.append)

    assert [each.status for each in outcomes] == [Status.OK, Status.OK, Status.FAILED]
    assert [each.text for each in heard if isinstance(each, Written)] == ["said 1\n"] * 2
    kinds = [type(each) for each in heard]
    assert [kinds.count(kind) for kind in (Started, Finished, Killed)] == [3, 2, 1]


async def test_an_edited_skill_has_company_of_its_own(runner: Runner, skill: Make) -> None:
    edited: dict[str, str | bytes] = {"scripts/main.py": "def execute(n: int):\n    return [-n]\n"}
    made, same = skill(WORK), skill(WORK, name="second")
    async with Company(runner, most=1) as company:
        for each in (made, same, made):
            outcomes = await all_at_once(company, each, [{"n": n} for n in range(4)])
            assert [outcome.json[0] for outcome in outcomes] == [0, 1, 2, 3]
        again = make_skill(made.root.parent, edited)
        outcomes = await all_at_once(company, again, [{"n": n} for n in range(4)])

    assert [outcome.json for outcome in outcomes] == [[0], [-1], [-2], [-3]]


async def test_steps_of_a_map_over_a_warm_skill_go_together(project: Any) -> None:
    root = make_skill(project / ".agents/skills", WORK, name="work-it").root
    Shelf(project).trust.grant(root, "work-it")
    text = """
ciranda: 1
name: t
steps:
  a:
    uses: skills.work_it
    map: ${{ range(30) }}
    max-parallel: 10
    with: {n: "${{ item }}"}
outputs: {a: "${{ steps.a.output }}"}
"""
    async with harness(settings={"skills": {"warm": ["work-it"]}}, folder=project) as made:
        run = await made.run(text)
    assert run.status == "succeeded", run.steps
    with anyio.move_on_after(5):
        while left_over(root):  # noqa: ASYNC110  (/proc has no event to wait for)
            await anyio.sleep(0.01)
    assert left_over(root) == []
    counted = read_report(project)

    answers = [each["json"] for each in run.outputs["a"]]
    assert counted.meters["lane_calls"] > 10
    assert counted.skills["work-it"].runs == 30
    assert [n for n, _ in answers] == list(range(30))
    assert len({pid for _, pid in answers}) <= 4
