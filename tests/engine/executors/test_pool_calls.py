"""Calls, what they send on the way, and which worker they meet."""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

from ciranda.errors import PoolError, StepError
from ciranda.executors.pool import Event, Log, Pool, Progress, Recycle, Span, WorkerKind

pytestmark = pytest.mark.anyio
BOTH = pytest.mark.parametrize("lifetime", ["reuse", "fork"])
PLAIN = {"a": [1, -2, 2.5, None, True, "é", b"\x00\xff"], "": {"deep": [[]]}, "n": 2**63}


@BOTH
async def test_plain_data_comes_back_equal(kind, lifetime):
    async with Pool(kind(lifetime=lifetime), 1) as pool:
        assert await pool.call("ok", PLAIN) == PLAIN
        big = {"text": "x" * 5_000_000, "bytes": bytes(5_000_000)}
        assert await pool.call("ok", big) == big


@BOTH
async def test_what_a_worker_prints_comes_as_logs_and_corrupts_nothing(kind, lifetime):
    heard: list[Any] = []
    async with Pool(kind(lifetime=lifetime), 1) as pool:
        assert await pool.call("talk", None, on_event=heard.append) == "ok"

    output = {
        stream: "".join(f.text for f in heard if isinstance(f, Log) and f.level == stream)
        for stream in ("stdout", "stderr")
    }
    told = [f for f in heard if not (isinstance(f, Log) and f.level in output)]
    assert output == {"stdout": "printed\nfrom a child\n", "stderr": "raw \ufffd\n"}
    number = told[0].id
    assert told == [
        Event(number, "found", {"n": 1}),
        Log(number, "info", "a line"),
        Progress(number, 1.0, 2.0, "half"),
        Span(number, {"name": "inner"}),
    ]


async def test_a_hundred_megabytes_of_output_keep_one(kind):
    notices: list[object] = []
    async with Pool(kind(), 1) as pool:
        assert await pool.call("shout", None, on_event=notices.append) == "ok"

    heard = [notice for notice in notices if isinstance(notice, Log)]
    assert sum(len(log.text) for log in heard if log.level == "stdout") == 1 << 20
    assert heard[-1].level == "warning"
    assert heard[-1].text == "98,951,424 characters of output dropped after the first 1,048,576"


async def test_an_error_of_the_action_arrives_as_it_was_raised(kind):
    async with Pool(kind(), 1) as pool:
        with pytest.raises(StepError, match="come back") as told:
            await pool.call("step-error", None)

    error = told.value
    assert (error.kind, error.retryable, error.retry_after) == ("shop.closed", True, 2.5)
    assert error.detail == {"a": 1}
    assert "in step_error" in error.__notes__[0]


FAILURES = [  # what is called, with what, kind and text of the error
    ("raise", None, "crash", "ValueError: as told"),
    ("nothing", None, "crash", "this worker has no 'nothing'; it has alloc, array"),
    ("huge", None, "limit", "the result of 'huge' is 100,000,017 bytes, above the cap"),
    ("open-file", None, "invalid-output", "'open-file' returned a TextIOWrapper that is not"),
    ("big-int", None, "invalid-output", "'big-int' returned a int that is not plain data"),
    ("ok", b"x" * (1 << 24), "limit", "the payload of 'ok' is 16,777,"),
    ("ok", object(), "invalid-input", "the payload of 'ok' is not plain data"),
    ("ok", 1 << 64, "invalid-input", "the payload of 'ok' is not plain data"),
]


async def test_a_call_that_fails_says_why_and_keeps_its_worker(kind):
    async with Pool(kind(), 1) as pool:
        before = await pool.call("pid", None)
        for name, payload, kind_of, message in FAILURES:
            with pytest.raises(StepError, match=message) as told:
                await pool.call(name, payload)
            assert told.value.kind == kind_of

        assert await pool.call("pid", None) == before
        assert pool.stats.failed == len(FAILURES)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
@BOTH
@pytest.mark.parametrize(
    ("setup", "message"),
    [
        ("pool_work:broken_setup", "worker 'test' cannot start: RuntimeError: no model file"),
        ("pool_work:deadly_setup", "worker 'test' cannot start: its process ended"),
        ("pool_work:missing", "worker 'test' cannot start: AttributeError"),
        ("no_such_module:setup", "worker 'test' cannot start: ModuleNotFoundError"),
        ("json:dumps", "worker 'test' cannot start: TypeError: json:dumps returned str"),
    ],
)
async def test_a_setup_that_fails_is_told_to_the_caller(kind, lifetime, setup, message):
    async with Pool(kind(setup=setup, lifetime=lifetime), 1, warm=1) as pool:
        with pytest.raises(PoolError, match=message) as told:
            await pool.call("ok", None)

    if "deadly" in setup:
        assert told.value.__notes__ == ["It wrote:\nlast words"]


async def test_a_command_that_does_not_exist_is_told_to_the_caller(kind):
    async with Pool(kind(argv=("no-such-python",)), 1) as pool:
        with pytest.raises(PoolError, match=r"worker 'test' cannot start: .*no-such-python"):
            await pool.call("ok", None)


async def test_a_closed_pool_and_a_pool_of_nobody_are_refused(kind):
    async with Pool(kind(), 1) as pool:
        pass
    with pytest.raises(PoolError, match="the pool of 'test' is closed; open it with `async with`"):
        await pool.call("ok", None)
    with pytest.raises(PoolError, match="a pool of 'test' needs at least 1 worker, not 0"):
        Pool(kind(), 0)


async def test_waiting_callers_are_served_in_order(kind):
    served: list[int] = []

    async def call(number: int) -> None:
        assert await pool.call("ok", number, on_start=lambda: served.append(number)) == number

    async with Pool(kind(), 1) as pool, anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(call, number)
            await anyio.lowlevel.checkpoint()
    assert served == list(range(20))


