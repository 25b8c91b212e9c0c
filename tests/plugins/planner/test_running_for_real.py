"""Plans whose work virtual time cannot stand in for: threads and processes."""

import threading
import time
from pathlib import Path

import pytest

from ciranda import action, hookimpl

from .running import plan_of, run, sleeps, words

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Blocking:
    """A plugin whose actions block the thread that they are in."""

    def __init__(self):
        self.release = threading.Event()
        self.ended = 0.0

    @hookimpl
    def actions(self):
        @action("blocking.stuck")
        def stuck(seconds: float = 20.0) -> None:
            self.release.wait(seconds)
            self.ended = time.monotonic()

        @action("blocking.next")
        def following() -> float:
            return time.monotonic()

        return [stuck, following]


async def test_a_thread_that_outlives_its_task_keeps_its_worker_until_it_has_ended():
    blocking = Blocking()
    tasks = [
        sleeps("stuck", uses="blocking.stuck", with_={"seconds": 0.3}, timeout=0.05),
        sleeps("next", uses="blocking.next", seconds=0.1),
    ]

    outcome = await run(plan_of(*tasks, workers=1), plugins=[blocking])

    assert words(outcome) == {"stuck": "timed_out", "next": "succeeded"}
    assert outcome.results["next"] >= blocking.ended > 0


async def test_a_thread_that_never_ends_times_out_and_nothing_waits_for_it():
    blocking = Blocking()
    tasks = [
        sleeps("stuck", uses="blocking.stuck", timeout=0.02),
        sleeps("a", seconds=0.01),
        sleeps("b", "stuck"),
    ]
    try:
        outcome = await run(plan_of(*tasks, workers=2), plugins=[blocking])
    finally:
        blocking.release.set()

    assert outcome.state == "partial"
    assert words(outcome) == {"stuck": "timed_out", "a": "succeeded", "b": "skipped"}
    assert blocking.ended == 0


async def test_the_end_of_a_plans_time_does_not_wait_for_a_thread_either():
    blocking = Blocking()
    tasks = [sleeps("stuck", uses="blocking.stuck"), sleeps("a", seconds=0.01)]
    try:
        outcome = await run(plan_of(*tasks, timeout=0.3), plugins=[blocking])
    finally:
        blocking.release.set()

    assert outcome.state == "timed_out"
    assert words(outcome) == {"stuck": "cancelled", "a": "succeeded"}
    assert blocking.ended == 0


async def test_programs_are_gone_with_all_that_they_started_when_their_time_is_over():
    mark = "3600.0719"
    tasks = [sleeps("a", command=("sh", "-c", f"sleep {mark} & sleep {mark}"), timeout=0.1)]

    outcome = await run(plan_of(*tasks))

    assert words(outcome) == {"a": "timed_out"}
    assert not any(mark in each for each in command_lines())


def command_lines():
    """Return the command lines of all processes that can be seen."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(each.read_text())
        except OSError:  # it has ended meanwhile
            continue
    return found
