"""Resources: opened once for whoever asks, left once, whatever happens to the one who asked."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from ciranda import Context, StepError, resource
from ciranda.actions import Resource, Scope
from ciranda.context import RunInfo
from ciranda.executors.shelf import ResourceShelf
from ciranda.executors.worker import WorkerHost

pytestmark = pytest.mark.anyio


class Quiet(WorkerHost):
    def __init__(self) -> None:
        self.thread = threading.get_ident()


def context(run: str = "r", path: str = "a") -> Context:
    return Context(Quiet(), RunInfo(run, "", Path(), Path()), path, path)


class Counted:
    """A resource that counts, with a pause on each way."""

    def __init__(self, scope: str = "run", fails: int = 0) -> None:
        self.log: list[str] = []
        self.fails = fails

        @resource(scope=scope)
        @asynccontextmanager
        async def client(ctx: Context, settings: Any) -> AsyncIterator[str]:
            await anyio.lowlevel.checkpoint()
            if self.fails:
                self.fails -= 1
                raise ConnectionError
            self.log.append("in")
            try:
                await anyio.lowlevel.checkpoint()
                yield f"{settings} of {ctx.run.id}:{ctx.path}"
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                self.log.append("out")

        self.resource: Resource = client


@asynccontextmanager
async def shelf() -> AsyncIterator[ResourceShelf]:
    async with anyio.create_task_group() as group:
        yield ResourceShelf(group, lambda one: f"settings of {one.name}")


async def test_all_who_ask_at_once_share_one() -> None:
    counted = Counted()
    got: list[str] = []

    async with shelf() as held:

        async def ask(path: str) -> None:
            got.append(await held.get(counted.resource, context(path=path)))

        async with anyio.create_task_group() as group:
            for n in range(10):
                group.start_soon(ask, f"a/{n}")
        assert counted.log == ["in"]
        await held.close(Scope.RUN, "r")

    assert len(set(got)) == 1
    assert got[0].startswith("settings of client of r:a/")
    assert counted.log == ["in", "out"]


@pytest.mark.parametrize(
    ("scope", "holder", "opened"),
    [("engine", "", 1), ("run", "r1", 2), ("step", "r1:a", 3)],
)
async def test_each_scope_shares_as_far_as_it_reaches(scope: str, holder: str, opened: int) -> None:
    counted = Counted(scope)
    places = [context("r1", "a"), context("r1", "b"), context("r2", "a")]

    async with shelf() as held:
        for ctx in places + places:
            await held.get(counted.resource, ctx)
        assert counted.log == ["in"] * opened

        await held.close(Scope(scope), holder)
        assert counted.log == ["in"] * opened + ["out"]

        await held.get(counted.resource, places[0])  # opened anew
        for rest in ("", "r1", "r2", "r1:a", "r1:b", "r2:a"):
            await held.close(Scope(scope), rest)

    assert counted.log.count("in") == counted.log.count("out") == opened + 1


async def test_what_cannot_be_opened_fails_who_asked_and_is_tried_again() -> None:
    counted = Counted(fails=1)

    async with shelf() as held:
        with pytest.raises(StepError, match=r"^resource client cannot be opened: Conn") as told:
            await held.get(counted.resource, context())
        assert (await held.get(counted.resource, context())).endswith("r:a")
        await held.close(Scope.RUN, "r")

    assert told.value.kind == "unavailable"
    assert counted.log == ["in", "out"]


@pytest.mark.parametrize("moment", range(10))
async def test_a_step_cancelled_at_any_moment_leaves_it_whole_for_the_next(moment: int) -> None:
    counted = Counted()

    async with shelf() as held:
        async with anyio.create_task_group() as group:
            group.start_soon(held.get, counted.resource, context(path="first"))
            for _ in range(moment):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()

        with anyio.fail_after(5):
            assert await held.get(counted.resource, context(path="second"))
            await held.close(Scope.RUN, "r")

    assert counted.log in (["in", "out"], ["in", "out", "in", "out"])


async def test_those_opened_last_are_left_first() -> None:
    order: list[str] = []

    def named(name: str) -> Resource:
        @asynccontextmanager
        async def enter() -> AsyncIterator[str]:
            yield name
            order.append(name)

        enter.__name__ = name
        made: Callable[[Any], Resource] = resource()
        return made(enter)

    async with shelf() as held:
        for one in (named("pool"), named("client"), named("session")):
            await held.get(one, context())
        await held.close(Scope.RUN, "r")

    assert order == ["session", "client", "pool"]
