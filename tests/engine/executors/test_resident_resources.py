"""Resources of actions in worker processes: who opens them, how long they live, what is told."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ciranda import StepError
from ciranda.events import StepLogged
from ciranda.executors.pool.worker import frames
from ciranda.executors.pool.worker.job import Job, Line
from ciranda.executors.worker import RELEASE, Worker
from ciranda.plugins.inline import load_inline
from ciranda.testing import Harness, harness

pytestmark = pytest.mark.anyio
ONE_LOOP = pytest.mark.parametrize("anyio_backend", ["asyncio"])  # processes have their own

ACTS = """
    import os, signal
    from contextlib import asynccontextmanager
    from pathlib import Path
    from typing import Annotated

    import anyio, anyio.from_thread
    from ciranda import Context, Settings, action, hookimpl, resource


    class DeskSettings(Settings, section="desk"):
        greeting: str = "hello"
        notes: Path = Path("notes")


    class Desk:
        def __init__(self, ctx, settings, scope):
            self.name = f"{settings.greeting} {scope} {ctx.step}"
            self.file, self.scope, self.uses, self.ctx = settings.notes, scope, 0, ctx
            self.note("in")

        def note(self, word):
            with self.file.open("a") as file:
                file.write(f"{word} {self.scope} {os.getpid()}\\n")

        async def use(self):
            await anyio.sleep(0)
            self.uses += 1
            return {"name": self.name, "uses": self.uses, "pid": os.getpid()}


    def desk(scope):
        @resource(scope=scope)
        @asynccontextmanager
        async def desk(ctx, settings):
            async with anyio.create_task_group() as group:  # needs the task that it was opened in
                made = Desk(ctx, settings, scope)
                group.start_soon(anyio.sleep_forever)
                yield made
                group.cancel_scope.cancel()
            made.note("out")
            if settings.greeting == "grumble":
                raise OSError("the drawer is stuck")
        return desk


    for_run, for_engine, for_step = desk("run"), desk("engine"), desk("step")


    @resource()
    @asynccontextmanager
    async def locked():
        raise ConnectionError("nobody is there")
        yield


    @resource(scope="engine")
    @asynccontextmanager
    async def fuse():
        async with anyio.create_task_group() as group:
            event = anyio.Event()

            async def blow():
                await event.wait()
                raise OSError("blown")

            group.start_soon(blow)
            yield event
            group.cancel_scope.cancel()


    @action("desk.later", executor="process")
    async def later(it: Annotated[Desk, for_run], *, ctx: Context) -> dict:
        ctx.log.info("asked")
        it.ctx.log.info("told by what is shared")
        return await it.use()


    @action("desk.plain", executor="process")
    def plain(it: Annotated[Desk, for_run], n: int = 0) -> dict:
        return anyio.from_thread.run(it.use)


    @action("desk.all", executor="process")
    def three(
        a: Annotated[Desk, for_run], b: Annotated[Desk, for_engine], c: Annotated[Desk, for_step]
    ) -> list:
        return [anyio.from_thread.run(it.use) for it in (a, b, c)]


    @action("desk.die", executor="process")
    async def die(it: Annotated[Desk, for_run], before: bool = True) -> None:
        if before:
            os.kill(os.getpid(), signal.SIGKILL)


    @action("desk.none", executor="process")
    def none(it: Annotated[None, locked]) -> None: ...


    @action("desk.blow", executor="process")
    async def blow(it: Annotated[anyio.Event, fuse], when: str = "now") -> str:
        if when == "now":
            it.set()
            await anyio.sleep_forever()
        if when == "late":
            it.set()
        return when


    @hookimpl
    def settings():
        return DeskSettings


    @hookimpl
    def actions():
        return [blow, die, later, none, plain, three]
