"""What a rerun that begins deep inside takes over, and what it does with what was undone."""

from time import process_time

import pytest
from tests.engine.runs.acts import flow
from tests.engine.runs.again import Again

from ciranda.events import BlockEntered, StepCompleted
from ciranda.runs.history import History

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]

FLOW = flow("""
  src: {uses: t.do, with: {v: s}}
  files:
    needs: src
    map: [1, 2, 3]
    steps:
      rows: {map: [5, 6], uses: t.do, with: {v: '${{ item }}'}}
      x: {uses: t.do, with: {v: x}}
  poll:
    until: loop.index == 3
    steps: {a: {uses: t.do, with: {v: 'a${{ loop.index }}'}}, b: {uses: t.do, with: {v: b}}}
  call: {map: [1, 2], uses: ./inner.yaml, with: {n: '${{ item }}'}}
  last: {needs: files, uses: t.do, with: {v: last}}
""")


@pytest.mark.parametrize(
    ("start", "kept", "begun"),
    [
        (
            "files/1/rows/0",
            "src files/0 files/1/rows/1 files/1/x files/2 poll call",
            {"last": 1, 5: 1},
        ),
        ("files/2", "src files/0 files/1 poll call", {"last": 1, 5: 1, 6: 1, "x": 1}),
        ("poll/2/a", "src files poll/0 poll/1 poll/2/b call last", {"a2": 1, "a3": 1, "b": 1}),
        ("poll/3", "src files poll/0 poll/1 poll/2 call last", {"a3": 1, "b": 1}),
        ("call/1/j", "src files poll call/0 call/1/i call/1/k last", {"i2j": 1}),
        ("src", "poll call", {"s": 1, 5: 3, 6: 3, "x": 3, "last": 1}),
    ],
)
async def test_what_is_kept_around_is_told_at_every_depth(start, kept, begun):
    acts = Again()
    async with acts.harness() as h:
        acts.h = h
        await acts.first(FLOW)
        result = await acts.rerun(start)

    assert result.status == "succeeded"
    assert acts.found.reuse.kept == kept.split()
    assert acts.found.reuse.again[start] == "it is where the new run begins"
    assert {value: acts.begun.count(value) for value in acts.begun} == begun


UNDONE = flow("""
  kept: {uses: t.do, with: {v: kept}}
  a: {uses: t.do, with: {v: a}, compensate: {u: {map: [1, 2], uses: t.do, with: {v: ua}}}}
  m: {map: [1, 2], uses: t.do, with: {v: m}, compensate: {u: {uses: t.do, with: {v: um}}}}
  g:
    steps:
      b: {uses: t.do, with: {v: b}, compensate: {u: {uses: t.do, with: {v: ub}}}}
      c: {uses: t.do, with: {v: c}}
  t:
    try:
      d: {uses: t.do, with: {v: d}, compensate: {u: {uses: t.do, with: {v: ud}}}}
      e: {needs: d, uses: t.do, with: {v: e, fail: t.y}}
    catch: [{steps: {f: {uses: t.do, with: {v: f}}}}]
  boom: {needs: [a, m, g, t], uses: t.do, with: {v: boom, fail: t.x}}
""")


@pytest.mark.parametrize("start", ["boom", "m/0"])
async def test_what_was_undone_is_done_again_and_what_was_caught_is_not(start):
    acts = Again()
    async with acts.harness() as h:
        acts.h = h
        await acts.first(UNDONE, status="failed")
        acts.healed.add("boom")
        result = await acts.rerun(start)
        again = acts.found.reuse.again

    assert result.status == "succeeded"
    assert acts.found.reuse.kept == ["kept", "t"]
    assert again["a"] == "it was undone"
    assert again["g"] == "`g/b` in it was undone"
    assert start == "m/0" or "in it was undone" in again["m"]
    assert sorted(acts.begun) == ["a", "b", "boom", "c", "m", "m"]


async def test_a_rerun_begins_with_an_item_that_failed():
    acts = Again()
    text = flow(
        "  m: {map: [1, 2], on-item-failure: finish, uses: t.do,"
        " with: {v: '${{ item }}', fail: \"${{ 't.x' if item == 1 else '' }}\"}}"
    )
    async with acts.harness() as h:
        acts.h = h
        await acts.first(text, status="failed")
        acts.healed.add(1)
        result = await acts.rerun("m/0")

    assert result.status == "succeeded"
    assert acts.found.reuse.kept == ["m/1"]
    assert acts.begun == [1]


