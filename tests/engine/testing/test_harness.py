"""The harness: an engine a test, in virtual or real time, that can crash."""

from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest

from ciranda.actions import Action, action
from ciranda.errors import WorkflowError
from ciranda.events import RunStarted, StepCompleted
from ciranda.hooks import hookimpl
from ciranda.testing import (
    DeadlockError,
    SimulatedCrash,
    VirtualLoop,
    harness,
    virtual_backend,
    virtual_loop,
)
from ciranda.workflow.builder import Workflow

ONE = "ciranda: 1\nsteps:\n  a: {uses: t.a}\n"
POINTS: list[Any] = ["before_effect", "after_effect", "before_commit", "after_commit"]


async def nap() -> float:
    await anyio.sleep(3600)
    return anyio.current_time()


def in_virtual_time(backend: str, function: Any, seed: int | None = None) -> Any:
    name, options = virtual_backend(backend, seed)
    return anyio.run(function, backend=name, backend_options=options)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_hours_take_no_time_and_events_tell_of_them(backend: str) -> None:
    async def main() -> None:
        async with harness(mocks={"t.a": nap}) as h:
            before = h.clock.now()
            await h.run(ONE)
            await h.clock.advance("2d")
            await h.clock.advance(60)

            assert h.clock.virtual
            assert h.clock.now() - before == pytest.approx(3600 + 2 * 86_400 + 60)
            assert h.events(RunStarted)[0].at == pytest.approx(before)
            assert h.events(StepCompleted)[0].at == pytest.approx(before + 3600)

    in_virtual_time(backend, main)


@pytest.mark.anyio
async def test_on_a_real_loop_time_is_real() -> None:
    async with harness(mocks={"t.a": 1}) as h:
        before = h.clock.now()
        await h.clock.advance("10ms")

        assert not h.clock.virtual
        assert h.clock.now() - before >= 0.009


def test_there_are_two_backends() -> None:
    with pytest.raises(ValueError, match="there is no backend 'curio': asyncio or trio"):
        virtual_backend("curio")


def test_a_test_that_waits_for_itself_fails() -> None:
    async def main() -> None:
        await anyio.Event().wait()

    with pytest.raises(DeadlockError, match="every task waits for another"):
        in_virtual_time("asyncio", main)


def test_each_seed_is_an_order_of_its_own_and_always_the_same() -> None:
    async def order() -> list[int]:
        seen: list[int] = []

        async def note(number: int) -> None:
            await anyio.sleep(1)
            seen.append(number)

        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(note, number)
        return seen

    orders = [in_virtual_time("asyncio", order, seed) for seed in (1, 1, 2, None)]

    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    loop = virtual_loop(3)
    assert isinstance(loop, VirtualLoop)
    loop.close()


@pytest.mark.anyio
@pytest.mark.parametrize("store", [None, "disk"])
@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_at_each_point_leaves_what_was_committed(point: Any, store: Any) -> None:
    calls: list[int] = []

    def effect() -> int:
        calls.append(1)
        return len(calls)

    async with harness(mocks={"t.a": effect}, store=store) as h:
        h.kill_at(point, "a")
        with pytest.raises(SimulatedCrash, match=f"^{point} of a, attempt 1$"):
            await h.run(ONE)
        done = [record.type for record in h.engine.log.read(h.engine.log.run("last").id)]
        assert ("StepCompleted" in done) is (point == "after_commit")

        result = await h.resume()

    assert result.steps["a"]["output"] == len(calls)
    assert len(calls) == (2 if point in ("after_effect", "before_commit") else 1)


@pytest.mark.anyio
async def test_an_unknown_point_names_those_that_there_are() -> None:
    async with harness() as h:
        with pytest.raises(ValueError, match="no point 'lunch': before_effect, after_effect"):
            h.kill_at("lunch", "a")  # type: ignore[arg-type]  # on purpose


@pytest.mark.anyio
async def test_mocks_are_functions_errors_values_and_actions() -> None:
    @action("t.a")
    async def real(v: int) -> int:
        """Add one."""
        return v + 1

    flow = (
        "ciranda: 1\nsteps:\n  a: {uses: t.a, with: {v: 1}}\n  b: {uses: t.b, with: {x: 2}}\n"
        "  c: {uses: t.c, continue-on-error: true}\n  d: {uses: t.d}\n"
    )
    mocks = {"t.a": real, "t.b": lambda x: x * 2, "t.c": ValueError("no"), "t.d": [4]}
    async with harness(mocks=mocks) as h:
        result = await h.run(flow)

        outputs = {name: step["output"] for name, step in result.steps.items()}
        assert outputs == {"a": 2, "b": 4, "c": None, "d": [4]}


@pytest.mark.anyio
async def test_plugins_are_objects_or_modules_and_workflows_come_in_any_form(
    tmp_path: Path,
) -> None:
    @action("mine.echo")
    async def echo(v: int) -> int:
        """Say it again."""
        return v

    class Mine:
        @hookimpl
        def actions(self) -> list[Action]:
            return [echo]

    module = ModuleType("ciranda_other")
    text = "ciranda: 1\nsteps:\n  a: {uses: mine.echo, with: {v: 7}}\n"
    file = tmp_path / "flow.yaml"
    file.write_text(text)
    built = Workflow("built")
    built.step("a", uses="mine.echo", with_={"v": 7})
    async with harness(plugins=[Mine(), module], folder=tmp_path) as h:
        for workflow in (text, file, h.load(text), built):
            assert (await h.run(workflow)).steps["a"]["output"] == 7
        assert h.folder.name == tmp_path.name
        assert len(h.events(RunStarted)) == 4
        run = h.events(RunStarted)[2].run
        assert len(h.events(RunStarted, run)) == 1


@pytest.mark.anyio
async def test_what_is_no_crash_is_raised_as_it_is() -> None:
    async with harness() as h:
        with pytest.raises(WorkflowError, match=r"workflow\.yaml:3"):
            await h.run("ciranda: 1\nsteps:\n  a: {uses: no.such}\n")