"""


@asynccontextmanager
async def acting(folder: Path, **settings: Any) -> AsyncIterator[Harness]:
    (folder / "desk.py").write_text(dedent(ACTS))
    told = {"desk": {"notes": str(folder / "notes"), **settings}}
    async with harness(folder=folder, settings=told) as h:
        h.engine._executors["process"].size = 1
        yield h


def flow(*steps: str) -> str:
    lines = "".join(f"  {step}\n" for step in steps)
    return f"ciranda: 1\nname: w\nplugins: [./desk.py]\nsteps:\n{lines}"


def notes(folder: Path) -> list[str]:
    file = folder / "notes"
    lines = file.read_text().splitlines() if file.exists() else []
    return [" ".join(line.split()[:2]) for line in lines]


class Desk:
    """A worker in this process, and the other end of its line."""

    def __init__(self, folder: Path, loop: str, ours: socket.socket, theirs: socket.socket) -> None:
        (folder / "desk.py").write_text(dedent(ACTS))
        plugin = load_inline(folder / "desk.py", folder)
        self.origin = {
            "name": plugin.name,
            "root": str(folder),
            "bundle": plugin.bundle,
            "digest": plugin.digest,
            "settings": {"greeting": "hi", "notes": str(folder / "notes")},
        }
        self._folder, self._loop, self._ours = folder, loop, ours
        self._line, self._calls = Line(theirs), 0
        self._worker = Worker()

    def call(self, name: str, run: str = "r1", path: str = "a", **inputs: Any) -> Any:
        place = str(self._folder)
        told = {"id": run, "name": "w", "dir": place, "base": place, "started": 0.0}
        context = {
            **{"run": told, "step": path, "path": path, "attempt": 1, "remaining": None, "env": {}},
            **{"traceparent": "", "key": "", "secrets": {}},
        }
        payload = {"origin": self.origin, "action": f"desk.{name}", "inputs": inputs}
        return self._send(
            "", {**payload, "context": context, "traceparent": "", "loop": self._loop}
        )

    def release(self, run: str) -> None:
        assert self._send(RELEASE, run) is None

    def _send(self, name: str, payload: Any) -> Any:
        self._calls += 1
        job = Job(self._line, frames.Call(self._calls, name, None, None))
        return self._worker.handle(name, payload, job)

    @property
    def is_empty(self) -> bool:
        """Whether neither a resource is open nor a loop runs."""
        residents: Any = self._worker._residents
        return residents is None or residents._home is None

    def logged(self) -> list[tuple[int, str]]:
        """Return what was logged, with the number of the call that it was told for."""
        self._ours.setblocking(False)
        try:
            data = self._ours.recv(1 << 20)
        except BlockingIOError:
            return []
        told = frames.FrameReader[Any](frames.decoder(frames.FromWorker)).feed(data)
        return [(one.id, one.data["text"]) for one in told if isinstance(one, frames.Event)]


@pytest.fixture(params=["asyncio", "trio"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made = Desk(tmp_path, request.param, ours, theirs)
        yield made
        for run in ("r1", "r2", ""):
            made.release(run)
    assert made.is_empty


def test_each_scope_is_opened_when_first_asked_for_and_left_when_told(
    desk: Desk, tmp_path: Path
) -> None:
    desk.release("r1")  # nothing is open
    for run, path in (("r1", "a"), ("r1", "b"), ("r2", "a")):
        desk.call("all", run, path)
    desk.release("r1")
    kept = desk.call("plain", "r2", "c")
    anew = desk.call("all", "r1", "d")

    assert (kept["name"], kept["uses"]) == ("hi run a", 2)
    assert [(one["name"], one["uses"]) for one in anew] == [
        ("hi run d", 1),
        ("hi engine a", 4),
        ("hi step d", 1),
    ]
    assert notes(tmp_path) == [
        *("in run", "in engine", "in step", "out step"),
        *("in step", "out step"),
        *("in run", "in step", "out step"),
        "out run",
        *("in run", "in step", "out step"),
    ]


def test_what_a_resource_tells_goes_to_the_call_that_is_under_way(desk: Desk) -> None:
    desk.call("later")
    desk.call("later", path="b")

    assert desk.logged() == [
        (number, text) for number in (1, 2) for text in ("asked", "told by what is shared")
    ]


def test_what_fails_on_leaving_is_a_warning(desk: Desk) -> None:
    desk.origin["settings"]["greeting"] = "grumble"  # type: ignore[index]
    desk.call("plain")
    desk.release("r1")

    assert desk.logged() == [(2, "resource desk failed on leaving: OSError: the drawer is stuck")]


def test_what_cannot_be_opened_fails_the_call_as_it_does_in_the_engine(desk: Desk) -> None:
    with pytest.raises(StepError, match=r"^resource locked cannot be opened: Conn") as told:
        desk.call("none")

    assert told.value.kind == "unavailable"


def test_a_resource_that_fails_while_it_is_open_fails_who_uses_it_and_is_opened_anew(
    desk: Desk,
) -> None:
    with pytest.raises(StepError, match=r"^resource fuse failed: OSError: blown$") as told:
        desk.call("blow")
    assert told.value.kind == "unavailable"
    assert desk.call("blow", when="never") == "never"
    assert desk.logged() == []


def test_a_resource_that_fails_between_two_calls_is_a_warning(desk: Desk) -> None:
    assert desk.call("blow", when="late") == "late"
    residents: Any = desk._worker._residents
    residents._home.ended.result(5)

    assert desk.call("blow", when="never") == "never"
    assert desk.logged() == [(2, "resource fuse failed: OSError: blown")]


async def test_a_worker_opens_each_scope_once_and_leaves_it_when_that_is_over(
    tmp_path: Path,
) -> None:
    text = flow(
        "a: {uses: desk.all}",
        "b: {uses: desk.all, needs: [a]}",
        "c: {uses: desk.later, needs: [b]}",
        "d: {uses: desk.plain, needs: [c]}",
    )
    async with acting(tmp_path, greeting="hi") as h:
        first = await h.run(text)
        early = notes(tmp_path)
        second = await h.run(text)
        stats = h.engine._executors["process"]._pool.stats

    steps = {name: step["output"] for name, step in first.steps.items()}
    told = [
        (one["name"], one["uses"]) for one in (*steps["a"], *steps["b"], steps["c"], steps["d"])
    ]
    assert told == [
        ("hi run a", 1),
        ("hi engine a", 1),
        ("hi step a", 1),
        ("hi run a", 2),
        ("hi engine a", 2),
        ("hi step b", 1),
        ("hi run a", 3),
        ("hi run a", 4),
    ]
    assert steps["a"][0]["pid"] == steps["d"]["pid"] != os.getpid()
    assert early == ["in run", "in engine", "in step", "out step", "in step", "out step", "out run"]
    assert [(one["name"], one["uses"]) for one in second.steps["b"]["output"]] == [
        ("hi run a", 2),
        ("hi engine a", 4),
        ("hi step b", 1),
    ]
    assert notes(tmp_path).count("out engine") == notes(tmp_path).count("in engine") == 1
    assert notes(tmp_path)[-1] == "out engine"
    assert stats.lost == 0


@ONE_LOOP
async def test_a_worker_that_was_killed_takes_its_resource_along_and_the_next_opens_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = flow(
        "a: {uses: desk.plain}",
        "b: {uses: desk.die, needs: [a], continue-on-error: true}",
        "c: {uses: desk.plain, needs: [b]}",
        "d: {uses: desk.all, needs: [c]}",
        "e: {uses: desk.none, needs: [d]}",
    )
    async with acting(tmp_path, greeting="grumble") as h:
        result = await h.run(text)
        lines = [one.text for one in h.events(StepLogged)]

    steps = result.steps
    assert steps["b"]["error"]["kind"] == "worker-lost"
    assert [steps[one]["output"]["uses"] for one in "ac"] == [1, 1]
    assert steps["a"]["output"]["pid"] != steps["c"]["output"]["pid"]
    assert [one for one in notes(tmp_path) if "run" in one] == ["in run", "in run", "out run"]
    assert steps["e"]["error"]["kind"] == "unavailable"
    stuck = "resource desk failed on leaving: OSError: the drawer is stuck"
    assert lines == [stuck, stuck]  # that of the step, and that of the run
    assert capsys.readouterr().err.count(stuck) == 1  # that of the engine


@ONE_LOOP
async def test_after_resume_a_resource_is_opened_anew(tmp_path: Path) -> None:
    text = flow("a: {uses: desk.plain}", "b: {uses: desk.later, needs: [a]}")
    async with acting(tmp_path) as h:
        (tmp_path / "notes").mkdir()  # nothing can be noted there
        failed = await h.run(text)
        (tmp_path / "notes").rmdir()
        resumed = await h.engine.resume(failed.run_id)

    assert failed.steps["a"]["error"]["kind"] == "unavailable"
    assert resumed.steps["b"]["output"]["uses"] == 2
    assert notes(tmp_path) == ["in run", "out run"]
