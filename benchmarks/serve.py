"""How many events a server accepts a second, and how soon their runs begin.

    python -m benchmarks.serve

One process serves, this one posts over 16 connections. Every 202 is durable (`power`). The time to
the start of a run is measured one event at a time, from the POST to the run's first record.

Runs are performed by the same process meanwhile, one at a time.

Last figures (2 cores, Python 3.11, while others worked there): 255 posts a second, answered in
43 ms (p50) and 200 ms (p95) over 16 connections; a run begins 10 ms (p50), 98 ms (p95) after its
POST.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio
import msgspec

from ciranda.store import SqliteLog

FLOW = """\
ciranda: 1
name: noop
on: {webhook: {path: /n, inputs: {n: "${{ event.data.n }}"}}}
inputs: {n: {type: integer}}
steps:
  a: {uses: data.write, with: {path: "out.json", value: "${{ inputs.n }}"}}
"""
POSTS, LANES, SINGLES = 2000, 16, 40


async def posted(stream: anyio.abc.SocketStream, n: int) -> bytes:
    body = b'{"n": %d}' % n
    head = b"POST /n HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    await stream.send(head + b"content-length: %d\r\n\r\n" % len(body) + body)
    return await stream.receive()


async def flood(port: int) -> tuple[float, list[float]]:
    """Return posts a second, and the seconds that each answer took."""
    took: list[float] = []

    async def lane(first: int) -> None:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            for n in range(first, POSTS, LANES):
                since = time.perf_counter()
                answer = await posted(stream, n)
                took.append(time.perf_counter() - since)
                assert b" 202 " in answer[:16], answer

    since = time.perf_counter()
    async with anyio.create_task_group() as group:
        for first in range(LANES):
            group.start_soon(lane, first)
    return POSTS / (time.perf_counter() - since), took


async def singles(port: int, store: Path) -> list[float]:
    """Return the seconds from a POST to the first record of its run."""
    log, took = SqliteLog(store), []
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        for n in range(SINGLES):
            since = time.time()
            answer = await posted(stream, n)
            run = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["run"]
            await anyio.sleep(0.1)
            took.append(next(iter(log.read(run, limit=1))).at - since)
    log.close()
    return took


def serving(folder: Path, *options: str) -> tuple[subprocess.Popen[str], int]:
    child = subprocess.Popen(
        [sys.executable, "-m", "ciranda", "serve", "flow.yaml", "--port", "0", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    return child, int(child.stdout.readline().rpartition(":")[2])


def shown(name: str, took: list[float]) -> None:
    parts = statistics.quantiles(took, n=20)
    print(f"{name}: p50 {parts[9] * 1000:.1f} ms, p95 {parts[18] * 1000:.1f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ciranda.toml").touch()
        (folder / "flow.yaml").write_text(FLOW)
        child, port = serving(folder)
        shown("from POST to start of the run", anyio.run(singles, port, folder / ".ciranda"))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child, port = serving(folder, "--backlog", "100000", "--max-runs", "1")
        rate, took = anyio.run(flood, port)
        print(f"accepted: {rate:.0f} posts a second, {LANES} connections")
        shown("answered", took)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


if __name__ == "__main__":
    main()
