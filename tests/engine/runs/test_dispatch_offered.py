"""A dispatch that a plugin offers or that is changed on the way; runs inside of steps."""

import anyio
import pytest

from ciranda import Context, hookimpl
from ciranda.errors import InputError
from ciranda.events import RunStarted, StepStarted
from ciranda.runs.dispatch import Dispatch
from ciranda.testing import harness
from ciranda.workflow.builder import Workflow

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


async def nap(seconds: float = 1.0) -> None:
    await anyio.sleep(seconds)


def naps(*names: str, called: str = "naps") -> Workflow:
    flow = Workflow(called)
    for name in names:
        flow.step(name, uses="t.nap")
    return flow


class OneByOne:
    """Offers a dispatch for one workflow."""

    def __init__(self, order=()):
        self.order = dict(order)

    @hookimpl
    def dispatch(self, workflow):
        return Dispatch(most=1, order=self.order) if workflow.name == "naps" else None


async def test_a_plugin_says_how_steps_are_admitted_where_nobody_else_does():
    async with harness(plugins=[OneByOne({"b": 0, "a": 1})], mocks={"t.nap": nap}) as h:
        await h.run(naps("a", "b"))
        began = [event.path for event in h.events(StepStarted)]
        other = await h.run(naps("a", "b", called="others"))
        own = await h.engine.run(naps("a", "b"), dispatch=Dispatch(order={"a": 0}))

    assert began == ["b", "a"]
    assert other.duration == pytest.approx(1)
    assert own.duration == pytest.approx(1)


async def test_a_resumed_run_is_admitted_as_a_plugin_says_too():
    async with harness(plugins=[OneByOne()], mocks={"t.nap": nap}) as h:

        async def stop():
            await anyio.sleep(1.5)
            h.engine.cancel("enough")

        flow = h.load(
            "ciranda: 1\nname: naps\nsteps:\n"
            + "".join(f"  {name}: {{uses: t.nap}}\n" for name in "abc")
        )
        async with anyio.create_task_group() as group:
            group.start_soon(stop)
            assert (await h.run(flow)).status == "cancelled"
        again = await h.resume()

    assert again.ok
    assert again.duration == pytest.approx(2)


async def test_an_offered_dispatch_that_does_not_fit_is_refused():
    async with harness(plugins=[OneByOne({"nobody": 0})], mocks={"t.nap": nap}) as h:
        with pytest.raises(InputError, match="names the step 'nobody'"):
            await h.run(naps("a"))


async def test_steps_that_wait_take_their_places_in_a_new_order():
    dispatch = Dispatch(most=1, order={"a": 0, "b": 1, "c": 2, "d": 3}, capacities={"x": 1})
    async with harness(mocks={"t.nap": nap}) as h, anyio.create_task_group() as group:

        async def change():
            await anyio.sleep(0.5)
            dispatch.reorder({"d": 0, "b": 1, "c": 2})

        group.start_soon(change)
        await h.engine.run(naps("a", "b", "c", "d"), dispatch=dispatch)
        began = [event.path for event in h.events(StepStarted)]

    assert began == ["a", "d", "b", "c"]


async def test_a_slot_waits_for_a_step_that_a_new_order_puts_first():
    dispatch = Dispatch(most=2, order={"a": 0, "b": 1, "y": 2, "x": 3})
    flow = naps("a", "b", "y")
    flow.step("x", uses="t.nap", needs=["a"])
    async with harness(mocks={"t.nap": nap}) as h, anyio.create_task_group() as group:

        async def change():
            await anyio.sleep(0.5)
            dispatch.reorder({"x": 0, "y": 1})

        group.start_soon(change)
        await h.engine.run(flow, dispatch=dispatch)
        began = [event.path for event in h.events(StepStarted)]

    assert began == ["a", "b", "x", "y"]


async def test_one_run_of_an_engine_is_stopped_and_the_other_goes_on():
    async with harness(mocks={"t.nap": nap}) as h, anyio.create_task_group() as group:
        ended = {}

        async def run(name):
            ended[name] = (await h.engine.run(naps("a"), run_id=name)).status

        group.start_soon(run, "one")
        group.start_soon(run, "two")
        await anyio.sleep(0.5)
        h.engine.cancel("enough", run="one")

    assert ended == {"one": "cancelled", "two": "succeeded"}


async def test_a_run_that_is_part_of_a_step_goes_on_with_its_trace():
    async with harness() as h:
        engine = h.engine
        seen = []

        async def inner(*, ctx: Context) -> str:
            seen.append(ctx.traceparent)
            result = await engine.run(Workflow("inner", start=part.model()), part_of=ctx)
            return result.status

        part = Workflow("inner")
        part.step("x", uses=nothing)
        outer = Workflow("outer")
        outer.step("work", uses=inner, executor="inline")
        result = await engine.run(outer)
        started = h.events(RunStarted)

    assert result.steps["work"]["output"] == "succeeded"
    assert [event.trace_parent for event in started if event.workflow == "inner"] == seen


async def nothing() -> None:
    return None
