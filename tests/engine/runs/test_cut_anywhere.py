"""A run that dies after any event of its log ends as the one that nobody disturbed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from tests.effort import THOROUGH
from tests.engine.runs.acts import Acts, answer, flow, parked, statuses

from ciranda.store import Record
from ciranda.testing import Harness, SimulatedCrash

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]

INNER = """
ciranda: 1
inputs: {n: integer}
steps:
  a: {uses: t.do, with: {v: '${{ inputs.n }}'}}
  never: {sleep: 1h}
  done: {needs: a, succeed: {outputs: {n: '${{ steps.a.output }}'}}}
on-success: {s: {uses: t.do, with: {v: inner}}}
"""
GOOD = flow(
    """
  loop:
    until: loop.index == 2
    every: 10s
    steps: {d: {uses: t.do, with: {v: 'turn ${{ loop.index }}'}}}
    outputs: {d: '${{ steps.d.output }}'}
  race:
    join: race
    steps:
      fast: {uses: t.do, with: {v: fast, s: 1}}
      slow: {steps: {h: {uses: t.do, with: {v: slow, s: 99}}}}
  pick:
    switch:
      - {if: steps.race.output.winner == 'slow', uses: t.do, with: {v: no}}
      - {steps: {p: {uses: t.do, with: {v: picked}}}, outputs: {p: '${{ steps.p.output }}'}}
  call: {uses: ./inner.yaml, with: {n: 7}}
  ask: {approve: {prompt: well}}
  asked: {uses: t.do, with: {v: '${{ steps.ask.output.by }}'}}
  late: {approve: {prompt: well, timeout: 2s, default: {approved: false}, on-reject: continue}}
  sorry:
    uses: t.do
    with: {v: sorry, fail: t.x}
    continue-on-error: true
    on-failure: {o: {uses: t.do, with: {v: 'sorry for ${{ error.kind }}'}}}
""",
    """
on-success: {s: {uses: t.do, with: {v: good}}}
finally: {z: {uses: t.do, with: {v: last}}}
outputs:
  loop: ${{ steps.loop.output }}
  pick: ${{ steps.pick.output }}
  call: ${{ steps.call.output }}
  asked: ${{ steps.asked.output }}
  late: ${{ steps.late.output }}
""",
)
BAD = flow(
    """
  fails: {uses: t.do, with: {v: fails, fail: t.x}, on-failure: {o: {sleep: 5s}}}
  after: {if: always(), needs: fails, uses: t.do, with: {v: after}}
""",
    """
on-failure:
  f: {uses: t.do, with: {v: '${{ error.kind }}'}}
  g: {sleep: 5s, needs: f}
finally: {z: {uses: t.do, with: {v: last, fail: t.y}}, y: {uses: t.do, with: {v: y, s: 1}}}
""",
)


def cut(h: Harness, number: int) -> None:
    """Let the process die as soon as so many events are kept."""
    log = h.engine.log
    keep, left = log.append, number
    never_last = ("ApprovalGiven", "EventTaken")  # what follows is told at once, in one commit

    def append(run: str, epoch: int, records: Sequence[Record], *more: Any, **named: Any) -> None:
        nonlocal left
        if len(records) < left:
            left -= len(records)
            keep(run, epoch, records, *more, **named)
            return
        left += records[left - 1].type in never_last
        log.append = keep  # type: ignore[method-assign]  # the log is the harness's own
        keep(run, epoch, records[:left])
        raise SimulatedCrash(f"after {number} events")

    log.append = append  # type: ignore[method-assign]  # the same


@asynccontextmanager
async def opened(acts: Acts) -> AsyncIterator[Harness]:
    """Open an engine; somebody says yes to whatever run `r1` asks, now and then."""

    async def say(h: Harness) -> None:
        while True:
            await anyio.sleep(3)
            answer(h, "ask", "ann")

    async with anyio.create_task_group() as group, acts.harness() as h:
        (h.folder / "inner.yaml").write_text(INNER)
        group.start_soon(say, h)
        yield h
        group.cancel_scope.cancel()


def view(result: Any) -> Any:
    return result.status, result.outputs, statuses(result), sorted(result.failures), result.warnings


@pytest.mark.parametrize("text", [GOOD, BAD])
async def test_a_run_that_dies_after_any_event_ends_as_the_whole_one(text):
    whole = Acts()
    async with opened(whole) as h:
        expected = view(await h.run(text, run_id="r1"))
        count = len([*h.engine.log.read("r1")])

    for number in range(1, count, 1 if THOROUGH else 4):
        acts = Acts()
        async with opened(acts) as h:
            cut(h, number)
            with pytest.raises(SimulatedCrash):
                await h.run(text, run_id="r1")
            result = await h.resume()
        assert view(result) == expected, number
        assert set(acts.done) == set(whole.done), number


PARKED = {
    "a failed step beside a sleep": (
        "  a: {uses: t.do, with: {v: a, fail: t.x}}\n  b: {sleep: 1h}\n  c: {needs: a, sleep: 1s}"
    ),
    "a compensation": """
  a: {uses: t.do, with: {v: a}, compensate: {u: {sleep: 1h}, v: {uses: t.do, needs: u}}}
  b: {uses: t.do, with: {v: b}, compensate: {u: {sleep: 1h}}, needs: a}
  c: {uses: t.do, with: {v: c, fail: t.x}, needs: b}
""",
    "a try": """
  t:
    try:
      a: {uses: t.do, with: {v: a}, compensate: {u: {sleep: 1h}}}
      b: {uses: t.do, with: {v: b, fail: t.x}, needs: a}
    catch: [{steps: {c: {sleep: 1h}, d: {uses: t.do, with: {v: d, fail: t.z}}}}]
    finally: {f: {sleep: 1h}}
""",
    "items": """
  m:
    map: [0, 1, 2]
    max-parallel: 2
    try: {a: {uses: t.do, with: {v: '${{ item }}', fail: "${{ 't.x' if item else '' }}", s: 1}}}
    finally: {f: {sleep: 1h}}
""",
    "what lost": """
  r:
    join: race
    steps:
      a: {uses: t.do, with: {v: a, s: 1}}
      b:
        try: {s: {sleep: 2h}}
        finally: {f: {sleep: 1h}, g: {uses: t.do, with: {v: g}, needs: f}}
""",
}


@pytest.mark.parametrize("steps", PARKED.values(), ids=PARKED)
async def test_a_run_that_is_parked_ends_as_one_that_stays(steps):
    text = flow(steps, "on-failure: {s: {sleep: 1h}, f: {uses: t.do, with: {v: f}, needs: s}}")
    stays, leaves = Acts(), Acts()
    async with stays.harness() as h:
        expected = view(await h.run(text))
    async with leaves.harness() as h:
        result, times = await parked(h, text), 0
        while result.status == "waiting":
            times += 1
            await anyio.sleep(3600)
            result = await h.engine.resume("r1", park=True)

    assert times < 8
    assert view(result) == expected
    assert leaves.begun == stays.begun
