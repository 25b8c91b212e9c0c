"""What tasks took before is expected of them again, as long as they do the same."""

import anyio
import pytest

from ciranda_planner.learning import durations_of, learned

from .running import engine, plan_of, run_in, sleeps

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


async def work(seconds: float = 1.0) -> None:
    await anyio.sleep(seconds)


def waits(name: str, seconds: float, **more):
    return sleeps(name, uses="do.it", with_={"seconds": seconds}, **more)


async def test_a_task_whose_work_was_changed_does_not_take_what_it_took_before():
    async with engine(mocks={"do.it": work}) as h:
        await run_in(h, plan_of(waits("a-1", 5.0), waits("b", 7.0), sleeps("c")))

        same = durations_of(h.engine.log, plan_of(waits("b", 7.0), waits("a-1", 5.0), sleeps("c")))
        other = durations_of(h.engine.log, plan_of(waits("a-1", 50.0), waits("b", 7.0)))
        named = durations_of(h.engine.log, plan_of(waits("new", 5.0)))

    assert same == {"a-1": pytest.approx(5, abs=0.01), "b": pytest.approx(7, abs=0.01)}
    assert other == {"b": pytest.approx(7, abs=0.01)}
    assert named == {}


async def test_the_median_of_the_runs_with_this_work_is_what_counts():
    async with engine(mocks={"do.it": work}) as h:
        for seconds in (5.0, 50.0, 5.0):
            await run_in(h, plan_of(waits("a", seconds), waits("b", 1.0)))

        plan = plan_of(waits("a", 50.0), waits("b", 1.0), unestimated=frozenset({"a"}))
        found = learned(plan, durations_of(h.engine.log, plan))

    assert [task.estimate for task in found.tasks] == [pytest.approx(50, abs=0.01), 1.0]
    assert found.unestimated == frozenset()


async def test_what_others_ran_under_the_same_name_is_no_history_of_a_plan():
    async with engine(mocks={"do.it": work}) as h:
        flow = "ciranda: 1\nname: trial\nsteps:\n  a: {uses: do.it, with: {seconds: 3}}\n"
        await h.engine.run(h.load(flow))

        assert durations_of(h.engine.log, plan_of(waits("a", 3))) == {}
