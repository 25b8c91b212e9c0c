"""What the steps of test flows do, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio

from ciranda.errors import StepError
from ciranda.events import MapCompleted, StepCancelled, StepCompleted, StepFailed, StepSkipped
from ciranda.runs.messages import Answered, Emitted, encode
from ciranda.runs.outcome import RunResult
from ciranda.testing import Harness, harness

WORDS: dict[type[Any], str] = {
    StepCompleted: "succeeded",
    StepFailed: "failed",
    StepSkipped: "skipped",
    StepCancelled: "cancelled",
}


class Acts:
    """Offers `t.do` to flows: it says `v`, after `s` seconds, or fails with the kind `fail`.

    Attributes:
        begun: The values of all attempts, in order.
        done: Of those that succeeded.
        stopped: Of those that were cancelled.
        healed: Whose `fail` counts no more.
    """

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.done: list[Any] = []
        self.stopped: list[Any] = []
        self.healed: set[Any] = set()

    async def do(self, v: Any = None, s: float = 0, fail: str = "", times: int = 9**9) -> Any:
        self.begun.append(v)
        try:
            await anyio.sleep(s)
        except anyio.get_cancelled_exc_class():
            self.stopped.append(v)
            raise
        if fail and v not in self.healed and self.begun.count(v) <= times:
            raise StepError(fail, f"{v} is broken")
        self.done.append(v)
        return v

    def harness(self, **more: Any) -> AbstractAsyncContextManager[Harness]:
        """Open an engine whose flows use it."""
        return harness(mocks={"t.do": self.do}, **more)


def flow(steps: str, top: str = "") -> str:
    """Return the text of a workflow."""
    return f"ciranda: 1\n{top}\nsteps:\n{steps}\n"


def ends(h: Harness, run: str | None = None) -> dict[str, str]:
    """Return the last end of each step, item and turn, by path."""
    found: dict[int, tuple[str, str]] = {}
    for kind, word in WORDS.items():
        told: list[Any] = h.events(kind, run)
        found |= {event.seq: (event.path, word) for event in told}
    found |= {event.seq: (event.path, event.status) for event in h.events(MapCompleted, run)}
    return dict(found[seq] for seq in sorted(found))


def statuses(result: RunResult) -> dict[str, str]:
    """Return the status of each step of the run itself."""
    return {name: step["status"] for name, step in result.steps.items()}


async def parked(
    h: Harness, text: str, inputs: Mapping[str, Any] | None = None, run: str = "r1"
) -> RunResult:
    """Run until all that is open waits, and leave."""
    return await h.engine.run(h.load(text), inputs=inputs, base=h.folder, run_id=run, park=True)


def send(h: Harness, event: str, data: Any = None, *, number: str = "", run: str = "r1") -> None:
    """Send an event to a run."""
    message = Emitted(id=number or f"{event} {data}", event=event, data=data)
    h.engine.log.post(run, *encode(message))


def answer(
    h: Harness, path: str, by: str, *, no: bool = False, run: str = "r1", **form: Any
) -> None:
    """Approve, or reject."""
    message = Answered(path=path, approved=not no, by=by, form=form)
    h.engine.log.post(run, *encode(message))


async def outcome(steps: str, top: str = "", **inputs: Any) -> tuple[Any, dict[str, str], Acts]:
    """Run a flow; return its result, how everything in it ended, and what was done."""
    acts = Acts()
    async with acts.harness() as h:
        result = await h.run(flow(steps, top), inputs)
        return result, ends(h), acts


async def cancelled(h: Harness, text: str, after: float) -> Any:
    """Run a flow that is cancelled some seconds after it began; return its result."""
    results = []

    async def run() -> None:
        results.append(await h.run(text))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.sleep(after)
        h.engine.cancel("enough")
    return results[0]
