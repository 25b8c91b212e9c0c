"""Skills to serve, servers in this process, and the SDK's client to talk to them."""

import os
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from ciranda_skills.disclosure import read_catalogue
from ciranda_skills.discovery import Scope, discover
from ciranda_skills.mcp.descriptors import read_some, write_all
from ciranda_skills.mcp.lines import Lines
from ciranda_skills.mcp.server import Limits, Offer, serve_stdio
from ciranda_skills.running import Runner

NOBODY: Any = None  # where nothing runs
COUNT = '''
def execute(text: str, times: int = 2):
    """Repeat a text."""
    return {"text": text * times}
'''
ECHO = """
import json, sys
words = sys.argv[1:]
print(json.dumps({"args": words, "stdin": sys.stdin.read()}))
"""
FAIL = """
import sys
print("so far so good")
print("it broke", file=sys.stderr)
sys.exit(3)
"""
SLOW = """#!/bin/sh
sleep 60 &
echo half way
sleep 60
"""
TOLD = """
import sys, time
for number in range(3):
    print("line", number, flush=True)
    time.sleep(0.02)
"""


def write_skill(folder, name, scripts, *, description="Does things.", files=None):
    root = folder / name
    (root / "scripts").mkdir(parents=True)
    (root / "SKILL.md").write_text(
        f"---\nname: {name}\ndescription: {description}\n---\n# How to use {name}\n"
    )
    for path, text in scripts.items():
        (root / "scripts" / path).write_text(text)
    for path, text in (files or {}).items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def write_skills(folder):
    write_skill(
        folder,
        "text-tools",
        {"count.py": COUNT, "echo.py": ECHO},
        description="Works on text.",
        files={"references/notes on it.md": "# Notes\n", "data.bin": b"\xff\x00"},
    )
    write_skill(folder, "trouble", {"fail.py": FAIL, "slow.sh": SLOW, "told.py": TOLD})
    return folder


def alive_below(folder):
    """Return processes whose working directory is in a folder."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                where = os.readlink(each / "cwd")
            except OSError:
                continue
            if where.startswith(str(folder)):
                found.append(each.name)
    return found


def offer_of(*roots, project=None, trusted=()):
    """Offer all skills of some folders, and those of a project that are trusted."""
    return Offer(
        lambda: read_catalogue(discover(roots=roots, project=project)),
        lambda entry: entry.scope is not Scope.PROJECT or entry.name in trusted,
    )


@asynccontextmanager
async def over(incoming, outgoing):
    """Speak MCP over two descriptors, as the transport of a client."""
    heard, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, said = anyio.create_memory_object_stream[SessionMessage](0)

    async def hear():
        lines = Lines(1 << 24)
        while data := await read_some(incoming):
            for line in lines.feed(data):
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                try:
                    await heard.send(SessionMessage(message))
                except anyio.BrokenResourceError:
                    return
        heard.close()

    async def say():
        async for each in said:
            text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
            await write_all(outgoing, text.encode() + b"\n")

    with heard, read, write, said:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hear)
            tasks.start_soon(say)
            yield read, write
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def served(offer, limits=None, *, runs=True):
    """Serve on pipes; yields the descriptors that a client reads from and writes to."""
    requests, ours = os.pipe()
    theirs, answers = os.pipe()
    async with anyio.create_task_group() as tasks:
        runner = await open_runner(tasks) if runs else NOBODY
        tasks.start_soon(
            partial(serve_stdio, offer, runner, limits, stdin=requests, stdout=answers)
        )
        try:
            yield theirs, ours
        finally:
            tasks.cancel_scope.cancel()
    for each in (requests, ours, theirs, answers):
        os.close(each)


async def open_runner(tasks):
    """Open a runner that ends with some tasks."""

    async def hold(*, task_status):
        async with Runner(slots=4) as runner:
            task_status.started(runner)
            await anyio.sleep_forever()

    return await tasks.start(hold)


@asynccontextmanager
async def client_of(offer, limits=None, *, mode="auto", runs=True, **options):
    """A client of a server on pipes, which has a runner unless nothing runs."""
    async with (
        served(offer, limits, runs=runs) as (read, write),
        Client(over(read, write), mode=mode, **options) as client,
    ):
        yield client


def limits_of(**given):
    return Limits(**{"timeout": 20.0, **given})
