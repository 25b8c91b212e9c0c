"""What is left of a plan is scheduled anew when a task ends far from its prediction."""

import pytest

from .running import plan_of, run, sleeps

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


async def nap(seconds: float) -> None:
    import anyio

    await anyio.sleep(seconds)


async def slow(seconds: float) -> None:
    await nap(4 * seconds)


MOCKS = {"quick.work": nap, "slow.work": slow}


def works(name, *needs, seconds, uses):
    return sleeps(name, *needs, seconds=seconds, uses=uses, with_={"seconds": seconds})


async def test_tasks_of_a_sort_that_takes_longer_than_thought_go_first_from_then_on():
    tasks = [
        works("probe", uses="slow.work", seconds=1.0),
        works("q1", "probe", uses="quick.work", seconds=3.0),
        works("q2", "probe", uses="quick.work", seconds=3.0),
        works("s", "probe", uses="slow.work", seconds=2.0),  # it will take eight
    ]

    outcome = await run(plan_of(*tasks, workers=2), mocks=MOCKS)

    assert outcome.replanned >= 1
    starts = outcome.plain()["starts"]
    assert starts["s"] == min(starts["q1"], starts["q2"], starts["s"])
    assert outcome.report.actual.makespan == pytest.approx(4 + 8, abs=0.01)


async def test_a_run_that_goes_as_predicted_is_planned_once():
    outcome = await run(plan_of(*(sleeps(f"t{at}") for at in range(8)), workers=2))

    assert outcome.replanned == 0


async def test_where_everything_is_slower_by_as_much_the_order_stays():
    tasks = [works(f"t{at}", uses="slow.work", seconds=1.0 + at / 10) for at in range(8)]

    outcome = await run(plan_of(*tasks, workers=2), mocks=MOCKS)

    assert outcome.replanned == 0
    assert outcome.report.error == pytest.approx(3, abs=0.1)
