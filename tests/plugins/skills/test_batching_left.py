"""Lanes that are left, and calls that nobody waits for any more, on both event loops."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
import anyio.abc
import pytest
from anyio.lowlevel import checkpoint

from ciranda.errors import PoolError
from ciranda_skills.format import Skill
from ciranda_skills.running import Outcome, Runner, Status
from ciranda_skills.running.batching import Lane

from .running_fixtures import anyio_backend, runner, skill

__all__ = ["anyio_backend", "runner", "skill"]
pytestmark = pytest.mark.anyio
Make = Callable[..., Skill]

HANGS = {
    "scripts/main.py": """
        import time
        def execute(n: int, act: str = ""):
            time.sleep(60 if act == "hang" else 0)
            return n
    """
}
ADD = {"scripts/main.py": "def execute(n: int):\n    return n\n"}


async def test_a_cancelled_call_is_killed_when_it_is_alone(runner: Runner, skill: Make) -> None:
    async with runner.lane(skill(HANGS), workers=1) as lane:
        start = time.monotonic()
        with anyio.move_on_after(0.3):
            await lane.call({"n": 1, "act": "hang"})
        after = await lane.call({"n": 2})

    assert after.ok
    assert time.monotonic() - start < 30


async def test_a_cancelled_call_that_waits_is_never_done(runner: Runner, skill: Make) -> None:
    made = skill(
        {"scripts/main.py": "N = []\ndef execute(n: int):\n    N.append(n)\n    return N\n"}
    )
    async with runner.lane(made, workers=1) as lane, anyio.create_task_group() as tasks:
        await lane.call({"n": 0})
        tasks.start_soon(lane.call, {"n": 1})
        await checkpoint()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await lane.call({"n": 2})
        last = await lane.call({"n": 3})

    assert last.json == [0, 1, 3]


async def test_leaving_by_an_error_cancels_what_is_under_way(runner: Runner, skill: Make) -> None:
    outcomes: list[Outcome] = []
    lanes: list[Lane] = []
    made = skill(HANGS)

    async def hang(lane: Lane, n: int) -> None:
        outcomes.append(await lane.call({"n": n, "act": "hang"}))

    async def leave(tasks: anyio.abc.TaskGroup) -> None:
        async with runner.lane(made, workers=1) as lane:
            lanes.append(lane)
            assert (await lane.call({"n": 0})).ok
            tasks.start_soon(hang, lane, 1)
            tasks.start_soon(hang, lane, 2)
            await anyio.sleep(0.05)
            raise ZeroDivisionError

    async with anyio.create_task_group() as tasks:
        with pytest.raises(ZeroDivisionError):
            await leave(tasks)

    assert [each.status for each in outcomes] == [Status.CANCELLED] * 2
    with pytest.raises(PoolError, match=r"the lane of `scripts/main[.]py` is closed"):
        await lanes[0].call({"n": 1})


async def test_leaving_early_leaves_nothing_waiting(runner: Runner, skill: Make) -> None:
    async with runner.lane(skill(ADD), limit=50) as lane:
        many = lane.map({"n": n} for n in range(100_000))
        first = await anext(many)
        await many.aclose()  # type: ignore[attr-defined]  # a generator

    assert first.json == 0
    assert lane.stats.calls < 1000
