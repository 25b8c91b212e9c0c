"""Actions of plugins on each executor: what they are given, and what ends with them."""

import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any

import anyio
import pytest

from ciranda import Context, Layer, Place, PluginError, action, hookimpl, resource
from ciranda.events import StepLogged
from ciranda.executors.worker import Worker
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

FILE = "ciranda: 1\nname: w\nsteps:\n  a: {uses: t.a}\n"


def offering(*functions: Any, layer: Layer | None = None) -> object:
    class Plugin:
        @hookimpl
        def actions(self) -> list[Any]:
            return list(functions)

        @hookimpl
        def middleware(self, target: Any) -> Layer | None:
            return layer

    return Plugin()


def plugin_file(folder: Path, source: str) -> str:
    head = "from ciranda import Context, action, hookimpl\n"
    (folder / "acts.py").write_text(head + dedent(source))
    return FILE.replace("steps:", "plugins: [./acts.py]\nsteps:")


def client(scope: str, left: list[str], end: Callable[[], Any] | None = None) -> Any:
    @resource(scope=scope)
    @asynccontextmanager
    async def client() -> AsyncIterator[str]:
        yield "client"
        # No `finally`: whoever leaves a resource in the ordinary way comes here.
        left.append(scope)
        if end is not None:
            end()

    return client


SHARED = client("run", [])


@action("t.a")
def share(it: Annotated[str, SHARED]) -> str:
    return it


def using(shared: Any) -> Any:
    async def use(client: Any) -> Any:
        return client

    use.__annotations__["client"] = Annotated[str, shared]
    return action("t.a")(use)


@pytest.mark.parametrize("scope", ["engine", "run", "step"])
async def test_a_resource_is_left_by_its_ordinary_way_out(scope: str) -> None:
    left: list[str] = []

    async with harness([offering(using(client(scope, left)))]) as h:
        result = await h.run(FILE)
        early = list(left)

    assert result.steps["a"]["output"] == "client"
    assert early == ([] if scope == "engine" else [scope])
    assert left == [scope]


async def test_a_resource_that_fails_on_leaving_is_named_in_the_log() -> None:
    left: list[str] = []

    async with harness([offering(using(client("run", left, lambda: os.environ["NOWHERE"])))]) as h:
        result = await h.run(FILE)
        lines = [one.text for one in h.events(StepLogged)]

    assert result.ok
    assert lines == ["resource client failed on leaving: KeyError: 'NOWHERE'"]


async def test_what_the_engine_kept_open_may_fail_too(capsys: pytest.CaptureFixture[str]) -> None:
    async with harness([offering(using(client("engine", [], lambda: os.environ["NOWHERE"])))]) as h:
        assert (await h.run(FILE)).ok

    assert "resource client failed on leaving: KeyError: 'NOWHERE'" in capsys.readouterr().err


async def test_a_resource_that_fails_while_it_is_open_is_named() -> None:
    @resource()
    @asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(fail)
            yield

    async def fail() -> None:
        raise OSError("lost")

    @action("t.a")
    async def wait(it: Annotated[None, broken]) -> None:
        await anyio.sleep(10)

    with pytest.raises(PluginError, match="resource broken failed: OSError: lost"):
        async with harness([offering(wait)]) as h:
            await h.run(FILE)


async def test_a_function_with_resources_stays_in_this_process_until_told_otherwise() -> None:
    async with harness([offering(share)]) as h:
        result = await h.run(FILE.replace("t.a}", "t.a, timeout: 60s}"))

    assert result.steps["a"]["output"] == "client"


@pytest.mark.parametrize(
    ("answer", "output", "message"),
    [
        ({"pair": (1, 2), "set": {3}}, {"pair": [1, 2], "set": [3]}, ""),
        ({"x": 1j}, None, "output.x is a complex, .*; a layer around the step made it so"),
    ],
)
async def test_what_a_layer_answers_is_plain_data_too(
    answer: Any, output: Any, message: str
) -> None:
    async def instead(call: Any, inner: Any) -> Any:
        return answer

    @action("t.a")
    async def a() -> None: ...

    async with harness([offering(a, layer=Layer(instead, Place.CACHE))], store="disk") as h:
        step = (await h.run(FILE)).steps["a"]

    assert step["output"] == output
    if message:
        assert step["error"]["kind"] == "invalid-output"
        assert re.match(message, step["error"]["message"])


async def test_a_worker_passes_on_what_its_action_logs_and_keeps(tmp_path: Path) -> None:
    text = plugin_file(
        tmp_path,
        """
        @action("t.a", executor="process")
        def a(*, ctx: Context):
            ctx.log.warning("hot", degrees=99)
            (ctx.dir / "x.txt").write_text("kept")
            return ctx.artifact("x.txt")

        @hookimpl(specname="actions")
        def whatever_name():
            return [a]
        """,
    )

    async with harness(folder=tmp_path) as h:
        kept = (await h.run(text)).steps["a"]["output"]
        (line,) = h.events(StepLogged)
        content = h.engine.log.blob(kept["sha256"])

    assert (line.level, line.text, line.fields) == ("warning", "hot", {"degrees": "99"})
    assert bytes(content) == b"kept"


@pytest.mark.parametrize("executor", ["inline", "process"])
async def test_sync_twins_away_from_a_thread_say_what_to_write(
    tmp_path: Path, executor: str
) -> None:
    text = plugin_file(
        tmp_path,
        f"""
        from ciranda.events import Event

        @action("t.a", executor="{executor}")
        def a(*, ctx: Context):
            ctx.publish_sync(Event())

        @hookimpl
        def actions():
            return [a]
        """,
    )

    async with harness(folder=tmp_path) as h:
        error = (await h.run(text)).steps["a"]["error"]

    assert "publish_sync works in a thread only; make the action async" in error["message"]


def test_a_worker_finds_a_plugin_that_is_an_attribute_of_its_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ciranda_attribute.py").write_text(
        dedent("""
        from ciranda import action, hookimpl

        class Plugin:
            @hookimpl
            def actions(self):
                return [twice]

        @action("attribute.twice")
        def twice(n: int) -> int:
            return 2 * n

        plugin = Plugin()
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    found = Worker()._find({"module": "ciranda_attribute:plugin"}, "attribute.twice")

    assert found(4) == 8


async def test_the_deadline_of_a_step_counts_as_its_attempts_deadline() -> None:
    told: list[float | None] = []

    @action("t.a")
    async def ask(*, ctx: Context) -> None:
        told.append(ctx.remaining())

    async with harness([offering(ask)]) as h:
        await h.run(FILE.replace("t.a}", "t.a, deadline: 60s}"))
        await h.run(FILE.replace("t.a}", "t.a, deadline: 60s, timeout: 5s}"))

    assert told[0] == pytest.approx(60, abs=1)
    assert told[1] == pytest.approx(5, abs=1)


async def test_paths_start_where_the_file_is_however_deep_they_are(tmp_path: Path) -> None:
    @action("t.a")
    async def a(
        one: Path, maybe: Path | None, several: list[Path], named: dict[str, Path | None]
    ) -> list[Path | None]:
        return [one, maybe, *several, *named.values()]

    given = "{one: a, maybe: b, several: [c, /d], named: {x: e, y: null}}"
    async with harness([offering(a)], folder=tmp_path) as h:
        result = await h.run(FILE.replace("t.a}", f"t.a, with: {given}}}"))

    here = [str(tmp_path / name) for name in "abc"]
    assert result.steps["a"]["output"] == [*here, "/d", str(tmp_path / "e"), None]
