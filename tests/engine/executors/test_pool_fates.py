"""Every call meets its own fate and nobody else's."""

import os
import random
import signal

import anyio
import pytest

from ciranda.errors import StepError
from ciranda.executors.pool import Pool
from ciranda.executors.pool.worker import system

pytestmark = pytest.mark.anyio

SEED = 20_241
FATES: dict[
    str, tuple[object, str, dict[str, object]]
] = {  # what is called -> (payload, kind of the error, part of its detail)
    "raise": (None, "crash", {"type": "builtins.ValueError"}),
    "exit": (None, "worker-lost", {"exit_code": 3}),
    "die": (int(signal.SIGKILL), "worker-lost", {"signal": "SIGKILL"}),
    "segfault": (None, "worker-lost", {"signal": "SIGSEGV"}),
    "loop": (None, "timeout", {}),
    "alloc": (None, "memory", {}),
    "huge": (None, "limit", {}),
    "open-file": (None, "invalid-output", {}),
    "big-int": (None, "invalid-output", {}),
    "close-pipe": (None, "worker-lost", {}),
    "garbage": (7, "invalid-output", {}),
    "daemon-exit": (None, "worker-lost", {"exit_code": 0}),
}


@pytest.mark.parametrize(("anyio_backend", "lifetime"), [("asyncio", "reuse"), ("trio", "fork")])
async def test_only_the_guilty_fail_and_each_with_its_own_kind(kind, until, survivors, lifetime):
    draw = random.Random(SEED)
    guilty = list(FATES) * 2
    plan = [*guilty, "shout", *["ok"] * (150 - len(guilty) - 1)]
    draw.shuffle(plan)
    wrong: list[object] = []

    async def meet(number: int, name: str) -> None:
        payload, expected, detail = FATES.get(name, (number, "", {}))
        try:
            value = await pool.call(name, payload, deadline=0.25 if name == "loop" else None)
        except StepError as error:
            if error.kind != expected or not detail.items() <= error.detail.items():
                wrong.append((name, error.kind, error.message, error.detail))
        else:
            if expected or value != ("ok" if name == "shout" else number):
                wrong.append((name, value))

    confined = kind(lifetime=lifetime, confine="pool_work:cap_memory")
    async with Pool(confined, 3) as pool:
        async with anyio.create_task_group() as tasks:
            for number, name in enumerate(plan):
                if name == "loop":
                    await until(lambda: not pool.stats.queued, 5)  # it must get to run
                tasks.start_soon(meet, number, name)
        await until(lambda: pool.stats.alive == 3)
        assert wrong == []
        assert [await pool.call("ok", n) for n in range(9)] == list(range(9))
    assert survivors() == []
    assert list(system.descendants(os.getpid())) == []  # zombies would show here
