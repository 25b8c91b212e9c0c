"""Calls whose answer is how their process ends, and limits of all their processes together."""

from __future__ import annotations

import os
import signal
from typing import Any

import anyio
import pytest

from ciranda.errors import PoolError, StepError
from ciranda.executors.pool import Event, Exit, Log, Pool, TreeLimits
from ciranda.executors.pool.worker.watch import Room

pytestmark = pytest.mark.anyio


class Heard:
    """What a call wrote."""

    def __init__(self) -> None:
        self.written = {"stdout": b"", "stderr": b""}
        self.frames: list[Any] = []

    def __call__(self, stream: str, data: bytes) -> None:
        self.written[stream] += data


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def forking(kind, measured):
    return lambda: kind(lifetime="fork", argv=measured)


async def test_a_call_becomes_another_program_and_its_end_is_told(forking, heard):
    script = "cat; echo out; echo err >&2; exit 5"
    read, write = os.pipe()
    os.write(write, b"given ")
    os.close(write)

    async with Pool(forking(), 1) as pool:
        ended = await pool.run(
            "become",
            ["/bin/sh", "-c", script],
            stdin=read,
            on_event=heard.frames.append,
            on_output=heard,
        )
    os.close(read)

    assert ended == Exit(5)
    assert heard.written == {"stdout": b"given out\n", "stderr": b"err\n"}
    assert [type(frame) for frame in heard.frames] == [Event]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("ok", {"a": 1}, Exit(0, value={"a": 1})),
        ("exit", 3, Exit(3)),
        ("die", int(signal.SIGUSR1), Exit(None, signal.SIGUSR1)),
        ("die", int(signal.SIGKILL), Exit(None, signal.SIGKILL)),
    ],
)
async def test_the_end_of_a_process_is_told_as_the_kernel_saw_it(forking, name, payload, expected):
    async with Pool(forking(), 1) as pool:
        assert await pool.run(name, payload) == expected
        assert pool.stats.lost == 0


async def test_a_handler_that_raises_is_an_error_as_ever(forking):
    async with Pool(forking(), 1) as pool:
        with pytest.raises(StepError, match="as told"):
            await pool.run("raise", None)


async def test_a_program_that_is_given_up_is_killed_with_what_it_started(forking, heard, survivors):
    async with Pool(forking(), 1) as pool:
        with anyio.move_on_after(5) as scope:

            def listen(stream: str, data: bytes) -> None:
                heard(stream, data)
                scope.cancel()

            await pool.run(
                "become", ["/bin/sh", "-c", "sleep 600 & echo on; wait"], on_output=listen
            )
        assert scope.cancelled_caught
        assert len(survivors()) == 1  # the keeper
        assert await pool.run("ok", 1) == Exit(0, value=1)
        assert pool.stats.started == 1
    assert heard.written["stdout"] == b"on\n"


async def test_workers_that_do_not_fork_cannot_run_to_their_end(kind):
    async with Pool(kind(), 1) as pool:
        with pytest.raises(PoolError, match="workers of 'test' do not fork; use lifetime='fork'"):
            await pool.run("ok", None)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
@pytest.mark.parametrize(
    ("name", "payload", "limits", "over"),
    [
        ("swarm", 12, TreeLimits(processes=8), "processes"),
        ("bomb", None, TreeLimits(processes=8), "processes"),
        ("fill", 40, TreeLimits(memory_mb=64), "memory"),
    ],
)
async def test_a_tree_above_its_limits_is_killed_whole(
    kind, survivors, name, payload, limits, over
):
    async with Pool(kind(lifetime="fork"), 1) as pool:
        with anyio.fail_after(20):
            ended = await pool.run(name, payload, limits=limits)
        assert len(survivors()) == 1  # the keeper
        assert (ended.signal, ended.over) == (signal.SIGKILL, over)
        assert await pool.run("ok", 1, limits=limits) == Exit(0, value=1)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize(
    ("each", "limits", "over"),
    [
        ("head -c 1000000 /dev/zero > $i", {"folder_mb": 8}, "size"),
        ("mkdir d$i && : > d$i/x", {"folder_files": 40}, "files"),
    ],
)
async def test_a_tree_that_leaves_too_much_in_its_folder_is_killed_whole(
    forking, tmp_path, each, limits, over
):
    program = f"cd {tmp_path} && i=0 && while :; do {each}; i=$((i + 1)); sleep 0.001; done"
    async with Pool(forking(), 1) as pool:
        with anyio.fail_after(20):
            ended = await pool.run(
                "become", ["/bin/sh", "-c", program],
                limits=TreeLimits(folder=str(tmp_path), **limits),
            )  # fmt: skip

    assert (ended.signal, ended.over) == (signal.SIGKILL, over)


def test_a_folder_that_cannot_be_looked_at_is_within_its_room(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)

    assert Room(str(tmp_path / "gone"), 1, 1).over() == ""
    assert Room(str(tmp_path), 1, 1).over() == ""
    assert Room(str(tmp_path), 0, 0).over() == ""


async def test_a_tree_within_its_limits_is_left_alone(forking):
    limits = TreeLimits(processes=8, memory_mb=64)
    async with Pool(forking(), 1) as pool:
        ended = await pool.run("become", ["/bin/sleep", "0.1"], limits=limits)

    assert ended == Exit(0)


async def test_what_a_call_does_to_its_output_does_not_reach_the_next(forking, heard):
    async with Pool(forking(), 1) as pool:
        await pool.run("break-pipe", None)
        await pool.run("break-pipe", None, on_output=heard)
        assert heard.written["stdout"] == b"left over" * 100_000
        heard.written["stdout"] = b""
        await pool.run("become", ["/bin/echo", "clean"], on_output=heard)

    assert heard.written["stdout"] == b"clean\n"


async def test_output_is_heard_as_bytes_and_not_as_log_lines(kind, heard):
    async with Pool(kind(), 1) as pool:
        await pool.call("talk", None, on_event=heard.frames.append, on_output=heard)

    assert b"raw \xff\n" in heard.written["stderr"]
    assert [frame.level for frame in heard.frames if isinstance(frame, Log)] == ["info"]


async def test_an_answer_for_a_later_call_reaches_nobody(kind):
    async with Pool(kind(), 1) as pool:
        first = await pool.call("forge", None)
        assert [await pool.call("ok", number) for number in range(20)] == list(range(20))
        assert await pool.call("pid", None) == first


async def test_a_worker_that_wishes_to_be_replaced_is_after_its_answer(kind):
    async with Pool(kind(), 1) as pool:
        first = await pool.call("retire", None)
        assert await pool.call("pid", None) != first
        assert (pool.stats.recycled, pool.stats.lost) == (1, 0)


async def test_workers_that_nobody_needs_end_down_to_what_is_kept_warm(kind, until):
    async with Pool(kind(), 3, warm=1, check_every=0.01, idle=0.05) as pool:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(pool.call, "sleep", 0.05)
        assert pool.stats.started == 3
        await until(lambda: pool.stats.alive == 1)
        assert await pool.call("ok", 1) == 1
        assert (pool.stats.lost, pool.stats.recycled) == (0, 0)
