"""Many connections at a time: slow ones keep nobody out, and no answer is lost."""

import anyio
import pytest

from ciranda.serve.room import Room

from .conftest import HOOK, flow

pytestmark = pytest.mark.anyio


async def test_slow_callers_do_not_keep_others_out(place):
    place.write(flow(HOOK))
    async with place.serving(connections=4) as client, anyio.create_task_group() as group:
        slow = [await anyio.connect_tcp("127.0.0.1", client.port) for _ in range(12)]
        for stream in slow:
            await stream.send(b"GET /livez HTTP/1.1\r\nhost: x\r\n")
        with anyio.fail_after(5):  # a request may take 10 s to arrive
            for _ in range(3):
                answer = await client.get("/livez", headers={"connection": "close"})
                assert answer.status_code == 200
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await slow[0].receive()
        await slow[-1].send(b"\r\n")  # it came last, so it is still there
        assert (await slow[-1].receive()).startswith(b"HTTP/1.1 200")
        for stream in slow:
            group.start_soon(stream.aclose)
    assert place.lines("connection failed") == []


async def test_who_is_answered_keeps_its_place_and_who_spoke_last_goes_last():
    room, left, ready = Room(3), [], [anyio.Event() for _ in range(4)]
    answer, end = anyio.Event(), anyio.Event()

    async def come(number, busy=False):
        async with room.seat() as seat:
            ready[number].set()
            if busy:
                with seat.busy():
                    await answer.wait()
            await end.wait()
        left.append(number)

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(come, number, number == 0)
            await ready[number].wait()
        await anyio.wait_all_tasks_blocked()
        group.start_soon(come, 3)
        await ready[3].wait()
        assert left == [1]  # the oldest of those who are not being answered
        answer.set()
        await anyio.wait_all_tasks_blocked()
        assert len(room.listening) == 3
        end.set()
    assert sorted(left) == [0, 1, 2, 3]
    assert not room.listening


async def test_who_comes_when_all_are_answered_waits_for_the_first_that_is_done():
    room, answer, entered = Room(1), anyio.Event(), anyio.Event()

    async def first():
        async with room.seat() as seat:
            with seat.busy():
                await answer.wait()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await anyio.wait_all_tasks_blocked()

        async def second():
            async with room.seat():
                entered.set()

        group.start_soon(second)
        await anyio.wait_all_tasks_blocked()
        assert not entered.is_set()
        answer.set()
        with anyio.fail_after(5):
            await entered.wait()
