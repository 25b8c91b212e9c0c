"""The engine as a program uses it: its own plugins and settings, functions, single actions."""

import os
import sys
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest

from ciranda import (
    ActionError,
    Engine,
    PluginError,
    Settings,
    SettingsError,
    StepError,
    Workflow,
    action,
    hookimpl,
    observer,
)
from ciranda.events import RunCompleted
from ciranda.settings import Configuration, RunSettings

pytestmark = pytest.mark.anyio


def double(n: int) -> int:
    return 2 * n


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class SlackSettings(Settings, section="slack"):
    channel: str = "#runs"
    limit: int = 3


class Slack:
    def __init__(self) -> None:
        self.settings: Any = None

    @hookimpl(specname="settings")
    def which(self) -> type[Settings]:
        return SlackSettings

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, settings: Any) -> Any:
        self.settings = settings
        yield


async def test_a_program_hands_in_plugins_and_settings(folder: Path) -> None:
    @action("my.greet")
    async def greet(name: str) -> str:
        return f"Hello, {name}!"

    module = ModuleType("my_plugin")
    vars(module)["actions"] = hookimpl(lambda: [greet], specname="actions")
    slack = Slack()
    (folder / "ciranda.toml").write_text('[slack]\nchannel = "#file"\nlimit = 9\n')

    async with Engine(
        durability="off", plugins=[module, slack], settings={"slack": {"channel": "#given"}}
    ) as engine:
        assert await engine.call("my.greet", {"name": "Ana"}) == "Hello, Ana!"

    assert slack.settings == SlackSettings(channel="#given", limit=9)


async def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SettingsError, match="there is no durability `safe`: write one of `power`"):
        Engine(durability="safe")
    with pytest.raises(SettingsError, match=r"\[run\] `max_paralel` is not a setting"):
        Configuration(Path()).with_tables({"run": {"max_paralel": 3}}).read(RunSettings)


@pytest.mark.parametrize("options", [{"timeout": "60s"}, {"executor": "process"}])
async def test_a_function_of_a_module_runs_in_a_worker_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch, options: Any
) -> None:
    (folder / "a_module.py").write_text("import os\ndef pid(n: int): return [os.getpid(), n]\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "a_module", raising=False)
    flow = Workflow("pids")
    flow.step("a", uses=import_module("a_module").pid, with_={"n": 4}, **options)

    async with Engine(durability="off") as engine:
        pid, n = (await engine.run(flow)).steps["a"]["output"]

    assert (pid != os.getpid(), n) == (True, 4)


async def test_a_function_of_the_program_itself_is_refused_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(double, "__module__", "__main__")
    flow = Workflow("pids")
    flow.step("a", uses=double, with_={"n": 4}, timeout=5)

    async with Engine(durability="off") as engine:
        with pytest.raises(ActionError, match=r"'a': .* of the program itself.*executor: thread"):
            await engine.run(flow)


async def test_what_is_given_to_a_single_action_is_data_and_never_an_expression() -> None:
    async with Engine(durability="off") as engine:
        await engine.call("data.write", {"path": "x.txt", "value": "${{ 1 + 1 }} ${{ inputs.q }}"})

        assert await engine.call("data.read", {"path": "x.txt"}) == "${{ 1 + 1 }} ${{ inputs.q }}"


async def test_a_single_action_that_is_not_there_or_is_misused_is_named() -> None:
    async with Engine(durability="off") as engine:
        with pytest.raises(PluginError, match=r"no action 'data.reed': did you mean 'data.read'\?"):
            await engine.call("data.reed", {})
        with pytest.raises(PluginError, match="there is no plugin 'nowhere'"):
            await engine.call("nowhere.x", {})
        with pytest.raises(StepError, match=r'Input "path" of data.read is required') as caught:
            await engine.call("data.read", {})

    assert caught.value.kind == "invalid-input"


async def test_what_a_plugin_leaves_behind_comes_out_alone() -> None:
    class Broken:
        @hookimpl
        @asynccontextmanager
        async def lifespan(self) -> Any:
            yield
            raise OSError("lost")

    with pytest.raises(PluginError, match="'broken' failed in its lifespan: OSError: lost"):
        async with Engine(durability="off", plugins=[Broken()]):
            pass


async def test_observers_have_heard_everything_before_what_they_use_is_closed() -> None:
    log: list[str] = []

    class Slow:
        @hookimpl
        async def run_completed(self, event: Any) -> None:
            await anyio.sleep(0.01)
            log.append(f"heard {event.run}")

    class Plugin:
        @hookimpl
        @asynccontextmanager
        async def lifespan(self) -> Any:
            yield Slow()
            log.append("closed")

    async with Engine(durability="off", plugins=[Plugin()]) as engine:
        for run in "ab":
            await engine.bus.publish(RunCompleted(run=run, status="succeeded"))

    assert log == ["heard a", "heard b", "closed"]


async def test_an_observer_that_hangs_holds_the_end_up_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @observer(RunCompleted, drain="50ms")
    async def hang(event: Any) -> None:
        await anyio.sleep(60)

    module = ModuleType("hanging")
    vars(module)["hang"] = hang
    with anyio.fail_after(5):
        async with Engine(durability="off", plugins=[module]) as engine:
            await engine.bus.publish(RunCompleted(status="succeeded"))

    assert capsys.readouterr().err.count("not finished 0.05 s after the end") == 1


async def test_a_cancelled_engine_does_not_wait_for_observers() -> None:
    @observer(RunCompleted, drain="60s")
    async def hang(event: Any) -> None:
        await anyio.sleep(60)

    module = ModuleType("hanging")
    vars(module)["hang"] = hang
    with anyio.fail_after(5), anyio.CancelScope() as scope:
        async with Engine(durability="off", plugins=[module]) as engine:
            await engine.bus.publish(RunCompleted(status="succeeded"))
            await anyio.sleep(0.01)
            scope.cancel()
            await anyio.lowlevel.checkpoint()

    assert scope.cancelled_caught
