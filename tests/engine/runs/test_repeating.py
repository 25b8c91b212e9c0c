"""Loops, matrices, maps in maps, and what of many is enough: through the whole engine."""

import pytest
from tests.engine.runs.acts import Acts, flow, outcome, statuses

from ciranda.errors import StepError
from ciranda.events import LoopTurned, MapCompleted, StepStarted
from ciranda.testing import harness

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]


# Loops


async def test_a_loop_goes_on_while_something_holds_and_gives_what_its_last_turn_gave():
    result, found, acts = await outcome("""
  l:
    while: (loop.last ?? 1) < 100
    uses: t.do
    with: {v: '${{ (loop.last ?? 1) * 3 + loop.index }}'}
  after: {uses: t.do, with: {v: '${{ steps.l.output }} in ${{ steps.l.counts.succeeded }}'}}
""")

    assert acts.done == [3, 10, 32, 99, 301, "301 in 5"]
    assert result.steps["l"]["output"] == 301
    assert [path for path in found if path.startswith("l/")] == [f"l/{n}" for n in range(5)]


async def test_a_loop_until_something_holds_has_one_turn_at_least():
    result, _, acts = await outcome("""
  l: {until: loop.last >= 0, uses: t.do, with: {v: '${{ loop.index }}'}}
  never: {while: loop.index > 0, uses: t.do, with: {v: never}}
  after: {uses: t.do, with: {v: '${{ steps.never.output ?? 9 }}'}}
""")

    assert sorted(acts.done) == [0, 9]
    assert result.steps["never"]["status"] == "succeeded"
    assert result.steps["never"]["output"] is None
    assert result.steps["never"]["counts"] == {}


@pytest.mark.parametrize(("more", "status"), [("", "failed"), ("on-max: stop", "succeeded")])
async def test_a_loop_that_has_no_end_ends_at_its_most(more, status):
    result, _, acts = await outcome(f"""
  l:
    while: 'true or loop.index > 0'
    max: 3
    {more}
    uses: t.do
    with: {{v: '${{{{ loop.index }}}}'}}
""")

    assert acts.done == [0, 1, 2]
    assert result.status == status
    if status == "failed":
        assert result.steps["l"]["error"]["kind"] == "limit"
        assert "3 turns were not enough" in result.steps["l"]["error"]["message"]
    else:
        assert result.steps["l"]["output"] == 2


async def test_turns_begin_at_even_distances():
    acts = Acts()
    async with acts.harness() as h:
        result = await h.run(
            flow("""
  l: {while: loop.index < 4, every: 10s, uses: t.do, with: {v: '${{ loop.index }}', s: 3}}
""")
        )
        turns = [event.due or event.at for event in h.events(LoopTurned)]

    assert result.duration == pytest.approx(33)
    assert [round(at - turns[0]) for at in turns] == [0, 10, 20, 30]


async def test_a_failed_turn_fails_the_loop_unless_it_is_tolerated():
    result, found, _ = await outcome("""
  l:
    while: loop.index < 5
    uses: t.do
    with: {v: '${{ loop.index }}', fail: "${{ 't.boom' if loop.index == 1 else '' }}"}
  k:
    while: loop.index < 3
    continue-on-error: true
    uses: t.do
    with: {v: 'k${{ loop.index }}', fail: "${{ 't.boom' if loop.index == 1 else '' }}"}
  after: {uses: t.do, with: {v: after}, needs: l}
""")

    assert statuses(result) == {"l": "failed", "k": "succeeded", "after": "skipped"}
    assert "turn 1 failed" in result.steps["l"]["error"]["message"]
    assert result.steps["l"]["error"]["kind"] == "t.boom"
    assert "l/2" not in found
    assert result.steps["k"]["output"] == "k2"
    assert result.steps["k"]["counts"] == {"succeeded": 2, "failed": 1}


async def test_a_turn_is_tried_again_by_itself():
    result, _, acts = await outcome("""
  l:
    while: loop.index < 2
    retry: {attempts: 2, backoff: 1s}
    uses: t.do
    with: {v: '${{ loop.index }}', fail: unavailable, times: 1}
""")

    assert result.status == "succeeded"
    assert acts.begun == [0, 0, 1, 1]


async def test_a_loop_over_a_group_reads_what_the_last_turn_gave():
    result, found, acts = await outcome("""
  l:
    until: loop.last.n >= 3
    steps:
      a: {uses: t.do, with: {v: '${{ (loop.last.n ?? 0) + 1 }}'}}
      m: {map: '${{ range(2) }}', uses: t.do, with: {v: '${{ item }} of ${{ steps.a.output }}'}}
    outputs: {n: '${{ steps.a.output }}', all: '${{ steps.m.output }}'}
""")

    assert result.steps["l"]["output"] == {"n": 3, "all": ["0 of 3", "1 of 3"]}
    assert found["l/2/m/1"] == "succeeded"
    assert len(acts.done) == 9


