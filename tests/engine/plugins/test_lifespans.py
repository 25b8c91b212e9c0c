"""What plugins keep open for as long as the engine runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from ciranda.actions import action
from ciranda.errors import PluginError
from ciranda.events import StepStarted
from ciranda.expressions import Function
from ciranda.hooks import hookimpl
from ciranda.plugins import Plugins
from ciranda.plugins.lifespans import Lifespans

pytestmark = pytest.mark.anyio

Make = Callable[..., Plugins]


class Opened:
    """What a plugin yields."""

    def __init__(self, log: list[str], name: str) -> None:
        self.log = log
        self.name = name

    @hookimpl
    def step_started(self, event: StepStarted) -> None:
        self.log.append(f"{self.name} heard")


def plugin(log: list[str], name: str, **options: Any) -> object:
    class Plugin:
        @hookimpl
        @asynccontextmanager
        async def lifespan(self, engine: Any, settings: Any) -> AsyncIterator[Any]:
            log.append(f"{name} in {engine} {settings}")
            if options.get("fails"):
                raise ConnectionError("refused")
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(anyio.sleep_forever)
                    yield Opened(log, name) if options.get("yields", True) else None
                    group.cancel_scope.cancel()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                log.append(f"{name} out")

    return Plugin()


async def test_plugins_are_entered_in_order_used_and_left_in_reverse(make_plugins: Make) -> None:
    log: list[str] = []
    plugins = make_plugins()
    plugins.register(plugin(log, "a"), "a")
    plugins.register(plugin(log, "b", yields=False), "b")

    async with plugins.lifespan("engine"):
        plugins.bus.publish_nowait(StepStarted(path="x"))
    plugins.bus.publish_nowait(StepStarted(path="x"))

    assert log == ["a in engine None", "b in engine None", "a heard", "b out", "a out"]
    assert list(plugins.versions()) == ["a", "b"]


async def test_a_plugin_that_comes_later_is_entered_by_start_from_any_task(
    make_plugins: Make,
) -> None:
    log: list[str] = []
    plugins = make_plugins()

    async def later() -> None:
        plugins.register(plugin(log, "a"), "a")
        await plugins.start()
        await plugins.start()

    async with plugins.lifespan("engine"):
        async with anyio.create_task_group() as group:
            group.start_soon(later)
        plugins.bus.publish_nowait(StepStarted(path="x"))

    assert log == ["a in engine None", "a heard", "a out"]


async def test_a_plugin_that_cannot_be_opened_is_named_and_the_others_are_closed(
    make_plugins: Make,
) -> None:
    log: list[str] = []
    plugins = make_plugins()
    plugins.register(plugin(log, "a"), "a")
    plugins.register(plugin(log, "b", fails=True), "b")

    with pytest.raises(
        PluginError, match="plugin 'b' cannot be opened: ConnectionError: refused"
    ) as caught:
        async with plugins.lifespan("engine"):
            raise AssertionError("not reached")

    assert isinstance(caught.value.__cause__, ConnectionError)
    assert log == ["a in engine None", "b in engine None", "a out"]


async def test_a_cancelled_engine_still_closes_its_plugins(make_plugins: Make) -> None:
    log: list[str] = []
    plugins = make_plugins()
    plugins.register(plugin(log, "a"), "a")

    with anyio.CancelScope() as scope:
        async with plugins.lifespan("engine"):
            scope.cancel()
            await anyio.lowlevel.checkpoint()

    assert scope.cancelled_caught
    assert log == ["a in engine None", "a out"]


async def test_a_plugin_that_does_not_close_is_given_up() -> None:
    @asynccontextmanager
    async def hangs() -> AsyncIterator[None]:
        yield
        await anyio.sleep_forever()

    lifespans = Lifespans(grace=0.01)

    with anyio.fail_after(5):
        with pytest.raises(PluginError, match=r"plugins did not close within 0.01 s"):
            async with lifespans.running():
                await lifespans.enter("a", hangs())


async def test_what_the_engine_raises_comes_out_as_it_is_also_when_closing_fails() -> None:
    @asynccontextmanager
    async def fails() -> AsyncIterator[None]:
        try:
            yield
        finally:
            raise OSError("cannot close")

    async def run(error: Exception | None) -> None:
        lifespans = Lifespans()
        async with lifespans.running():
            await lifespans.enter("a", fails())
            if error is not None:
                raise error

    named = "plugin 'a' failed in its lifespan: OSError: cannot close"
    with pytest.raises(PluginError, match=named):
        await run(None)
    with pytest.raises(KeyError) as body:
        await run(KeyError("mine"))

    assert body.value.__notes__ == [f'and then plugins failed to close: PluginError("{named}")']


async def test_a_background_task_of_a_plugin_that_crashes_ends_the_engine() -> None:
    @asynccontextmanager
    async def crashes() -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(crash)
            yield

    async def crash() -> None:
        await anyio.lowlevel.checkpoint()
        raise OSError("lost")

    async def run() -> None:
        lifespans = Lifespans()
        async with lifespans.running():
            await lifespans.enter("a", crashes())
            await anyio.sleep_forever()

    with anyio.fail_after(5), pytest.raises(ExceptionGroup) as caught:
        await run()

    assert caught.group_contains(
        PluginError, match="plugin 'a' failed in its lifespan: OSError: lost"
    )


async def test_outside_of_the_engines_life_nothing_opens(make_plugins: Make) -> None:
    lifespans = Lifespans()

    @asynccontextmanager
    async def never() -> AsyncIterator[None]:
        yield

    with pytest.raises(PluginError, match="'a' cannot be opened: the engine is not running"):
        await lifespans.enter("a", never())
    async with lifespans.running():
        with pytest.raises(RuntimeError, match="running already"):
            async with lifespans.running():
                pass


async def test_a_lifespan_that_is_no_context_manager_is_refused(make_plugins: Make) -> None:
    class Plugin:
        @hookimpl
        async def lifespan(self, engine: Any) -> None: ...

    class Nothing:
        @hookimpl
        def lifespan(self) -> None: ...

    plugins = make_plugins()
    plugins.register(Nothing(), "a")
    plugins.register(Plugin(), "b")

    with pytest.raises(PluginError, match="'b': the hook 'lifespan' returned coroutine"):
        async with plugins.lifespan("engine"):
            raise AssertionError("not reached")


@pytest.mark.parametrize("hook", ["actions", "functions", "executors"])
async def test_what_files_name_is_offered_before_anything_is_opened(
    make_plugins: Make, hook: str
) -> None:
    @action("a.send")
    def send() -> None: ...

    class Executor:
        def core(self, action: Any) -> None: ...

    class Late:
        @hookimpl
        def actions(self) -> list[Any]:
            return [send] if hook == "actions" else []

        @hookimpl
        def functions(self) -> list[Any]:
            return [Function("send", str)] if hook == "functions" else []

        @hookimpl
        def executors(self) -> dict[str, Any]:
            return {"send": Executor()} if hook == "executors" else {}

    class Plugin:
        @hookimpl
        @asynccontextmanager
        async def lifespan(self) -> AsyncIterator[Any]:
            yield Late()

    plugins = make_plugins()
    plugins.register(Plugin(), "a")

    with pytest.raises(PluginError, match=f"offer it in the module's hook '{hook}'"):
        async with plugins.lifespan("engine"):
            raise AssertionError("not reached")