async def test_who_waits_is_told_when_a_worker_takes_the_call(kind):
    told: list[str] = []

    async def call(name: str) -> None:
        await pool.call("ok", name, on_start=lambda: told.append(f"begun {name}"))
        told.append(f"done {name}")

    async with Pool(kind(), 1) as pool, anyio.create_task_group() as tasks:
        for name in ("a", "b"):
            tasks.start_soon(call, name)
            await anyio.lowlevel.checkpoint()
    assert told.index("begun b") > told.index("begun a")
    assert told.index("done b") > told.index("begun b")
    assert sorted(told) == ["begun a", "begun b", "done a", "done b"]


async def test_one_key_meets_one_worker_and_two_keys_two(kind):
    async with Pool(kind(), 2) as pool:
        first = await pool.call("pid", None, affinity="a")
        second = await pool.call("pid", None, affinity="b")
        rest = [await pool.call("pid", None, affinity=key) for key in "abba"]

    assert first != second
    assert rest == [first, second, second, first]


async def test_a_key_whose_worker_is_busy_goes_elsewhere_and_returns(kind, until):
    pids: list[int] = []
    async with Pool(kind(), 2) as pool:
        pids.append(await pool.call("pid", None, affinity="a"))
        async with anyio.create_task_group() as busy:
            busy.start_soon(lambda: pool.call("sleep", 0.1, affinity="a"))
            await until(lambda: pool.stats.busy)
            pids.append(await pool.call("pid", None, affinity="a"))
        pids.append(await pool.call("pid", None, affinity="a"))
    assert pids[0] == pids[2] != pids[1]


@BOTH
async def test_a_worker_that_cannot_be_confined_runs_nothing(kind, lifetime):
    async with Pool(kind(lifetime=lifetime, confine="pool_work:broken_setup"), 1) as pool:
        with pytest.raises(PoolError, match="cannot start: RuntimeError: no model file"):
            await pool.call("ok", None)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
async def test_workers_are_replaced_after_their_calls_their_memory_or_new_code(kind):
    async with Pool(kind(recycle=Recycle(calls=3)), 1) as pool:
        pids = [await pool.call("pid", None) for _ in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]

    async with Pool(kind(recycle=Recycle(rss_mb=100)), 1) as pool:
        pids = [await pool.call("grow", size) for size in (1, 150, 1)]
        assert pool.stats.recycled == 1
    assert pids[0] == pids[1] != pids[2]

    async with Pool(kind(), 1) as pool:
        pids = [await pool.call("pid", None, digest=digest) for digest in "aab"]
        pids.append(await pool.call("ok", pids[2], digest="x"))
    assert pids[0] == pids[1] != pids[2] == pids[3]


async def test_warm_workers_are_there_before_the_first_call(kind, until):
    async with Pool(kind(), 3, warm=2) as pool:
        await until(lambda: pool.stats.idle == 2, 5)
        await pool.call("ok", None)
        assert pool.stats.started == 2


async def test_a_worker_imports_neither_the_engine_nor_what_it_stands_on(kind):
    async with Pool(kind(), 1) as pool:
        loaded = await pool.call("modules", None)

    assert "msgspec" in loaded
    assert not {"ciranda", "anyio", "asyncio", "trio", "pluggy", "pickle", "site"} & set(loaded)


async def test_a_worker_has_the_environment_it_was_given_and_no_other(kind, monkeypatch):
    monkeypatch.setenv("POOL_CANARY", "secret")
    async with Pool(kind(), 1) as pool:
        assert (await pool.call("traces", None))["env"] is None


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
@BOTH
async def test_descriptors_and_threads_stay_flat(kind, until, lifetime):
    calls = 1_000 if lifetime == "reuse" else 60

    async def use(count: int) -> tuple[int, int]:
        async with Pool(kind(lifetime=lifetime), 1) as pool:
            await pool.call("ok", None)
            before = len(os.listdir("/proc/self/fd")), threading.active_count()
            for number in range(count):
                assert await pool.call("ok", number) == number
                if number % (count // 4) == 0:
                    with pytest.raises(StepError):
                        await pool.call("exit", None)
            await until(
                lambda: pool.stats.alive == 1 and len(os.listdir("/proc/self/fd")) <= before[0]
            )
            assert threading.active_count() <= before[1]
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    few, many = await use(4), await use(calls)
    assert many[0] <= few[0]
    assert many[1] <= few[1]  # threads of earlier tests may end meanwhile


async def test_nothing_is_ever_unpickled(kind):
    seen: list[str] = []
    watching = True

    def hook(event: str, arguments: object) -> None:
        if watching and event.startswith("pickle"):
            seen.append(event)

    sys.addaudithook(hook)
    async with Pool(kind(), 1) as pool:
        await pool.call("ok", PLAIN)
        with pytest.raises(StepError):
            await pool.call("step-error", None)
        with pytest.raises(StepError):
            await pool.call("garbage", 3)
    watching = False
    assert seen == []


async def test_an_interpreter_command_may_be_wrapped(kind):
    wrapped = kind(argv=("/usr/bin/env", "POOL_CANARY=1", sys.executable))
    async with Pool(wrapped, 1) as pool:
        assert (await pool.call("traces", None))["env"] == "1"


def test_a_kind_is_plain_enough_to_be_shown():
    kind = WorkerKind("k", "m:f")
    command = kind.command(5)

    assert command[:4] == (sys.executable, "-I", "-S", "-c")
    assert all(os.path.isabs(path) for path in command[8:])
    assert Path(command[5]).name == "executors"
    assert json.dumps(kind.options) == "null"
