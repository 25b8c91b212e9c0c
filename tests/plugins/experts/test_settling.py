"""Settling together: one sync for all who wait for it, and no approval without one."""

from contextlib import closing

import anyio
import pytest

from ciranda.errors import StoreError
from ciranda.store import Durability
from ciranda_experts.conservation import Conflict, Reservation, Spent, State
from ciranda_experts.conservation.settling import Settling

pytestmark = pytest.mark.anyio


async def take(settling, name, step=""):
    found = await settling.reserve(name, "digest", step)
    assert isinstance(found, Reservation)
    return found


def state(spent, name):
    found = spent.reserve(name, "another", "")
    return found.state if isinstance(found, Conflict) else None


def opened(spent):
    return spent._opened


async def test_who_waits_for_the_same_disk_shares_its_sync(tmp_path):
    with closing(Spent(tmp_path)) as spent:
        settling = Settling(spent)
        reservations = [await take(settling, f"t{n}") for n in range(40)]
        commits = []

        def committed():
            commits.append(1)
            return False  # go on

        opened(spent)._writer.set_commit_hook(committed)

        async with anyio.create_task_group() as tasks:
            for reservation in reservations:
                tasks.start_soon(settling.settle, reservation, True)

        assert 1 <= len(commits) <= 3
        for number in range(40):
            assert state(spent, f"t{number}") is State.SPENT


@pytest.mark.parametrize("level", [Durability.POWER, Durability.PROCESS])
async def test_reservations_and_settlements_mix(tmp_path, level):
    won = []

    async def ask(settling, name, approved):
        found = await settling.reserve(name, "digest", "")
        if isinstance(found, Reservation):
            assert await settling.settle(found, approved) is None
            won.append((name, approved))

    with closing(Spent(tmp_path, durability=level)) as spent:
        settling = Settling(spent)
        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(ask, settling, f"t{number % 10}", number % 2 == 0)

        approved = {name for name, yes in won if yes}
        for number in range(10):
            found = state(spent, f"t{number}")
            assert (found is State.SPENT) == (f"t{number}" in approved)


async def test_a_commit_that_fails_approves_nobody(tmp_path):
    failed = []

    async def settle(settling, reservation):
        try:
            await settling.settle(reservation, True)
        except StoreError as error:
            failed.append(str(error))

    with closing(Spent(tmp_path)) as spent:
        settling = Settling(spent)
        reservations = [await take(settling, f"t{n}") for n in range(3)]
        opened(spent).execute("PRAGMA query_only=1")
        async with anyio.create_task_group() as tasks:
            for reservation in reservations:
                tasks.start_soon(settle, settling, reservation)
        assert len(failed) == 3

        opened(spent).execute("PRAGMA query_only=0")
        assert [await settling.settle(each, True) for each in reservations] == [None] * 3
        assert state(spent, "t1") is State.SPENT


async def test_a_cancelled_question_still_settles(tmp_path):
    with closing(Spent(tmp_path)) as spent:
        settling = Settling(spent)
        mine = await take(settling, "t1", "step")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await settling.settle(mine, True)

        assert state(spent, "t1") is State.SPENT
