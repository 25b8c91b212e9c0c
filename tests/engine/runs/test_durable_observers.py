"""Observers that say `durable=True`: every recorded event, in order, at least once."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import structlog
from structlog.testing import capture_logs

from ciranda import Context, Engine, action, observer
from ciranda.actions import Action
from ciranda.errors import StepError
from ciranda.events import Event, RunCompleted, RunStarted, StepCompleted
from ciranda.hooks import hookimpl
from ciranda.runs.rerun import rerun_of
from ciranda.testing import SimulatedCrash, harness, virtual_backend
from ciranda.workflow.load import loads

MOCKS = {"t.a": 1, "t.b": 2, "t.c": 3}
ENDS: dict[str, Any] = {"mocks": MOCKS, "store": "disk"}
THREE = """
ciranda: 1
name: three
steps:
  a: {uses: t.a}
  b: {uses: t.b, needs: [a]}
  c: {uses: t.c, needs: [b]}
"""
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Told:
    """Hears of steps, and fails as often as it is told to."""

    def __init__(self, failing: int = 0, then: Callable[[], Any] | None = None) -> None:
        self.heard: list[tuple[str, int]] = []
        self.failing = failing
        self.then = then

    @observer(StepCompleted, durable=True)
    async def tell(self, event: StepCompleted) -> None:
        if self.failing:
            self.failing -= 1
            raise ConnectionError("nobody there")
        self.heard.append((event.path, event.seq))
        if self.then is not None:
            await self.then()

    @property
    def paths(self) -> str:
        return "".join(path for path, _ in self.heard)


@pytest.fixture(autouse=True)
def _log_lines_can_be_captured() -> Iterator[None]:
    structlog.configure()
    yield
    structlog.reset_defaults()


def in_virtual_time(backend: str, function: Any) -> Any:
    name, options = virtual_backend(backend)
    return anyio.run(function, backend=name, backend_options=options)


async def run_with(told: object, folder: Path, text: str = THREE, **options: Any) -> Any:
    """Run once in an engine of its own, and close it."""
    async with harness([told], folder=folder, **{**ENDS, **options}) as h:
        return await h.run(text)


async def open_with(told: object, folder: Path, seconds: float = 0) -> None:
    """Open the store and close it."""
    async with harness([told], folder=folder, **ENDS) as h:
        await h.clock.advance(seconds)


@BACKENDS
def test_all_is_told_in_order_and_once_when_nothing_goes_wrong(
    backend: str, tmp_path: Path
) -> None:
    async def main() -> None:
        told = Told()
        await run_with(told, tmp_path)
        assert told.paths == "abc"
        assert [seq for _, seq in told.heard] == sorted(seq for _, seq in told.heard)
        await open_with(told, tmp_path)
        await run_with(told, tmp_path)
        assert told.paths == "abcabc"

    in_virtual_time(backend, main)


@BACKENDS
def test_what_failed_is_tried_again_with_growing_pauses_while_the_run_goes_on(
    backend: str, tmp_path: Path
) -> None:
    async def main() -> None:
        told = Told(failing=5)
        async with harness([told], folder=tmp_path, **ENDS) as h:
            assert (await h.run(THREE)).ok
            assert told.heard == []
            with capture_logs() as lines:
                await h.clock.advance(60)
            assert (told.paths, lines) == ("abc", [])

    in_virtual_time(backend, main)


@BACKENDS
def test_what_failed_too_often_is_told_in_one_line_and_delivered_next_time(
    backend: str, tmp_path: Path
) -> None:
    async def main() -> None:
        told = Told(failing=6)
        async with harness([told], folder=tmp_path, **ENDS) as h:
            run = await h.run(THREE)
            with capture_logs() as lines:
                await h.clock.advance("5m")
            assert told.heard == []
            (line,) = lines
            assert line["event"] == "observer failed"
            named = (line["plugin"], line["observer"], line["event_type"])
            assert named == ("told", "tell", "StepCompleted")
            assert line["reason"] == (
                f"it failed 6 times in run {run.run_id}; it is told again when the store is "
                "opened next: nobody there"
            )
            counts = {one.observer: one for one in h.engine.bus.counts()}["tell"]
            assert (counts.delivered, counts.failed, counts.waiting) == (0, 1, 0)
            await h.run(THREE)  # another run is none the worse for it
        assert told.paths == "abc"
        await open_with(told, tmp_path)
        assert told.paths == "abcabc"

    in_virtual_time(backend, main)


@BACKENDS
def test_a_process_that_ends_waits_for_no_next_try_and_leaves_it_to_the_next(
    backend: str, tmp_path: Path
) -> None:
    async def main() -> None:
        told = Told(failing=1)
        before = anyio.current_time()
        with capture_logs() as lines:
            await run_with(told, tmp_path)
        assert anyio.current_time() - before < 0.1
        assert told.heard == []
        assert [line["event"] for line in lines] == ["observer failed"]
        await open_with(told, tmp_path)
        assert told.paths == "abc"

    in_virtual_time(backend, main)


@BACKENDS
def test_a_slow_observer_is_cut_off_after_its_drain_and_goes_on_where_it_was(
    backend: str, tmp_path: Path
) -> None:
    async def main() -> None:
        before = anyio.current_time()
        slow = Told(then=lambda: anyio.sleep(3))
        with capture_logs() as lines:
            await run_with(slow, tmp_path)
        assert anyio.current_time() - before == pytest.approx(5, abs=0.5)
        assert slow.paths == "ab"  # b was begun and cut off
        (line,) = lines
        assert line["event_type"] == "StepCompleted"
        assert line["reason"].startswith("not finished 5 s after the end; it is told again")
        told = Told()
        await open_with(told, tmp_path)
        assert told.paths == "bc"

    in_virtual_time(backend, main)


@BACKENDS
def test_resuming_tells_what_is_new_and_what_a_crash_kept_from_being_told(
    backend: str, tmp_path: Path
) -> None:
    async def main() -> None:
        told = Told()
        async with harness([told], folder=tmp_path, **ENDS) as h:
            h.kill_at("after_commit", "b")
            with pytest.raises(SimulatedCrash):
                await h.run(THREE)
            assert (await h.resume()).ok
        assert told.paths == "abc"

    in_virtual_time(backend, main)


@pytest.mark.anyio
async def test_it_misses_nothing_that_an_engine_without_it_recorded(tmp_path: Path) -> None:
    told = Told()
    await run_with(told, tmp_path)
    await run_with(object(), tmp_path)
    await run_with(object(), tmp_path, mocks={**MOCKS, "t.b": fail})
    assert told.paths == "abc"
    await open_with(told, tmp_path)
    assert told.paths == "abcabca"


def fail() -> None:
    raise StepError("broken", "no")


@pytest.mark.anyio
async def test_a_new_observer_begins_with_runs_that_begin_after_it(tmp_path: Path) -> None:
    async with harness(folder=tmp_path, store="disk", mocks={**MOCKS, "t.b": fail}) as h:
        old = await h.run(THREE)
    told = Told()
    async with harness([told], folder=tmp_path, **ENDS) as h:
        assert (await h.resume(old.run_id)).ok
        await h.run(THREE)
    assert told.paths == "abc"


@pytest.mark.anyio
async def test_a_run_that_somebody_else_executes_is_left_to_them(tmp_path: Path) -> None:
    told, later = Told(), Told()
    await open_with(told, tmp_path)
    async with harness(folder=tmp_path, **ENDS) as h:
        run = await h.run(THREE)
        lease = h.engine.log.acquire(run.run_id, "other", 30)
        await open_with(told, tmp_path)
        assert told.heard == []
        async with harness([later], folder=tmp_path, **ENDS) as other:
            await other.clock.advance(20)
            h.engine.log.release(lease)
            assert later.heard == []
            await other.clock.advance(11)
            assert later.paths == "abc"


@pytest.mark.anyio
async def test_of_two_engines_on_one_store_one_tells(tmp_path: Path) -> None:
    told = Told()
    async with (
        harness([told], folder=tmp_path, **ENDS) as one,
        harness([told], folder=tmp_path, **ENDS) as other,
        anyio.create_task_group() as group,
    ):
        for h in (one, other, one, other):
            group.start_soon(h.run, THREE)
    assert sorted(told.paths) == sorted("abc" * 4)


@pytest.mark.anyio
async def test_what_a_rerun_takes_over_is_not_told_again(tmp_path: Path) -> None:
    told = Told()
    async with harness([told], folder=tmp_path, **ENDS) as h:
        first = await h.run(THREE)
        assert first.ok
        prepared = rerun_of(h.engine, first.run_id, "c")
        assert (await h.engine.rerun(prepared)).ok
    assert told.paths == "abcc"


class Noted(Event, frozen=True, kw_only=True, tag=True):
    text: str


@action("note.down")
async def note(text: str, *, ctx: Context) -> None:
    """Publish."""
    await ctx.publish(Noted(text=text))


class Notes:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    @hookimpl
    def actions(self) -> list[Action]:
        return [note]

    @observer(Event, durable=True)
    async def tell(self, event: Event) -> None:
        self.heard.append(event)


@pytest.mark.anyio
async def test_what_an_action_published_is_told_with_its_type_and_secrets_stay_hidden(
    tmp_path: Path,
) -> None:
    notes = Notes()
    text = (
        "ciranda: 1\nname: n\nsecrets: {KEY: {env: KEY}}\nsteps:\n"
        "  a: {uses: note.down, with: {text: 'is ${{ secrets.KEY }}'}}\n"
    )
    async with harness([notes], folder=tmp_path, store="disk", environ={"KEY": "hunter22"}) as h:
        assert (await h.run(text)).ok
    (noted,) = [event for event in notes.heard if isinstance(event, Noted)]
    assert noted.seq > 0
    assert "hunter22" not in repr(notes.heard)
    assert isinstance(notes.heard[0], RunStarted)
    assert isinstance(notes.heard[-1], RunCompleted)
    assert [event.seq for event in notes.heard] == list(range(len(notes.heard)))


@pytest.mark.anyio
async def test_without_such_an_observer_there_is_no_file(tmp_path: Path) -> None:
    await run_with(object(), tmp_path)
    assert not (tmp_path / ".ciranda" / "observers.db").exists()


@BACKENDS
def test_where_nothing_is_kept_it_is_told_as_long_as_the_process_lives(backend: str) -> None:
    async def main() -> None:
        told, deaf = Told(failing=3), Told(failing=6)
        with capture_logs() as lines:
            async with harness(mocks={"t.a": 1}) as h:
                engine = Engine(
                    durability="off", plugins=[told, Named(deaf)], replaced=h.engine.replaced
                )
                async with engine:
                    await engine.run(loads(b"ciranda: 1\nname: n\nsteps: {a: {uses: t.a}}\n"))
                    await anyio.sleep(60)
        assert (told.paths, deaf.paths) == ("a", "")
        (line,) = lines
        assert line["reason"] == "nobody there"

    in_virtual_time(backend, main)


class Named:
    def __init__(self, told: Told) -> None:
        self.tell = told.tell


KILLED = """
import os, signal, sys
import anyio
from ciranda import Engine, action, hookimpl, observer
from ciranda.events import StepCompleted

