"""What all tasks do when one is told to wait, and how often a plan tries again at the most."""

import anyio
import pytest

from ciranda import StepError
from ciranda_planner.plan import Cost, RateLimit
from ciranda_planner.resuming import resume
from ciranda_planner.retrying import retries_of

from .running import engine, plan_of, run, run_in, sleeps, words


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


def test_a_plan_tries_again_for_a_share_of_its_tasks_and_a_few_times_anyway():
    few = plan_of(sleeps("a"))
    many = plan_of(*(sleeps(f"t{at}") for at in range(1000)))

    assert retries_of(few, 0.1) == 10
    assert retries_of(many, 0.1) == 110
    assert retries_of(many, 0.0) == 10
    assert retries_of(plan_of(sleeps("a"), workers=30), 0.1) == 60
    assert retries_of(plan_of(sleeps("poll", retries=50)), 0.1) == 50


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [None, RateLimit(60.0, requests=100)])
async def test_who_is_told_to_wait_lets_all_others_wait_too(limit):
    begun: list[float] = []

    async def ask() -> None:
        begun.append(anyio.current_time())
        if len(begun) == 1:
            raise StepError("rate_limited", "too many", retry_after=30.0)
        await anyio.sleep(1)

    tasks = [sleeps(f"t{at}", uses="ask.it", cost=Cost(requests=1)) for at in range(4)]
    other = sleeps("own", *(["t0"] if limit is None else []), seconds=1.0)

    outcome = await run(plan_of(*tasks, other, workers=1, rate_limit=limit), mocks={"ask.it": ask})

    assert outcome.state == "succeeded"
    assert len(begun) == 5
    assert begun[1] - begun[0] == pytest.approx(30, abs=0.1)
    assert outcome.wall < 40


@pytest.mark.anyio
async def test_what_asks_nobody_does_not_wait_for_who_was_refused():
    refused = False

    async def ask() -> None:
        nonlocal refused
        if not refused:
            refused = True
            raise StepError("rate_limited", "too many", retry_after=30.0)

    outcome = await run(
        plan_of(sleeps("a", uses="ask.it", seconds=5.0), sleeps("b"), sleeps("c", "b"), workers=1),
        mocks={"ask.it": ask},
    )

    assert outcome.state == "succeeded"
    assert outcome.plain()["ends"]["c"] < 3000


@pytest.mark.uncounted
@pytest.mark.anyio
async def test_a_storm_of_failures_is_not_answered_by_a_storm_of_attempts():
    asked = 0

    async def down() -> None:
        nonlocal asked
        asked += 1
        raise StepError("unavailable", "nobody is there")

    tasks = [sleeps(f"t{at}", uses="ask.it", retries=5) for at in range(100)]
    mocks = {"ask.it": down}

    outcome = await run(plan_of(*tasks, timeout=1e4), mocks=mocks)
    few = await run(
        plan_of(*tasks, timeout=1e4), mocks=mocks, settings={"planner": {"retry_budget": 0.0}}
    )

    assert outcome.state == "failed"
    assert sum(outcome.plain()["attempts"].values()) == 100 + 10 + 10
    assert sum(few.plain()["attempts"].values()) == 100 + 10
    last = outcome.plain()["errors"]["t99"]
    assert last["kind"] == "unavailable"
    assert last["message"] == (
        "nobody is there (not tried again: all that the run may try again is spent)"
    )


@pytest.mark.anyio
async def test_who_goes_on_with_a_plan_may_try_again_as_often_as_before():
    async def down() -> None:
        raise StepError("unavailable", "nobody is there")

    plan = plan_of(*(sleeps(f"t{at}", uses="ask.it", retries=9) for at in range(2)))

    async with engine(mocks={"ask.it": down}) as h:
        first = await run_in(h, plan)
        again = await resume(h.engine, first.run)

    assert sum(first.plain()["attempts"].values()) == 2 + 10
    assert sum(again.plain()["attempts"].values()) == 2 + 10


@pytest.mark.anyio
async def test_a_single_task_is_tried_again_as_often_as_it_says():
    outcome = await run(plan_of(sleeps("poll", behaviour="fail_times:30", retries=30), timeout=1e4))

    assert words(outcome) == {"poll": "succeeded"}
