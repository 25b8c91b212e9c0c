"""The rate limit of a run holds across its parts, too."""

import anyio
import pytest

from ciranda_planner.plan import Cost, RateLimit
from ciranda_planner.resuming import resume

from .running import engine, plan_of, run_in, sleeps

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


async def test_what_was_begun_before_a_run_was_stopped_counts_when_it_goes_on():
    tasks = [sleeps(f"t{at}", seconds=4.0, cost=Cost(requests=1)) for at in range(4)]
    plan = plan_of(*tasks, rate_limit=RateLimit(60.0, requests=2))
    begun = []

    async with engine() as h:
        async with anyio.create_task_group() as group:

            async def stop():
                await anyio.sleep(10)
                h.engine.cancel("enough")

            group.start_soon(stop)
            first = await run_in(h, plan)
        stopped = h.engine.clock.wall()
        await anyio.sleep(5)
        again = await resume(h.engine, first.run)
        went_on = h.engine.clock.wall() - stopped
        begun = sorted(again.plain()["starts"].values())

    assert first.state == "cancelled"
    assert again.state == "succeeded"
    assert len(begun) == 2
    # Two began at 0, the others a window later: the run was stopped at 10 and went on at 15.
    assert went_on == pytest.approx(60 + 4 - 10, abs=1)
