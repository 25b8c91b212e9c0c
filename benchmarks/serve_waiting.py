"""1,000 runs that wait in one server: its memory, and how soon each goes on.

    python -m benchmarks.serve_waiting [runs]

One process serves; a webhook begins each run, which waits for an event of its own and is parked.
Memory is the server's resident set before the first and after the last of them. The time to the
end of a run is from the moment another process has told the event to the run's last record; the
bare time of the same run, told before it waits, stands beside it.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import anyio
import msgspec

from benchmarks.serve import posted, serving, shown
from ciranda.runs.messages import Emitted, encode
from ciranda.store import SqliteLog

FLOW = """\
ciranda: 1
name: waits
on: {webhook: {path: /n, inputs: {n: "${{ event.data.n }}"}}}
inputs: {n: {type: integer}}
steps:
  get: {wait: {event: "paid-${{ inputs.n }}"}}
  then: {uses: data.write, with: {path: out.json, value: "${{ steps.get.output }}"}}
"""
SINGLES = 40
PATIENCE = 300.0  # seconds


async def begun(port: int, count: int) -> list[str]:
    """Begin runs; return their ids in order."""
    runs = []
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        for n in range(count):
            answer = await posted(stream, n)
            if b" 429 " in answer[:16]:
                raise SystemExit("the server's backlog is full: give it a larger one")
            runs.append(msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["run"])
    return runs


def resident(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def parked(log: SqliteLog, count: int) -> float:
    """Wait until so many runs are parked; return the seconds that it took."""
    since = time.perf_counter()
    while len(log.runs(limit=count + 1, status="waiting")) < count:
        if time.perf_counter() - since > PATIENCE:
            raise SystemExit("they are not parked in time")
        await anyio.sleep(0.1)
    return time.perf_counter() - since


async def woken(log: SqliteLog, run: str, n: int) -> float:
    """Tell a run its event; return the seconds until its last record."""
    emitted = Emitted(id=f"event-{n}-{time.time_ns()}", event=f"paid-{n}", data=n)
    kind, payload, topic = encode(emitted)
    since = time.time()
    log.post(run, kind, payload, topic)
    while (finished := log.run(run).finished) is None:  # noqa: ASYNC110  (another process ends it)
        await anyio.sleep(0.002)
    return finished - since


async def main(count: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ciranda.toml").touch()
        (folder / "flow.yaml").write_text(FLOW)
        child, port = serving(folder, "--backlog", "100000")
        log = SqliteLog(folder / ".ciranda")
        try:
            runs = await begun(port, 1)
            await parked(log, 1)
            before = resident(child.pid)
            since = time.perf_counter()
            runs += (await begun(port, count))[1:]
            await parked(log, count)
            print(f"begun and parked: {(time.perf_counter() - since) / count * 1e3:.1f} ms a run")
            after = resident(child.pid)
            print(
                f"memory of the server: {before:.1f} MiB with one of them, {after:.1f} with "
                f"{count}: {(after - before) / count * 1024:.1f} KiB a run"
            )
            step = max(1, count // SINGLES)
            took = [await woken(log, runs[n], n) for n in range(0, count, step)][:SINGLES]
            shown("from the event to the end of a parked run", took)
        finally:
            log.close()
            child.send_signal(signal.SIGTERM)
            child.wait(30)


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if sys.argv[1:] else 1000)
