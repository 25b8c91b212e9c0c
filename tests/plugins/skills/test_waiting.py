"""Turns: by priority, in order, nobody starves, and who leaves the line is not waited for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import anyio
import pytest
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint
from hypothesis import given, settings, strategies as st

from ciranda_skills.running import Runner
from ciranda_skills.running.waiting import PRIORITIES, Priority, Turns

from .running_stage import make_skill

pytestmark = pytest.mark.anyio


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Line:
    """One place, taken; and who gets it after whom."""

    def __init__(self, ageing: float = 10.0) -> None:
        self.clock = Clock()
        self.turns = Turns(1, ageing=ageing, clock=self.clock)
        self.served: list[str] = []
        self.scopes: dict[str, anyio.CancelScope] = {}

    async def come(
        self,
        name: str,
        priority: Priority,
        *,
        task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        with anyio.CancelScope() as self.scopes[name]:
            task_status.started()
            async with self.turns.turn(priority):
                self.served.append(name)
                await checkpoint()

    async def serve(self, comers: list[tuple[float, str, Priority]]) -> list[str]:
        assert self.turns.take()
        async with anyio.create_task_group() as tasks:
            for at, name, priority in comers:
                self.clock.now = at
                await tasks.start(self.come, name, priority)
                await arrived(self.turns, len(self.scopes))
            self.turns.give_back()
        return self.served


async def arrived(turns: Turns, count: int) -> None:
    while turns.waiting < count:
        await checkpoint()


async def test_the_more_urgent_go_first_and_the_rest_as_they_came() -> None:
    comers: list[tuple[float, str, Priority]] = [
        (0, "l1", "low"), (1, "n1", "normal"), (2, "h1", "high"),
        (3, "n2", "normal"), (4, "h2", "high"), (5, "l2", "low"),
    ]  # fmt: skip

    assert await Line().serve(comers) == ["h1", "h2", "n1", "n2", "l1", "l2"]


async def test_nobody_starves_for_who_has_waited_is_worth_more() -> None:
    comers: list[tuple[float, str, Priority]] = [(0, "low", "low")]
    comers += [(float(at), f"h{at}", "high") for at in range(1, 40)]

    served = await Line(ageing=10.0).serve(comers)

    assert served.index("low") == 19  # after those that came within 20 seconds, before all others
    assert [each for each in served if each != "low"] == [f"h{at}" for at in range(1, 40)]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(PRIORITIES)), min_size=1, max_size=12),
    st.integers(0, 8),
)
@settings(max_examples=40, deadline=None)
def test_the_line_is_sorted_by_arrival_put_off_by_level(
    comers: list[tuple[int, Priority]], ageing: int
) -> None:
    async def served() -> list[str]:
        now = 0.0
        given: list[tuple[float, str, Priority]] = []
        for number, (step, priority) in enumerate(comers):
            now += step
            given.append((now, str(number), priority))
        order = [
            str(number)
            for _, number in sorted(
                (at + ageing * PRIORITIES.index(level), int(name)) for at, name, level in given
            )
        ]
        assert await Line(ageing).serve(given) == order
        return order

    assert len(anyio.run(served)) == len(comers)


async def test_who_is_cancelled_leaves_the_line() -> None:
    line = Line()
    assert line.turns.take()
    async with anyio.create_task_group() as tasks:
        for name in ("a", "b", "c"):
            await tasks.start(line.come, name, "normal")
            await arrived(line.turns, len(line.scopes))
        line.scopes["a"].cancel()
        while line.turns.waiting == 3:
            await checkpoint()
        line.turns.give_back()

    assert line.served == ["b", "c"]
    assert (line.turns.free, line.turns.waiting) == (1, 0)


async def test_who_is_cancelled_as_the_place_is_given_hands_it_on() -> None:
    line = Line()
    assert line.turns.take()
    async with anyio.create_task_group() as tasks:
        for name in ("a", "b"):
            await tasks.start(line.come, name, "normal")
            await arrived(line.turns, len(line.scopes))
        line.turns.give_back()
        line.scopes["a"].cancel()

    assert line.served[-1] == "b"
    assert (line.turns.free, line.turns.waiting) == (1, 0)


async def test_many_who_leave_are_forgotten_and_every_place_comes_back() -> None:
    turns = Turns(3)
    for _ in range(3):
        assert turns.take()
    assert not turns.take()
    async with anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(turns.wait, "low")
        await arrived(turns, 200)
        tasks.cancel_scope.cancel()
    assert turns.waiting == 0
    for _ in range(3):
        turns.give_back()
    assert turns.free == 3


async def test_somebody_hears_of_it_when_it_gets_crowded() -> None:
    heard: list[str] = []
    tell: Callable[[], None] = lambda: heard.append("crowded")  # noqa: E731  (its type is checked)
    turns = Turns(1, crowded=tell)
    async with turns.turn():
        assert heard == []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(turns.wait, "high")
            await arrived(turns, 1)
            tasks.cancel_scope.cancel()
    assert heard == ["crowded"]


def test_there_are_three_levels() -> None:
    assert get_args(Priority) == PRIORITIES == ("high", "normal", "low")


async def test_runs_of_a_skill_go_by_priority(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "scripts/main.py": "print(1)\n",
        "scripts/long.py": "import time\ntime.sleep(60)\n",
    }
    skill = make_skill(tmp_path, files)
    done: list[str] = []
    waiting: list[None] = []
    began, stop = anyio.Event(), anyio.Event()

    def crowded() -> None:
        waiting.append(None)
        if len(waiting) == 3:
            stop.set()

    async with Runner(slots=1, folder=tmp_path, crowded=crowded) as runner:

        async def run(priority: Priority) -> None:
            assert (await runner.run(skill, "main", priority=priority)).ok
            done.append(priority)

        async def occupy() -> None:
            await runner.run(skill, "long", cancel=stop, on_chunk=lambda _: began.set())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(occupy)
            await began.wait()
            line: tuple[Priority, ...] = ("low", "normal", "high")
            for priority in line:
                tasks.start_soon(run, priority)

    assert done == ["high", "normal", "low"]
