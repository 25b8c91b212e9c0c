"""One works, the others wait."""

import random

import anyio
import pytest

from ciranda.middleware.flight import Flights

pytestmark = pytest.mark.anyio


async def test_a_thousand_callers_of_one_key_work_once():
    flights: Flights[int] = Flights()
    worked = 0
    answers: list[tuple[int, bool]] = []

    async def work() -> int:
        nonlocal worked
        worked += 1
        await anyio.sleep(0.01)
        return 7

    async def caller() -> None:
        answers.append(await flights.share("key", work))

    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(caller)

    assert worked == 1
    assert sorted(answers) == [(7, False)] * 999 + [(7, True)]
    assert len(flights) == 0


async def test_when_the_one_who_works_is_cancelled_exactly_one_other_takes_over():
    flights: Flights[int] = Flights()
    begun = 0
    answers: list[int] = []
    gate = anyio.Event()

    async def work() -> int:
        nonlocal begun
        begun += 1
        await gate.wait()
        return begun

    async def caller(scope: anyio.CancelScope) -> None:
        with scope:
            answers.append((await flights.share("key", work))[0])

    first = anyio.CancelScope()
    async with anyio.create_task_group() as group:
        group.start_soon(caller, first)
        await anyio.wait_all_tasks_blocked()
        for _ in range(50):
            group.start_soon(caller, anyio.CancelScope())
        await anyio.wait_all_tasks_blocked()
        first.cancel()
        await anyio.wait_all_tasks_blocked()
        assert begun == 2
        gate.set()

    assert answers == [2] * 50


@pytest.mark.uncounted
@pytest.mark.parametrize("first", range(0, 100, 25))
async def test_whoever_is_cancelled_everybody_else_gets_an_answer(first):
    for seed in range(first, first + 25):
        await some_cancelled(seed)


async def some_cancelled(seed):
    flights: Flights[int] = Flights()
    chance = random.Random(seed)
    working = 0
    answers: list[int] = []

    async def work() -> int:
        nonlocal working
        working += 1
        assert working == 1
        try:
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            return 7
        finally:
            working -= 1

    async def caller(scope: anyio.CancelScope) -> None:
        with scope:
            answers.append((await flights.share("key", work))[0])

    scopes = [anyio.CancelScope() for _ in range(30)]
    victims = chance.sample(scopes, 10)
    async with anyio.create_task_group() as group:
        for scope in scopes:
            group.start_soon(caller, scope)
        for scope in victims:
            await anyio.lowlevel.checkpoint()
            scope.cancel()

    assert answers == [7] * len(answers)
    assert len(answers) >= 20
    assert len(flights) == 0


async def test_an_error_goes_to_all_who_wait_and_the_next_call_works_again():
    flights: Flights[int] = Flights()
    boom = ValueError("boom")
    errors: list[BaseException] = []

    worked = 0

    async def fail() -> int:
        nonlocal worked
        worked += 1
        await anyio.sleep(0.01)
        raise boom

    async def work() -> int:
        return 7

    async def caller() -> None:
        with pytest.raises(ValueError, match="boom") as caught:
            await flights.share("key", fail)
        errors.append(caught.value)

    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(caller)

    assert (worked, errors) == (1, [boom] * 100)
    assert await flights.share("key", work) == (7, True)


async def test_work_that_asks_for_its_own_key_does_not_wait_for_itself():
    flights: Flights[int] = Flights()

    async def inner() -> int:
        return 7

    async def outer() -> int:
        async with anyio.create_task_group() as group:
            group.start_soon(flights.share, "key", inner)  # a task of its own remembers too
        return (await flights.share("key", inner))[0] + 1

    with anyio.fail_after(5):
        assert await flights.share("key", outer) == (8, True)


async def test_keys_do_not_wait_for_each_other():
    flights: Flights[str] = Flights()

    async def work_on_both() -> str:
        return (await flights.share("other", work))[0]

    async def work() -> str:
        return "done"

    assert await flights.share("key", work_on_both) == ("done", True)