async def test_a_loop_in_a_loop_counts_by_itself():
    result, _, acts = await outcome("""
  o:
    while: loop.index < 2
    steps:
      a: {uses: t.do, with: {v: 'o${{ loop.index }}'}}
      i:
        needs: a
        while: loop.index < 2
        uses: t.do
        with: {v: 'i${{ loop.index }} ${{ loop.last ?? "none" }} ${{ steps.a.output }}'}
""")

    assert result.status == "succeeded"
    assert acts.done == [
        "o0", "i0 none o0", "i1 i0 none o0 o0", "o1", "i0 none o1", "i1 i0 none o1 o1",
    ]  # fmt: skip


# Matrices, and maps in maps


async def test_a_matrix_has_an_item_for_each_combination_in_order():
    result, found, _ = await outcome("""
  m:
    matrix:
      os: [linux, macos]
      n: '${{ [1, 2] }}'
      exclude: [{os: macos, n: 1}]
      include: [{os: bsd, n: 3}, {os: linux, n: 1, fast: true}]
    max-parallel: 2
    uses: t.do
    with: {v: '${{ matrix.os }}${{ matrix.n }}'}
""")

    assert result.steps["m"]["output"] == ["linux1", "linux2", "macos2", "bsd3"]
    assert result.steps["m"]["counts"] == {"succeeded": 4}
    assert found["m/3"] == "succeeded"


async def test_maps_in_maps_three_deep_with_names_of_all_levels():
    result, found, _ = await outcome("""
  a:
    map: [1, 2]
    as: x
    steps:
      b:
        map: '${{ range(x) }}'
        as: y
        steps:
          c:
            map: [7, 8]
            as: z
            when: z > 7 or y > 0
            uses: t.do
            with: {v: '${{ x }}${{ y }}${{ z }} ${{ x_index }}${{ y_index }}${{ z_index }}'}
        outputs: {c: '${{ steps.c.output }}'}
    outputs: {b: '${{ steps.b.output }}'}
""")

    assert result.status == "succeeded"
    assert result.steps["a"]["output"] == [
        {"b": [{"c": [None, "108 001"]}]},
        {"b": [{"c": [None, "208 101"]}, {"c": ["217 110", "218 111"]}]},
    ]
    assert found["a/1/b/0/c/0"] == "skipped"
    assert found["a/1/b/1/c/1"] == "succeeded"


async def test_a_failure_deep_in_maps_stops_its_map_and_what_is_kept_goes_on():
    result, found, acts = await outcome("""
  a:
    map: [1, 2, 3]
    as: x
    on-item-failure: keep
    max-parallel: 1
    steps:
      b:
        map: [1, 2]
        as: y
        uses: t.do
        with: {v: '${{ x }}${{ y }}', s: '${{ y }}', fail: "${{ 't.boom' if x == 2 else '' }}"}
    outputs: {b: '${{ steps.b.output }}'}
""")

    assert result.status == "succeeded"
    assert result.steps["a"]["output"] == [{"b": ["11", "12"]}, None, {"b": ["31", "32"]}]
    assert acts.stopped == ["22"]
    assert found["a/1"] == found["a/1/b"] == "failed"
    assert found["a/1/b/1"] == "cancelled"
    assert result.steps["a"]["items"][1]["error"]["kind"] == "t.boom"


# What of many is enough


@pytest.mark.parametrize(
    ("join", "status", "output", "stopped"),
    [
        ("any", "succeeded", [None, "a2", "a3"], []),
        ("race", "succeeded", {"winner": 1, "value": "a2"}, ["a3"]),
        ("{at-least: 2}", "succeeded", [None, "a2", "a3"], []),
        ("{at-least: 1, rest: cancel}", "succeeded", [None, "a2", None], ["a3"]),
        ("{at-least: 3}", "failed", None, []),
    ],
)
async def test_of_a_map_so_many_items_have_to_succeed(join, status, output, stopped):
    result, _, acts = await outcome(f"""
  m:
    map: [1, 2, 3]
    join: {join}
    uses: t.do
    with:
      v: 'a${{{{ item }}}}'
      s: '${{{{ item }}}}'
      fail: "${{{{ 't.boom' if item == 1 else '' }}}}"
""")

    assert result.steps["m"]["status"] == status
    assert result.steps["m"]["output"] == output
    assert acts.stopped == stopped
    assert acts.done == [each for each in ("a2", "a3") if each not in stopped]