CAUGHT = flow("""
  t:
    try: {x: {uses: t.do, with: {v: x, fail: t.x}}}
    catch:
      - steps:
          a: {uses: t.do, with: {v: a}, compensate: {u: {uses: t.do, with: {v: ua}}}}
          b: {needs: a, uses: t.do, with: {v: b}}
  boom: {needs: t, uses: t.do, with: {v: boom, fail: t.y}}
""")


async def test_what_was_undone_in_a_catch_and_done_again_by_a_resume_is_done_by_a_rerun_too():
    acts = Again()
    async with acts.harness() as h:
        acts.h = h
        await acts.first(CAUGHT, status="failed")
        await h.resume("r1")
        acts.healed.add("boom")
        result = await acts.rerun("boom")

    assert result.status == "succeeded"
    assert acts.found.reuse.again["t"] == "`t/@catch0/a` in it was undone"
    assert acts.begun == ["x", "a", "b", "boom"]


FORGIVEN = {
    "tolerated": "{continue-on-error: true, CLEANED}",
    "enough": "{join: any, steps: {ok: {uses: t.do, with: {v: ok}}, bad: {CLEANED}}}",
    "caught": "{try: {bad: {CLEANED}}, catch: [{steps: {c: {uses: t.do, with: {v: c}}}}]}",
    "undone": "{SAGA, catch: [{steps: {c: {uses: t.do, with: {v: c}}}}]}",
    "undone in a map": ("{map: [1, 2], SAGA, catch: [{steps: {c: {uses: t.do, with: {v: c}}}}]}"),
    "undone and tolerated": (
        "{continue-on-error: true, SAGA, finally: {y: {uses: t.do, with: {v: y}}}}"
    ),
    "handled": (
        "{continue-on-error: true, uses: t.do, with: {v: x, fail: t.x},"
        " on-failure: {h: {uses: t.do, with: {v: h}}}}"
    ),
    "stopped": (
        "{join: race, steps: {ok: {uses: t.do, with: {v: ok, s: 1}},"
        " bad: {try: {s: {sleep: 1h}}, finally: {z: {uses: t.do, with: {v: z}}}}}}"
    ),
}
SAGA = (
    "try: {b: {try: {o: {uses: t.do, with: {v: o}, compensate: {u: {uses: t.do, with: {v: u}}}},"
    " f: {needs: o, uses: t.do, with: {v: f, fail: t.x}}},"
    " finally: {z: {uses: t.do, with: {v: z}}}}}"
)
CLEANED = (
    "try: {x: {uses: t.do, with: {v: x, fail: t.x}}}, finally: {z: {uses: t.do, with: {v: z}}}"
)


@pytest.mark.parametrize("step", FORGIVEN.values(), ids=FORGIVEN)
async def test_a_failure_that_was_forgiven_is_taken_over_with_what_cleaned_up_after_it(step):
    acts = Again()
    async with acts.harness() as h:
        acts.h = h
        step = step.replace("CLEANED", CLEANED).replace("SAGA", SAGA)
        text = f"  g: {step}\n  last: {{uses: t.do, with: {{v: last}}}}"
        await acts.first(flow(text))
        result = await acts.rerun("last")

    assert result.status == "succeeded"
    assert acts.found.reuse.kept == ["g"]
    assert acts.begun == ["last"]


async def test_a_failed_item_beside_the_one_that_is_run_again_cleans_up_again():
    acts = Again()
    text = flow(f"  m: {{map: [1, 2, 3], on-item-failure: keep, steps: {{t: {{{CLEANED}}}}}}}")
    async with acts.harness() as h:
        acts.h = h
        await acts.first(text)
        result = await acts.rerun("m/1")

    assert result.status == "succeeded"
    assert sorted(acts.begun) == ["x", "x", "x", "z", "z", "z"]


async def test_what_an_old_run_did_is_known_in_time_that_grows_with_it_alone():
    history = History()
    count = 20_000
    paths = [f"m/{number}" for number in range(count)]
    entered = [BlockEntered(path=path, block="steps") for path in paths]
    inner = [StepCompleted(path=f"{path}/s") for path in paths]
    began = process_time()

    history.fold([event for pair in zip(entered, inner, strict=True) for event in pair])

    assert process_time() - began < 5  # going through all of it each time takes minutes
    assert len(history.live) == 2 * count
    history.drop("m/7")
    assert len(history.live) == 2 * count - 2
