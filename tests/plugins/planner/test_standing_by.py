"""Tasks that stand by for others, in runs that go on after a failure."""

import pytest

from ciranda import StepError
from ciranda_planner.resuming import prepare_again, resume

from .running import engine, plan_of, run_in, sleeps, words


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


@pytest.mark.anyio
@pytest.mark.parametrize(("failures", "status", "helped"), [(2, "failed", 2), (1, "succeeded", 1)])
async def test_who_stood_by_helps_again_if_its_task_fails_again(failures, status, helped):
    tried, help_ = [], []

    def work() -> None:
        tried.append(1)
        if len(tried) <= failures:
            raise StepError("broken", "no")

    plan = plan_of(sleeps("a", uses="do.it", contingency="b"), sleeps("b", uses="do.help"))
    mocks = {"do.it": work, "do.help": lambda: help_.append(1)}

    async with engine(mocks=mocks) as h:
        first = await run_in(h, plan)
        prepared, _ = prepare_again(h.engine, first.run)
        again = await resume(h.engine, first.run)

    assert words(first) == {"a": "failed", "b": "succeeded"}
    assert first.state == "partial"
    assert prepared.plan.already_succeeded == frozenset()
    assert words(again)["a"] == status
    assert len(help_) == helped
    assert again.state == ("partial" if status == "failed" else "succeeded")