@action("t.a")
async def act(seconds: float) -> None:
    await anyio.sleep(seconds)

class Told:
    @hookimpl
    def actions(self):
        return [act]

    @observer(StepCompleted, durable=True)
    async def tell(self, event):
        if event.path == "b":
            os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with Engine(store=sys.argv[1], plugins=[Told()]) as engine:
        await engine.run(sys.argv[2])

anyio.run(main)
"""


@BACKENDS
def test_after_kill_9_the_event_at_hand_is_told_once_more(backend: str, killed: Path) -> None:
    told = Told()

    async def main() -> None:
        async with Engine(store=killed, plugins=[told]) as engine:
            assert engine.log.run("last").status == "running"

    anyio.run(main, backend=backend)
    assert told.paths == "b"


@pytest.fixture(scope="module")
def died(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store whose process was killed between recording a step and hearing of it."""
    folder = tmp_path_factory.mktemp("died")
    flow = folder / "flow.yaml"
    flow.write_text(
        "ciranda: 1\nname: k\nsteps:\n  a: {uses: t.a, with: {seconds: 0}}\n"
        "  b: {uses: t.a, with: {seconds: 0}, needs: [a]}\n"
        "  c: {uses: t.a, with: {seconds: 30}, needs: [b]}\n"
    )
    words = [sys.executable, "-c", KILLED, str(folder), str(flow)]
    ended = subprocess.run(words, check=False, cwd=folder)
    assert ended.returncode == -signal.SIGKILL
    return folder


@pytest.fixture
def killed(died: Path, tmp_path: Path) -> Path:
    """Return a copy of that store."""
    shutil.copytree(died, tmp_path / "copy")
    return tmp_path / "copy"
