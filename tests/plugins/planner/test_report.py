"""A run in figures: what it is measured against, and what its end waited for."""

import pytest

from ciranda_planner.plan import Cost, RateLimit

from .running import plan_of, run, sleeps

pytestmark = pytest.mark.anyio

ONE = Cost(requests=1)


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


async def test_what_the_end_waited_for_and_its_last_task_add_up_to_the_makespan():
    tasks = [sleeps("a", cost=ONE), sleeps("b", "a", cost=ONE), sleeps("c", "b", cost=ONE)]

    outcome = await run(plan_of(*tasks, rate_limit=RateLimit(10.0, requests=2)))

    report = outcome.report
    assert report.chain == ("a", "b", "c")
    assert report.on_chain.dependencies == pytest.approx(2, abs=0.01)
    assert report.on_chain.limit == pytest.approx(8, abs=0.01)
    assert report.actual.makespan == pytest.approx(11, abs=0.01)


async def test_a_run_at_its_rate_limit_is_measured_against_that():
    tasks = [sleeps(f"t{at}", cost=ONE) for at in range(6)]

    outcome = await run(plan_of(*tasks, workers=6, rate_limit=RateLimit(10.0, requests=2)))

    assert outcome.report.actual.makespan == pytest.approx(21, abs=0.01)
    assert outcome.report.actual.distance == pytest.approx(0, abs=0.01)
