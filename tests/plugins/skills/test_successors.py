"""What follows what is learned, forgotten and kept; what is likely is made ready, or given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.abc
import pytest
from anyio.lowlevel import checkpoint

from ciranda.errors import StoreError
from ciranda.store import Database
from ciranda_skills.error import SkillError
from ciranda_skills.prefetch import Prefetch
from ciranda_skills.running import Found, Outcome, Ran, Runner, Status
from ciranda_skills.stats import FILE, MIGRATIONS
from ciranda_skills.successors import Successors

from .running_stage import make_skill

pytestmark = pytest.mark.anyio


def ran(skill: str, found: Found = "ready") -> Ran:
    return Ran(skill, "main.py", Outcome(status=Status.OK), found, 0.01)


def learn(successors: Successors, text: str) -> Successors:
    for skill in text:
        successors.note(skill)
    return successors


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(FILE, MIGRATIONS, folder=tmp_path)
    yield made
    made.close()


def test_what_often_follows_is_likely_and_that_first() -> None:
    successors = learn(Successors(), "ab" * 6 + "ac" * 3)

    assert [name for name, _ in successors.likely("a")] == ["b", "c"]
    assert [name for name, _ in successors.likely("a", 0.5)] == ["b"]
    assert sum(share for _, share in successors.likely("a")) == pytest.approx(1.0)
    assert successors.likely("nothing") == []


def test_what_followed_once_is_not_likely() -> None:
    assert learn(Successors(), "ab").likely("a") == []
    assert learn(Successors(), "abab").likely("a") == [("b", 1.0)]


def test_old_habits_are_forgotten() -> None:
    successors = learn(Successors(), "ab" * 50 + "ac" * 50)

    assert [name for name, _ in successors.likely("a")] == ["c"]


def test_streams_are_kept_apart() -> None:
    successors = Successors()
    for _ in range(5):
        for stream, skill in (("1", "a"), ("2", "x"), ("1", "b"), ("2", "y")):
            successors.note(skill, stream)

    assert [name for name, _ in successors.likely("a")] == ["b"]
    assert [name for name, _ in successors.likely("x")] == ["y"]


def test_what_is_learned_is_bounded() -> None:
    successors = Successors(3)
    for number in range(100):
        learn(successors, f"a{chr(1000 + number)}")
    learn(successors, "bxbxcxcxdxdx")

    assert len(successors.likely("d", 0.0)) <= 16
    assert successors.likely("b") == []  # used before the last three


def test_what_was_learned_is_kept(database: Database) -> None:
    successors = learn(Successors(), "abababac")
    successors.save(database)
    learn(successors, "axax")
    successors.save(database)
    successors.save(database)

    other = learn(Successors(), "qrqr")
    other.load(database)

    assert other.likely("a", 0.0) == successors.likely("a", 0.0)
    assert other.likely("q") == [("r", 1.0)]


def test_the_file_is_bounded_and_a_failure_loses_nothing(database: Database) -> None:
    now = 0.0
    successors = Successors(4, clock=lambda: now)
    for skill in "abcdefgh":
        now += 1
        learn(successors, f"{skill}z{skill}z")
        successors.save(database)
    assert database.query("SELECT count(*) FROM successors") == [(4,)]
    learn(successors, "mnmn")
    database.close()
    with pytest.raises(StoreError, match="is closed"):
        successors.save(database)
    again = Database(FILE, MIGRATIONS, folder=database.path.parent.parent)
    try:
        successors.save(again)
        assert ("m",) in again.query("SELECT skill FROM successors")
    finally:
        again.close()


class Stage:
    """What a prefetch does, without processes: what it preloads takes until it is let go."""

    def __init__(self, **words: int) -> None:
        self.now = 0.0
        self.counts: Counter[str] = Counter()
        self.asked: list[str] = []
        self.ready: set[str] = set()
        self.go = anyio.Event()
        self.go.set()
        self.successors = Successors()
        self.prefetch = Prefetch(
            self.preload, self.successors, self.count, clock=lambda: self.now, **words
        )

    def count(self, name: str) -> None:
        self.counts[name] += 1

    async def preload(self, name: str) -> bool:
        self.asked.append(name)
        await self.go.wait()
        if name == "broken":
            raise SkillError("there is no such skill")
        fresh = name not in self.ready
        self.ready.add(name)
        return fresh

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[anyio.abc.TaskGroup]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.prefetch.serve)
            yield tasks
            tasks.cancel_scope.cancel()

    async def settle(self) -> None:
        for _ in range(20):
            await checkpoint()


async def test_a_hit_is_a_run_that_was_ready_because_of_it() -> None:
    stage = Stage()
    learn(stage.successors, "abab")
    stage.ready.add("c")
    async with stage.serving():
        stage.prefetch.ran(ran("a", "cold"))
        await stage.settle()
        assert stage.asked == ["b"]
        stage.prefetch.ran(ran("b", "ready"))  # because of it
        stage.prefetch.ran(ran("b", "ready"))  # because of the run before
        stage.prefetch.want(["c"])  # is ready already
        await stage.settle()
        stage.prefetch.ran(ran("c", "ready"))  # not because of it
        stage.prefetch.want(["d"])
        await stage.settle()
        stage.prefetch.ran(ran("d", "cold"))  # it had ended again

    assert stage.counts["prefetch_hits"] == 1
    assert stage.counts["prefetch_misses"] == 2
    assert stage.counts["prefetched"] == 3  # a, which follows b, is ready too, and was not run


async def test_wishes_are_bounded_and_each_made_once() -> None:
    stage = Stage(queue=2)
    stage.prefetch.want(["a", "b", "a", "c", "d"])
    async with stage.serving():
        await stage.settle()
        stage.prefetch.want(["a"])
        await stage.settle()

    assert stage.asked == ["a", "b"]
    assert stage.counts == {"prefetched": 2, "prefetch_dropped": 2}


async def test_it_gives_up_as_soon_as_somebody_waits() -> None:
    stage = Stage()
    stage.go = anyio.Event()
    async with stage.serving():
        stage.prefetch.want(["a", "b"])
        await stage.settle()
        stage.prefetch.crowded()
        await stage.settle()
        assert stage.counts == {"prefetch_cancelled": 2}
        stage.go.set()
        stage.now = 5.0
        stage.prefetch.want(["c"])
        await stage.settle()

    assert stage.asked == ["a", "c"]
    assert stage.ready == {"c"}


async def test_one_that_cannot_be_made_ready_is_no_obstacle() -> None:
    stage = Stage()
    async with stage.serving():
        stage.prefetch.want(["broken", "a"])
        await stage.settle()

    assert stage.ready == {"a"}
    assert stage.counts == {"prefetch_failed": 1, "prefetched": 1}


async def test_runs_tell_what_they_found(tmp_path: Path) -> None:
    skill = make_skill(tmp_path, {"scripts/main.py": "import json\nprint(1)\n"})
    found: list[Ran] = []
    async with Runner(slots=1, folder=tmp_path, observe=found.append) as runner:
        assert await runner.preload(skill)
        assert not await runner.preload(skill)
        for warm in (False, True, True):
            assert (await runner.run(skill, warm=warm)).ok
        assert not (await runner.run(skill, "missing")).ok

    assert [each.found for each in found] == ["ready", "cold", "warm", ""]
    assert {each.skill for each in found} == {"tried"}
    assert all(each.seconds >= each.outcome.wall_s for each in found[:3])
