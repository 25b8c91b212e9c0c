"""Many runs of random fates at once: each guilty one has its own, no innocent is hurt."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable

import anyio
import pytest

from ciranda_skills.format import Skill
from ciranda_skills.running import Outcome, Runner, Status

from .running_fixtures import anyio_backend, runner, skill

__all__ = ["anyio_backend", "runner", "skill"]
pytestmark = pytest.mark.anyio

SEED = int(os.environ.get("SKILLS_SEED", "20261121"))
# 1,000 of them by night.
COUNT = int(os.environ.get("SKILLS_FATES", "200")) // 2  # on each of two backends

PROGRAM = """
    import os, sys, time
    fate, number = sys.argv[1:]
    print(number, flush=True)
    if fate == "exit":
        sys.exit(3)
    if fate == "raise":
        raise ValueError(number)
    if fate == "kill":
        os.kill(os.getpid(), 9)
    if fate == "segfault":
        import ctypes
        ctypes.string_at(0)
    if fate == "hang":
        time.sleep(600)
    if fate == "flood":
        for _ in range(100):
            os.write(1, b"x" * 50_000)
    if fate == "memory":
        x = bytearray(1 << 33)
    if fate == "closes":
        os.closerange(0, 99)
    if fate == "garbage":
        for fd in range(64):
            try:
                os.write(fd, b"\\xc1\\xff\\xff\\xff")
            except OSError:
                pass
"""
EXPECTED: dict[str, tuple[Status, int | None, int | None]] = {
    "ok": (Status.OK, 0, None),
    "exit": (Status.FAILED, 3, None),
    "raise": (Status.FAILED, 1, None),
    "kill": (Status.FAILED, None, 9),
    "segfault": (Status.FAILED, None, 11),
    "hang": (Status.TIMEOUT, None, 9),
    "flood": (Status.OK, 0, None),
    "memory": (Status.KILLED_MEMORY, 1, None),
    "closes": (Status.OK, 0, None),  # all was flushed before
    "garbage": (Status.OK, 0, None),
}


async def test_no_innocent_is_lost(runner: Runner, skill: Callable[..., Skill]) -> None:
    made = skill({"scripts/main.py": PROGRAM})
    chance = random.Random(SEED)
    bad = sorted(set(EXPECTED) - {"ok"})
    fates = ["ok" if chance.random() < 0.7 else chance.choice(bad) for _ in range(COUNT)]
    fates[: len(bad)] = bad
    chance.shuffle(fates)
    outcomes: dict[int, Outcome] = {}

    async def run(number: int) -> None:
        timeout = 0.1 if fates[number] == "hang" else 60
        outcomes[number] = await runner.run(
            made, None, [fates[number], str(number)], timeout=timeout, max_output=100
        )

    async with anyio.create_task_group() as tasks:
        for number in range(COUNT):
            tasks.start_soon(run, number)

    wrong = Counter(
        (fates[number], each.status, each.exit_code, each.signal)
        for number, each in outcomes.items()
        if (each.status, each.exit_code, each.signal) != EXPECTED[fates[number]]
        or not each.stdout.startswith(f"{number}\n")
    )
    assert not wrong, SEED
    with anyio.fail_after(1):  # whole within a second
        again = [await runner.run(made, None, ["ok", "0"]) for _ in range(2)]
    assert [each.stdout for each in again] == ["0\n", "0\n"]
    (pool,) = (stats for stats in runner.stats if stats.calls > COUNT)
    assert (pool.lost, pool.busy, pool.queued) == (0, 0, 0)
