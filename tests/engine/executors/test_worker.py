"""The worker's side of an action: found once, bound, called, its context told as frames."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio.lowlevel
import pytest

from ciranda import ActionError, Context, StepError, action, hookimpl
from ciranda.events import Event, Request
from ciranda.executors.pool.worker import frames
from ciranda.executors.pool.worker.job import Job, Line
from ciranda.executors.worker import Worker, setup
from ciranda.plugins.inline import load_inline


@action("w.half", raises={ZeroDivisionError: "w.nothing"}, errors={"w.nothing": True})
def half(n: int) -> float:
    if n == 13:
        raise StepError("w.unlucky", "not 13", retry_after=2.0, detail={"n": n})
    return 1 / n


@action("w.later")
async def later(n: int) -> int:
    await anyio.lowlevel.checkpoint()
    return n + 1


@action("w.tell", secrets=["token"])
def tell(*, ctx: Context) -> str:
    ctx.log.info("a line", degrees=99)
    ctx.output("stderr", b"raw \xff")
    ctx.progress(1, 2, "half")
    ctx.used(tokens=3)
    return ctx.mask(f"the {ctx.secret('token')} of {ctx.key} in {ctx.env['PLACE']}")


@action("w.keep")
def keep(file: str, *, ctx: Context) -> dict[str, Any]:
    return ctx.artifact(file)


@action("w.left")
def left(*, ctx: Context) -> float | None:
    return ctx.remaining()


@action("w.other")
def other(*, ctx: Context) -> str:
    return ctx.secret("other")


@action("w.publish")
async def publish(*, ctx: Context) -> None:
    await ctx.publish(Event())


@action("w.ask")
async def ask(*, ctx: Context) -> None:
    await ctx.ask(Request())


@hookimpl
def actions() -> list[Any]:
    return [ask, half, keep, later, left, other, publish, tell]


class Desk:
    """A worker and the other end of its line."""

    def __init__(self, folder: Path, ours: socket.socket, theirs: socket.socket) -> None:
        self.folder = folder
        self._ours = ours
        self._line = Line(theirs)
        self._worker = setup(None)

    def call(self, name: str, *, remaining: float | None = None, **inputs: Any) -> Any:
        run = {
            "id": "r1",
            "name": "w",
            "dir": str(self.folder),
            "base": str(self.folder),
            "started": 0.0,
        }
        context = {
            "run": run,
            "step": "a",
            "path": "a/1",
            "attempt": 2,
            "remaining": remaining,
            "env": {"PLACE": "here"},
            "traceparent": "",
            "key": "charge-7",
            "secrets": {"token": "hush"},
        }
        payload = {
            "origin": {"module": __name__},
            "action": f"w.{name}",
            "inputs": inputs,
            "context": context,
            "traceparent": "",
        }
        job = Job(self._line, frames.Call(1, f"w.{name}", None, None))
        return self._worker.handle("", payload, job)

    def told(self) -> list[Any]:
        self._ours.setblocking(False)
        try:
            data = self._ours.recv(1 << 20)
        except BlockingIOError:
            return []
        return frames.FrameReader[Any](frames.decoder(frames.FromWorker)).feed(data)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Desk(tmp_path, ours, theirs)


def test_functions_of_both_kinds_are_called_with_what_they_take(desk: Desk) -> None:
    assert desk.call("half", n=4) == 0.25
    assert desk.call("later", n=4) == 5
    assert desk.told() == []


def test_a_failure_has_the_kind_that_the_action_declares(desk: Desk) -> None:
    with pytest.raises(StepError, match="division by zero") as declared:
        desk.call("half", n=0)
    with pytest.raises(StepError, match="not 13") as own:
        desk.call("half", n=13)
    with pytest.raises(StepError, match=r'Input "n" of w.half: expected int') as unfit:
        desk.call("half", n="x")

    assert (declared.value.kind, declared.value.retryable) == ("w.nothing", True)
    assert declared.value.detail["at"].startswith(f"{__file__}:")
    assert isinstance(declared.value.__cause__, ZeroDivisionError)
    assert (own.value.kind, own.value.retry_after) == ("w.unlucky", 2.0)
    assert (unfit.value.kind, unfit.value.retryable) == ("invalid-input", False)


def test_what_a_context_is_told_goes_out_as_frames(desk: Desk) -> None:
    assert desk.call("tell") == "the *** of charge-7 in here"

    assert desk.told() == [
        frames.Event(1, "log", {"level": "info", "text": "a line", "fields": {"degrees": "99"}}),
        frames.Log(1, "stderr", "raw \ufffd"),
        frames.Progress(1, 1, 2, "half"),
        frames.Event(1, "used", {"tokens": 3}),
    ]


@pytest.mark.parametrize("absolute", [True, False])
def test_an_artifact_is_described_and_named_to_the_parent(desk: Desk, absolute: bool) -> None:
    folder = desk.folder if absolute else desk.folder / "a.1"
    folder.mkdir(exist_ok=True)
    file = folder / "x.txt"
    file.write_bytes(b"kept")

    described = desk.call("keep", file=str(file) if absolute else "x.txt")

    assert described == {
        "path": str(file),
        "sha256": hashlib.sha256(b"kept").hexdigest(),
        "bytes": 4,
    }
    assert desk.told() == [frames.Event(1, "artifact", str(file))]


def test_an_artifact_that_is_not_there_fails_the_step(desk: Desk) -> None:
    with pytest.raises(StepError, match=r"artifact none\.txt: No such file"):
        desk.call("keep", file="none.txt")

    assert desk.told() == []


def test_the_time_that_is_left_is_counted_here(desk: Desk) -> None:
    assert desk.call("left") is None
    assert 59 < desk.call("left", remaining=60.0) <= 60


def test_what_needs_the_parent_is_refused_with_a_sentence(desk: Desk) -> None:
    with pytest.raises(StepError, match=r"declare the secret: @action\(\.\.\., secrets=\['other'"):
        desk.call("other")
    for word in ("publish", "ask"):
        with pytest.raises(StepError, match=f"ctx.{word} does not work in a worker") as told:
            desk.call(word)
        assert isinstance(told.value.__cause__, ActionError)


def test_an_inline_plugin_is_imported_once_for_each_content(tmp_path: Path) -> None:
    (tmp_path / "acts.py").write_text(
        dedent("""
        from ciranda import action, hookimpl

        @action("acts.one")
        def one() -> int:
            return 1

        @hookimpl
        def actions():
            return [one]
        """)
    )
    plugin = load_inline(tmp_path / "acts.py", tmp_path)
    origin = {
        "name": plugin.name,
        "root": str(tmp_path),
        "bundle": plugin.bundle,
        "digest": plugin.digest,
    }
    (tmp_path / "acts.py").write_text("raise SystemExit")  # changed since: the bundle counts
    worker = Worker()

    found = [worker._find(origin, "acts.one") for _ in range(2)]

    assert found[0] is found[1]
    assert found[0]() == 1
