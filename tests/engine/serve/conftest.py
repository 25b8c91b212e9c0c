"""A server with real sockets and a real store, in the loop of the test."""

import io
import json
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from ciranda.engine import Engine
from ciranda.serve import Limits, Lines, Server
from ciranda.store import Durability, SqliteLog

ACTIONS = '''\
import os
from pathlib import Path

import anyio

from ciranda.hooks import hookimpl
from ciranda import action


@action("acts.note")
async def note(n: int, pause: float = 0.0) -> int:
    """Write down that it ran.

    Args:
        n: What is written.
        pause: Seconds before it ends.
    """
    with Path(__file__).with_name("ran").open("a") as file:
        file.write(f"{n}\\n")
    await anyio.sleep(pause)
    return n


@hookimpl
def actions():
    return [note]
'''
TOKEN = "canary-of-the-hook"


def flow(on: str, *, pause: float = 0.0, kind: str = "integer") -> str:
    n = '"${{ inputs.n }}"' if kind == "integer" else 1
    return (
        "ciranda: 1\nname: noting\nplugins: [./acts.py]\n"
        f"secrets: {{HOOK: {{env: HOOK}}}}\ninputs: {{n: {kind}}}\non: {on}\n"
        f"steps:\n  a: {{uses: acts.note, with: {{n: {n}, pause: {pause}}}}}\n"
    )


HOOK = '{webhook: {path: /n, token: "${{ secrets.HOOK }}", inputs: {n: "${{ event.data.n }}"}}}'
OPEN = '{webhook: {path: /n, inputs: {n: "${{ event.data.n }}"}}}'


class Visitor(httpx.AsyncClient):
    """Who sends requests to a server, and knows it."""

    def __init__(self, server: Server, port: int) -> None:
        super().__init__(base_url=f"http://127.0.0.1:{port}")
        self.server = server
        self.port = port


class Place:
    """A project in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / ".ciranda"
        self.told = io.StringIO()
        (folder / "ciranda.toml").write_text("")
        (folder / "acts.py").write_text(ACTIONS)

    def write(self, text: str, name: str = "flow.yaml") -> Path:
        (self.folder / name).write_text(text)
        return self.folder / name

    def ran(self) -> Counter[str]:
        file = self.folder / "ran"
        return Counter(file.read_text().split()) if file.exists() else Counter()

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.told.getvalue().splitlines()]
        return [line for line in found if event in ("", line["event"])]

    def engine(self) -> Engine:
        return Engine(store=self.store, durability="process", environ={"HOOK": TOKEN})

    def server(self, *places: Path, **limits: Any) -> Server:
        return Server(
            [*places] or [self.folder / "flow.yaml"],
            self.store,
            self.engine,
            durability=Durability.PROCESS,
            limits=Limits(**limits),
            environ={"HOOK": TOKEN},
            lines=Lines(self.told, json=True),
        )

    @asynccontextmanager
    async def serving(self, *places: Path, host: str = "127.0.0.1", **limits: Any) -> Any:
        server = self.server(*places, **limits)
        at, heard = [], anyio.Event()

        def told(host: str, port: int) -> None:
            at.append(port)
            heard.set()

        async def serve() -> None:
            await server.serve(host, 0, told=told)

        async with anyio.create_task_group() as group:
            group.start_soon(serve)
            with anyio.fail_after(10):
                await heard.wait()
            async with Visitor(server, at[0]) as client:
                yield client
            server.drain()

    async def until(self, true: Any) -> None:
        with anyio.fail_after(20):
            while not true():  # noqa: ASYNC110  (files and lines have no event)
                await anyio.sleep(0.01)

    async def ended(self, count: int) -> None:
        words = ("succeeded", "failed", "not run")
        await self.until(lambda: sum(line["event"] in words for line in self.lines()) >= count)

    def log(self) -> SqliteLog:
        return SqliteLog(self.store, Durability.PROCESS)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)
