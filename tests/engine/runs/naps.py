"""Flows of naps and how their steps began, for tests of dispatches."""

from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from ciranda.events import StepStarted
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.window import Window
from ciranda.runs.dispatch import Dispatch
from ciranda.runs.outcome import RunResult
from ciranda.testing import Harness, harness
from ciranda.workflow.builder import Workflow


async def nap(s: float = 10, **_: Any) -> float:
    await anyio.sleep(s)
    return s


MOCKS = {"t.nap": nap, "t.ok": 1, "t.fail": ValueError("no")}


def flow_of(steps: Mapping[str, Any]) -> Workflow:
    """Return a flow of naps: seconds, or (seconds, needs)."""
    flow = Workflow("naps")
    for name, what in steps.items():
        seconds, needs = what if isinstance(what, tuple) else (what, [])
        flow.step(name, uses="t.nap", with_={"s": seconds}, needs=[*needs], estimate=f"{seconds}s")
    return flow


def starts(h: Harness, run: str | None = None) -> dict[str, float]:
    """Return when the steps began, in seconds from the first start."""
    events = h.events(StepStarted, run)
    return {event.path: round(event.at - events[0].at, 6) for event in events}


async def began(flow: Workflow | str, dispatch: Dispatch) -> dict[str, float]:
    async with harness(mocks=MOCKS) as h:
        await run(h, flow, dispatch)
        return starts(h)


async def run(h: Harness, flow: Workflow | str, dispatch: Dispatch) -> RunResult:
    checked = h.load(flow) if isinstance(flow, str) else flow
    return await h.engine.run(checked, dispatch=dispatch)


def limiter(*limits: int, per: float = 60, names: Sequence[str] = ()) -> Limiter:
    return Limiter([Window(limit, per) for limit in limits], anyio.current_time, names)


# A pure reference
