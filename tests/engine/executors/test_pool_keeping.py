"""What workers keep from call to call: they hear that it is over, before anything else is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from ciranda.executors.pool import Log, Pool, Recycle, WorkerKind
from ciranda.executors.pool.keeping import Keeping

pytestmark = pytest.mark.anyio
Make = Callable[..., WorkerKind]


class Kept:
    """Keys, which are files where workers note that they let go, and what they told meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.heard: list[tuple[str, str]] = []

    def key(self, name: str) -> str:
        return str(self._folder / name)

    def of(self, *names: str) -> dict[str, Callable[[Any], None]]:
        def hear(name: str, frame: Any) -> None:
            assert isinstance(frame, Log)
            self.heard.append((name, frame.text))

        return {self.key(name): partial(hear, name) for name in names}

    def left(self, name: str) -> int:
        """Return how many let go of a key."""
        file = self._folder / name
        return len(file.read_text().split()) if file.exists() else 0


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


async def test_those_who_keep_something_hear_once_that_it_is_over(kind: Make, kept: Kept) -> None:
    async with Pool(kind(), 2) as pool:
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(lambda: pool.call("sleep", 0.05, kept=kept.of("a", "b")))
        await pool.release(kept.key("a"))
        early = kept.left("a"), kept.left("b")
        for name in ("a", "c"):
            await pool.release(kept.key(name))
        await pool.call("ok", None)
        assert pool.stats.alive == 2

    assert early == (2, 0)
    assert (kept.left("a"), kept.left("b"), kept.left("c")) == (2, 2, 0)  # "b" at the end
    assert sorted(kept.heard) == [("a", "left")] * 2 + [("b", "left")] * 2


async def test_one_that_is_busy_hears_before_its_next_call(kind: Make, kept: Kept) -> None:
    async with Pool(kind(), 1, check_every=60) as pool, anyio.create_task_group() as group:
        await pool.call("ok", None, kept=kept.of("a"))
        begun = anyio.Event()
        group.start_soon(lambda: pool.call("sleep", 0.1, on_start=begun.set))
        await begun.wait()
        await pool.release(kept.key("a"))
        assert kept.left("a") == 0

        await pool.call("ok", None)
        assert kept.left("a") == 1
        assert pool.stats.started == 1


async def test_one_that_is_left_alone_hears_from_who_looks_after_it(
    kind: Make, kept: Kept, until: Any
) -> None:
    async with Pool(kind(), 1, check_every=0.02) as pool, anyio.create_task_group() as group:
        await pool.call("ok", None, kept=kept.of("a"))
        begun = anyio.Event()
        group.start_soon(lambda: pool.call("sleep", 0.05, on_start=begun.set))
        await begun.wait()
        await pool.release(kept.key("a"))
        await until(lambda: kept.left("a"))


async def test_who_does_not_let_go_in_time_is_killed_and_replaced(kind: Make, kept: Kept) -> None:
    async with Pool(kind(), 1) as pool:
        pool._keeping = Keeping("release", patience=0.1)
        await pool.call("ok", None, kept=kept.of("hang"))
        await pool.release(kept.key("hang"))
        assert await pool.call("ok", 5) == 5
        assert (pool.stats.started, pool.stats.lost) == (2, 1)

    assert kept.heard[-1] == ("hang", "'release' was killed after its 0.1 seconds")


@pytest.mark.parametrize("how", ["recycled", "killed"])
async def test_who_is_replaced_lets_go_unless_it_was_killed(
    kind: Make, kept: Kept, how: str
) -> None:
    recycle = Recycle(calls=1) if how == "recycled" else Recycle()
    async with Pool(kind(recycle=recycle), 1) as pool:
        if how == "recycled":
            await pool.call("ok", None, kept=kept.of("a"))
        else:
            with anyio.move_on_after(0.05):
                await pool.call("sleep", 60, kept=kept.of("a"))
        await pool.call("ok", None)

    assert kept.left("a") == (1 if how == "recycled" else 0)
