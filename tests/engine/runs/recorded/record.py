"""Make the store of recorded runs: `python record.py FOLDER`, with the engine of an older version.

The folder is part of what is kept; it need not exist when the store is read.
"""

import gzip
import os
import signal
import sqlite3
import sys
from pathlib import Path

import anyio

from ciranda.engine import Engine

ACTS = '''"""What the steps of recorded runs do."""

import os

import anyio

from ciranda import Context, StepError, action, hookimpl


@action("acts.say")
async def say(v: object, s: float = 0) -> object:
    """Say it, after some seconds."""
    if s and "HEALED" not in os.environ:
        await anyio.sleep(s)
    return v


@action("acts.flaky", errors={"acts.busy": True})
async def flaky(v: int, ctx: Context) -> int:
    """Succeed at the second attempt."""
    if ctx.attempt == 1:
        raise StepError("acts.busy", "not yet")
    return v


@action("acts.broken", errors={"acts.broken": True})
def broken(v: int) -> int:
    """Fail until it is healed."""
    if "HEALED" not in os.environ:
        raise StepError("acts.broken", "it is broken")
    return v


@hookimpl
def actions() -> list[object]:
    """Offer them."""
    return [say, flaky, broken]
'''
QUICK = "backoff: 1ms, cap: 1ms, on: [acts.busy]"
FLOWS = {
    "map": """
  a: {uses: acts.say, with: {v: [1, 2, 3]}}
  m: {map: '${{ steps.a.output }}', when: item != 2, uses: acts.say, with: {v: '${{ item * 2 }}'}}
  k: {map: [1, 2], on-item-failure: keep, uses: acts.broken, with: {v: '${{ item }}'}}
  s: {if: len(steps.a.output) > 5, uses: acts.say, with: {v: 0}}
  t: {uses: acts.say, with: {v: '${{ steps.m.output }}'}}
""",
    "retries": f"""
  r: {{uses: acts.flaky, retry: {{attempts: 3, {QUICK}}}, with: {{v: 7}}}}
  c: {{uses: acts.broken, continue-on-error: true, with: {{v: 1}}}}
  t: {{uses: acts.say, needs: [c], if: always(), with: {{v: '${{{{ steps.r.output ?? 0 }}}}'}}}}
""",
    "failed": f"""
  a: {{uses: acts.say, with: {{v: 1}}}}
  m:
    map: [1, 2, 3]
    uses: acts.flaky
    with: {{v: '${{{{ item }}}}'}}
    retry: {{attempts: 2, {QUICK}}}
  b: {{uses: acts.broken, with: {{v: '${{{{ steps.a.output + 1 }}}}'}}}}
  t: {{uses: acts.say, with: {{v: '${{{{ steps.b.output + steps.m.output[2] }}}}'}}}}
  report: {{if: always(), uses: acts.say, with: {{v: '${{{{ steps.t.status }}}}'}}}}
""",
    "cancelled": """
  a: {uses: acts.say, with: {v: 1}}
  slow: {uses: acts.say, with: {v: '${{ steps.a.output }}', s: 100}}
  m: {map: [1, 2, 3], max-parallel: 1, uses: acts.say, with: {v: '${{ item }}', s: 100}}
  t: {uses: acts.say, with: {v: '${{ steps.slow.output + steps.m.output[0] }}'}}
""",
    "killed": """
  a: {uses: acts.say, with: {v: 1}}
  m:
    map: [1, 2, 3, 4]
    max-parallel: 2
    uses: acts.say
    with: {v: '${{ item }}', s: '${{ 100 if item > 2 else 0 }}'}
  back:
    uses: acts.broken
    retry: {attempts: 2, backoff: 30s, jitter: none, on: [acts.broken]}
    with: {v: 5}
  t: {uses: acts.say, with: {v: '${{ steps.m.output[3] + steps.back.output }}'}}
""",
}


async def perform(folder: Path, name: str) -> None:
    """Run a flow, and cancel it or die as its name says."""
    file = folder / f"{name}.yaml"
    text = f"ciranda: 1\nplugins: [./acts.py]\nsteps:{FLOWS[name]}outputs: {{t: "
    file.write_text(text + "'${{ steps.t.output }}'}\n")
    async with (
        Engine(store=folder / ".ciranda", durability="process") as engine,
        anyio.create_task_group() as group,
    ):
        group.start_soon(lambda: engine.run(file, run_id=name))
        if name in ("cancelled", "killed"):
            await anyio.sleep(1.5)
            if name == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            engine.cancel("enough")


def main(folder: Path) -> None:
    """Record all runs, and keep the store beside this file."""
    folder.mkdir(parents=True)
    os.chdir(folder)
    (folder / "acts.py").write_text(ACTS)
    for name in FLOWS:
        if not (pid := os.fork()):
            anyio.run(perform, folder, name)
            os._exit(0)
        os.waitpid(pid, 0)
    store = folder / ".ciranda" / "ciranda.db"
    with sqlite3.connect(store) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    Path(__file__).with_name("ciranda.db.gz").write_bytes(gzip.compress(store.read_bytes(), 9))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
