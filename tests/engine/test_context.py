"""What an action sees of its run."""

import threading
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from ciranda.context import Context, RunInfo
from ciranda.errors import ActionError, StepError
from ciranda.events import Event, Request

pytestmark = pytest.mark.anyio


class Told(Event, frozen=True, kw_only=True, tag=True):
    text: str


class Question(Request[int], frozen=True, kw_only=True):
    n: int


class RecordingHost:
    """A host that writes down each call and the thread it came in."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.calls: list[Any] = []
        self.now = 100.0

    def _note(self, *call) -> None:
        assert threading.get_ident() == self.thread
        self.calls.append(call)

    def clock(self) -> float:
        return self.now

    def log(self, ctx, level, text, fields) -> None:
        self._note("log", ctx.path, level, text, dict(fields))

    def output(self, ctx, stream, data) -> None:
        self._note("output", stream, data)

    def progress(self, ctx, done, total, text) -> None:
        self._note("progress", done, total, text)

    def used(self, ctx, cost) -> None:
        self._note("used", dict(cost))

    def secret(self, ctx, name) -> str:
        if name != "API":
            raise StepError("secret", f"There is no secret {name}.")
        return "hunter22"

    def mask(self, text: str) -> str:
        return text.replace("hunter22", "***")

    def artifact(self, ctx, path) -> dict[str, Any]:
        self._note("artifact", path)
        return {"path": str(path)}

    async def publish(self, ctx, event) -> None:
        self._note("publish", event)

    async def ask(self, ctx, request) -> Any:
        return request.n + 1


@pytest.fixture
async def host() -> RecordingHost:
    return RecordingHost()


@pytest.fixture
async def ctx(host, tmp_path) -> Context:
    run = RunInfo("r1", "flow", tmp_path / "run")
    return Context(host, run, "verify", "verify/3", attempt=2, deadline=103.0)


def talk(ctx: Context) -> None:
    log = ctx.log.bind(user="ana")
    log.info("hello", n=1)
    ctx.log.debug("d")
    ctx.log.warning("w")
    ctx.log.error("e")
    ctx.progress(1, 2, "half")
    ctx.used(tokens=3)
    ctx.output("stdout", b"x")
    assert ctx.secret("API") == "hunter22"
    assert ctx.mask("is hunter22") == "is ***"
    assert ctx.artifact("a.txt") == {"path": "a.txt"}


async def test_everything_reaches_the_host(ctx, host):
    talk(ctx)

    assert host.calls == [
        ("log", "verify/3", "info", "hello", {"user": "ana", "n": 1}),
        ("log", "verify/3", "debug", "d", {}),
        ("log", "verify/3", "warning", "w", {}),
        ("log", "verify/3", "error", "e", {}),
        ("progress", 1, 2, "half"),
        ("used", {"tokens": 3}),
        ("output", "stdout", b"x"),
        ("artifact", Path("a.txt")),
    ]


async def test_a_thread_reaches_the_host_in_the_loop(ctx, host):
    await anyio.to_thread.run_sync(talk, ctx)

    assert len(host.calls) == 8


async def test_a_missing_secret_is_a_failure_of_its_own_kind(ctx):
    with pytest.raises(StepError, match="There is no secret NOPE"):
        await anyio.to_thread.run_sync(ctx.secret, "NOPE")


async def test_coroutines_publish_and_ask(ctx, host):
    await ctx.publish(Told(text="t"))

    assert await ctx.ask(Question(n=1)) == 2
    assert host.calls == [("publish", Told(text="t"))]


async def test_threads_publish_and_ask_by_the_twins(ctx, host):
    await anyio.to_thread.run_sync(ctx.publish_sync, Told(text="t"))

    assert await anyio.to_thread.run_sync(ctx.ask_sync, Question(n=1)) == 2
    assert host.calls == [("publish", Told(text="t"))]


async def test_the_twins_refuse_to_block_the_loop(ctx):
    with pytest.raises(ActionError, match=r"works in a thread only.*await ctx.publish"):
        ctx.publish_sync(Told(text="t"))
    with pytest.raises(ActionError, match=r"await ctx.ask"):
        ctx.ask_sync(Question(n=1))


async def test_the_key_is_the_same_for_every_attempt(ctx, host):
    again = Context(host, ctx.run, "verify", "verify/3", attempt=3)

    assert ctx.key == again.key == "r1:verify/3"


async def test_the_time_left_is_measured_on_the_clock_of_the_host(ctx, host):
    assert ctx.remaining() == 3.0
    host.now = 200.0
    assert ctx.remaining() == 0.0
    assert Context(host, ctx.run, "a", "a").remaining() is None


async def test_each_path_has_a_folder_of_its_own_below_the_run(host, tmp_path):
    run = RunInfo("r", "f", tmp_path)
    paths = ["a", "a/3", "a/b", "a.b", "../x", "a/%2e/é", "a/.."]

    folders = [Context(host, run, "a", path).dir for path in paths]

    assert len(set(folders)) == len(paths)
    assert all(folder.parent == tmp_path and folder.is_dir() for folder in folders)