@pytest.mark.parametrize(
    ("join", "status", "output", "stopped"),
    [
        ("any", "succeeded", None, []),
        ("race", "succeeded", {"winner": "b2", "value": "b2"}, ["c"]),
        ("{at-least: 2}", "succeeded", None, []),
        ("{at-least: 1, rest: cancel}", "succeeded", None, ["c"]),
        ("{at-least: 3}", "failed", None, []),
    ],
)
async def test_of_a_group_so_many_branches_have_to_succeed(join, status, output, stopped):
    result, _, acts = await outcome(f"""
  g:
    join: {join}
    steps:
      a: {{uses: t.do, with: {{v: a, fail: t.boom}}}}
      b1: {{uses: t.do, with: {{v: b1, s: 1}}}}
      b2: {{uses: t.do, with: {{v: b2, s: 1}}, needs: b1}}
      c: {{uses: t.do, with: {{v: c, s: 9}}}}
  after: {{uses: t.do, with: {{v: after}}, needs: g}}
""")

    assert statuses(result) == {
        "g": status,
        "after": "succeeded" if status == "succeeded" else "skipped",
    }
    assert result.steps["g"]["output"] == output
    assert acts.stopped == stopped
    if status == "failed":
        assert result.steps["g"]["error"]["kind"] == "t.boom"


async def test_losers_that_are_groups_and_maps_are_stopped_to_the_bottom():
    result, found, acts = await outcome("""
  g:
    join: race
    steps:
      fast: {uses: t.do, with: {v: fast, s: 1}}
      slow:
        steps:
          m: {map: [1, 2, 3], max-parallel: 2, uses: t.do, with: {v: '${{ item }}', s: 50}}
          w: {wait: {event: never}}
      tries:
        try:
          x: {uses: t.do, with: {v: x, s: 50}}
        finally:
          f: {uses: t.do, with: {v: f}}
      back: {uses: t.do, retry: {backoff: 1h, cap: 1h}, with: {v: b, fail: unavailable}}
""")

    assert result.steps["g"]["output"] == {"winner": "fast", "value": "fast"}
    assert result.status == "succeeded"
    assert sorted(map(str, acts.stopped)) == ["1", "2", "x"]
    assert acts.done == ["fast", "f"]
    assert {found[f"g/{name}"] for name in ("slow", "tries", "back")} == {"cancelled"}
    assert result.duration == pytest.approx(1)


async def test_a_race_inside_of_each_turn_of_a_loop():
    result, _, acts = await outcome("""
  l:
    while: loop.index < 3
    join: race
    steps:
      a: {uses: t.do, with: {v: 'a${{ loop.index }}', s: '${{ loop.index }}'}}
      b: {uses: t.do, with: {v: 'b${{ loop.index }}', s: 1.5}}
""")

    assert result.steps["l"]["output"] == {"winner": "b", "value": "b2"}
    assert acts.stopped == ["b0", "b1", "a2"]


async def test_waits_hold_their_places_in_a_map():
    acts = Acts()
    async with acts.harness() as h:
        result = await h.run(
            flow("""
  m: {map: [1, 2, 3, 4, 5], max-parallel: 2, sleep: 10s}
""")
        )

    assert result.status == "succeeded"
    assert result.duration == pytest.approx(30)


async def test_turns_keep_their_distance_over_a_resume():
    acts = Acts()
    async with acts.harness() as h:
        first = await h.run(
            flow("""
  l:
    while: loop.index < 3
    every: 10s
    uses: t.do
    with: {v: '${{ loop.index }}', s: 3, fail: "${{ 't.boom' if loop.index == 1 else '' }}"}
""")
        )
        acts.healed.add(1)
        second = await h.resume()
        began = {event.path: event.at for event in h.events(StepStarted)}

    assert (first.status, second.status) == ("failed", "succeeded")
    assert began["l/2"] - began["l/0"] == pytest.approx(20)


async def test_a_map_and_a_loop_fail_with_all_that_their_first_failure_told():
    async def full() -> None:
        raise StepError("t.full", "no room", detail={"left": 3}, retryable=True, retry_after=4)

    async with harness(mocks={"t.full": full}) as h:
        result = await h.run(
            flow("""
  m: {map: [1], uses: t.full}
  l: {while: loop.index < 1, steps: {a: {uses: t.full}}}
  g: {steps: {inner: {map: [1], steps: {a: {uses: t.full}}}}}
""")
        )
        lines = {e.path: e.error and e.error.place[-2:] for e in h.events(MapCompleted)}

    errors = {name: result.steps[name]["error"] for name in "mlg"}
    assert {(e["kind"], e["detail"]["left"], e["attempt"]) for e in errors.values()} == {
        ("t.full", 3, 1)
    }
    assert {(e["retryable"], e["retry_after"]) for e in errors.values()} == {(True, 4)}
    assert errors["g"]["message"] == "1 of 1 items failed; item 0: 'g/inner/0/a' failed: no room"
    assert errors["g"]["detail"]["at"] == "g/inner/0/a"
    assert lines == {"m": ":5", "g/inner": ":7"}
