"""Plans run in an engine of their own."""

from __future__ import annotations

from contextlib import asynccontextmanager

from ciranda.testing import harness
from ciranda_planner.execution import Performance, perform
from ciranda_planner.plan import Plan, Task
from ciranda_planner.preparing import prepare


def plan_of(*tasks: Task, workers: int = 4, **more) -> Plan:
    return Plan("trial", tasks, workers=workers, **more)


def sleeps(name: str, *needs: str, seconds: float = 1.0, **more) -> Task:
    return Task(name, needs=needs, estimate=seconds, **more)


async def run_in(h, plan: Plan, *, waves: bool = False, **how):
    prepared = prepare(h.engine, plan, file=str(h.folder / "plan.json"), waves=waves)
    return await perform(h.engine, prepared, Performance(**how))


async def run(plan: Plan, *, settings=None, mocks=None, plugins=(), waves: bool = False, **how):
    async with harness(plugins, settings=settings or {}, mocks=mocks or {}) as h:
        return await run_in(h, plan, waves=waves, **how)


@asynccontextmanager
async def engine(**options):
    async with harness(**options) as h:
        yield h


def words(outcome) -> dict[str, str]:
    return {task: str(state) for task, state in outcome.states.items()}
