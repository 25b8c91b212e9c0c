"""What a rerun makes of another file, other inputs, and of what did not succeed."""

import base64
from typing import Any

import anyio
import pytest
from tests.engine.runs.acts import answer, flow, parked, send, statuses
from tests.engine.runs.again import INNER, Again

from ciranda.errors import InputError, RunNotFoundError
from ciranda.events import RunStarted
from ciranda.runs.rerun import rerun_of

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]

THREE = """
  a: {uses: t.do, with: {v: a}}
  b: {uses: t.do, with: {v: '${{ steps.a.output }}b'}}
  c: {uses: t.do, with: {v: c}}
"""


@pytest.fixture
async def acts() -> Any:
    made = Again()
    async with made.harness(environ={"TOKEN": "opensesame"}) as made.h:
        yield made


# Inputs


READS = """
  a: {uses: t.do, with: {v: 'a${{ inputs.n }}'}}
  g:
    steps:
      x: {uses: t.do, with: {v: 'x${{ inputs.n }}'}}
      y: {uses: t.do, with: {v: y}}
  m: {map: [1, 2], uses: t.do, with: {v: 'm${{ item }}${{ inputs.n }}'}}
  o: {uses: t.do, with: {v: 'o${{ inputs.other }}'}}
  end: {uses: t.do, with: {v: end}}
"""
INPUTS = "inputs: {n: {type: integer, default: 1}, other: {default: z}}"


@pytest.mark.parametrize(
    ("start", "given", "begun"),
    [
        ("end", {"n": "2"}, ["a2", "end", "m12", "m22", "x2", "y"]),
        ("end", {"n": "1"}, ["end"]),  # the value that it had
        ("end", {"other": "u"}, ["end", "ou"]),
        ("m/1", {"n": "2"}, ["a2", "m12", "m22", "x2", "y"]),  # not one item alone
        ("g/y", {"other": "u"}, ["ou", "y"]),
    ],
)
async def test_what_reads_an_input_with_another_value_runs_again(
    acts: Again, start: str, given: dict[str, str], begun: list[str]
) -> None:
    await acts.first(flow(READS, INPUTS))
    result = await acts.rerun(start, inputs=given)

    assert sorted(acts.begun) == begun
    assert result.ok


async def test_the_environment_of_the_file_belongs_to_every_step(acts: Again) -> None:
    text = flow(THREE, "env: {COLOUR: '${{ inputs.hue }}'}\ninputs: {hue: {default: red}}")
    await acts.first(text)
    await acts.rerun("c")
    assert acts.begun == ["c"]
    await acts.rerun("c", inputs={"hue": "blue"})
    assert sorted(acts.begun) == ["a", "ab", "c"]
    acts.write(text.replace("COLOUR", "COLOR"))
    await acts.rerun("c")
    assert sorted(acts.begun) == ["a", "ab", "c"]
    assert acts.found.reuse.again["a"] == "the file gives another environment to its steps now"


async def test_an_input_that_does_not_fit_is_refused_before_there_is_a_run(acts: Again) -> None:
    await acts.first(flow(READS, INPUTS))
    with pytest.raises(InputError, match="n"):
        await acts.rerun("end", inputs={"n": "many"})
    with pytest.raises(InputError, match="nn"):
        await acts.rerun("end", inputs={"nn": "2"})
    assert len(acts.h.engine.log.runs()) == 1


async def test_secret_inputs_are_given_again_and_what_was_made_of_secrets_is_taken_over(
    acts: Again,
) -> None:
    text = flow(
        """
  a: {uses: t.do, with: {v: '${{ secrets.TOKEN }} ${{ inputs.pin }}'}}
  b: {uses: t.do, with: {v: [1, '${{ inputs.note }}']}}
  c: {uses: t.do, with: {v: '${{ steps.a.output }} ${{ inputs.note }}'}}
  end: {uses: t.do, with: {v: end}, needs: [b]}
""",
        "secrets: {TOKEN: {env: TOKEN}}\ninputs: {pin: {type: secret}, note: {default: x}}",
    )
    await acts.first(text, {"pin": "12345678", "note": "my opensesame"})
    with pytest.raises(InputError, match="the secret input `pin` must be given once more"):
        await acts.rerun("end")
    await acts.rerun("end", inputs={"pin": "12345678"})
    assert acts.begun == ["end"]
    await acts.rerun("c", inputs={"pin": "12345678"})
    assert acts.begun == ["opensesame 12345678 my opensesame"]
    await acts.rerun("end", inputs={"pin": "12345678", "note": "my opensesame"})
    assert acts.begun == ["end"]


async def test_a_secret_in_another_form_is_taken_over_in_that_form(acts: Again) -> None:
    coded = base64.b64encode(b"opensesame").decode()
    text = flow(
        """
  a: {uses: t.code, with: {v: '${{ secrets.TOKEN }}'}}
  b: {uses: t.do, with: {v: '${{ steps.a.output }}'}}
""",
        "secrets: {TOKEN: {env: TOKEN}}",
    )

    async def code(v: str) -> str:
        return f"Basic {base64.b64encode(v.encode()).decode()}"

    made = Again()
    async with made.harness_with(code) as made.h:
        await made.first(text)
        await made.rerun("b")
        await made.rerun("b", run="last")

    assert made.begun == [f"Basic {coded}"]


# Files


@pytest.mark.parametrize(
    ("change", "start", "begun"),
    [
        (("v: c", "v: cc"), "b", ["ab", "cc"]),
        (("{v: c}", "{v: c}, description: better, estimate: 3s"), "b", ["ab"]),
        (("  c:", "  d: {uses: t.do, with: {v: d}}\n  c:"), "b", ["ab", "d"]),
        (("  c: {uses: t.do, with: {v: c}}\n", ""), "b", ["ab"]),
        (("v: a}", "v: A}"), "c", ["A", "Ab", "c"]),
        (("  c: ", "  d: "), "b", ["ab", "c"]),
    ],
)
async def test_what_the_file_says_differently_now_runs_again(
    acts: Again, change: tuple[str, str], start: str, begun: list[str]
) -> None:
    text = flow(THREE)
    await acts.first(text)
    acts.write(text.replace(*change))
    result = await acts.rerun(start)

    assert sorted(acts.begun) == sorted(begun)
    assert set(statuses(result).values()) == {"succeeded"}


async def test_steps_in_another_order_are_the_same_steps(acts: Again) -> None:
    text = flow(THREE)
    await acts.first(text)
    lines = THREE.strip("\n").split("\n")
    acts.write(flow("\n".join(reversed(lines))))
    await acts.rerun("c")

    assert acts.begun == ["c"]
    assert acts.found.reuse.kept == ["b", "a"]


async def test_the_file_as_it_was_can_be_used_whatever_it_says_now(acts: Again) -> None:
    text = flow(THREE)
    await acts.first(text)
    acts.write(text.replace("v: c", "v: cc").replace("v: a}", "v: A}"))
    await acts.rerun("b", pinned=True)

    assert acts.begun == ["ab"]


DEEPER = """
  g:
    steps:
      m:
        map: LIST
        steps:
          p: {uses: t.do, with: {v: 'p${{ item }}'}}
          q: {uses: t.do, with: {v: 'q${{ item }}'}}
      z: {uses: t.do, with: {v: z}}
  call: {uses: ./inner.yaml, with: {n: 1}}
"""


async def test_changes_deep_inside_count_where_a_part_is_run_again(acts: Again) -> None:
    text = flow(DEEPER.replace("LIST", "[1, 2]"))
    await acts.first(text)
    acts.write(text.replace("v: z", "v: zz").replace("'q$", "'Q$"))
    await acts.rerun("g/m/1/p")
    # Of the other items nothing is known of the new `q`: but nobody asked for them.
    assert sorted(acts.begun) == ["Q2", "p2", "zz"]
    acts.write(text, INNER.replace("v: k}", "v: kk}"))
    await acts.rerun("call/j")
    assert sorted(acts.begun) == ["i1j", "kk"]


async def test_a_list_that_is_another_one_has_no_items_to_take_over(acts: Again) -> None:
    text = flow(DEEPER)
    await acts.first(text.replace("LIST", "[1, 2]"))
    acts.write(text.replace("LIST", "[1, 2, 3]"))
    with pytest.raises(InputError, match=r"something else of `g/m` now.*`--from g/m`"):
        await acts.rerun("g/m/1")
    await acts.rerun("g/m")
    assert sorted(acts.begun) == ["p1", "p2", "p3", "q1", "q2", "q3"]


async def test_a_part_of_what_needs_something_new_runs_again_as_a_whole(acts: Again) -> None:
    text = flow("""
  a: {uses: t.do, with: {v: 3}}
  m: {map: '${{ range(steps.a.output) }}', uses: t.do, with: {v: 'm${{ item }}'}}
""")
    await acts.first(text)
    acts.write(text.replace("v: 3", "v: 2"))
    result = await acts.rerun("m/1")

    assert sorted(map(str, acts.begun)) == ["2", "m0", "m1"]
    assert acts.found.reuse.again["m"] == "it needs `a`"
    assert result.steps["m"]["output"] == ["m0", "m1"]


# What did not succeed


async def test_what_failed_was_cancelled_or_undone_runs_again_and_what_was_tolerated_does_not(
    acts: Again,
) -> None:
    text = flow("""
  ok: {uses: t.do, with: {v: ok}}
  soft: {uses: t.do, with: {v: soft, fail: t.x}, continue-on-error: true}
  off: {uses: t.do, with: {v: off}, if: steps.ok.output == 'no'}
  pay:
    uses: t.do
    with: {v: pay}
    compensate: {back: {uses: t.do, with: {v: back}}}
  boom: {uses: t.do, with: {v: boom, fail: t.boom}, needs: [pay, ok]}
  after: {uses: t.do, with: {v: after}, needs: [boom]}
  other: {uses: t.do, with: {v: other, fail: t.boom}}
""")
    await acts.first(text, status="failed")
    acts.healed |= {"boom", "other", "soft"}
    result = await acts.rerun("boom")

    assert sorted(acts.begun) == ["after", "boom", "other", "pay"]
    assert acts.found.reuse.again["pay"] == "it was undone"
    assert acts.found.reuse.kept == ["ok", "soft", "off"]
    assert result.warnings == 1
    assert statuses(result)["off"] == "skipped"


async def test_reruns_of_reruns_take_over_what_both_came_to(acts: Again) -> None:
    text = flow(THREE.replace("v: c", "v: c, fail: t.x"))
    await acts.first(text, status="failed")
    second = await acts.rerun("b")
    acts.healed.add("c")
    third = await acts.rerun("c", run=second.run_id)

    assert acts.begun == ["c"]
    assert third.ok
    (begun,) = acts.h.events(RunStarted, third.run_id)
    assert begun.reuses == second.run_id


async def test_a_race_stays_won_and_a_race_that_runs_again_is_run_whole(acts: Again) -> None:
    text = flow("""
  r:
    join: race
    steps:
      slow: {uses: t.do, with: {v: slow, s: 9}}
      fast: {uses: t.do, with: {v: fast}}
  end: {uses: t.do, with: {v: '${{ steps.r.output.winner }}'}}
""")
    first = await acts.first(text)
    again = await acts.rerun("end")
    assert acts.begun == ["fast"]
    assert again.steps["r"]["output"] == first.steps["r"]["output"]
    again = await acts.rerun("r")
    assert sorted(acts.begun) == ["fast", "fast", "slow"]
    assert again.steps["r"]["output"] == {"winner": "fast", "value": "fast"}


# What waited


WAITS = """
  ask: {approve: {prompt: Well?}}
  get: {wait: {event: paid}}
  nap: {sleep: 1h}
  end: {uses: t.do, with: {v: '${{ steps.ask.output.by }} ${{ steps.get.output }}'}, needs: [nap]}
"""


async def test_answers_events_and_sleep_are_taken_over(acts: Again) -> None:
    h = acts.h
    await parked(h, flow(WAITS))
    answer(h, "ask", "ana")
    send(h, "paid", 20)
    assert (await h.engine.resume("r1")).ok
    began = anyio.current_time()
    result = await acts.rerun("end")

    assert result.ok
    assert acts.begun == ["ana 20"]
    assert anyio.current_time() - began < 60

    send(h, "other", 1)
    async with anyio.create_task_group() as group:
        group.start_soon(acts.rerun, "ask")  # it asks again
        await anyio.sleep(1)
        (row,) = [row for row in h.engine.log.runs() if row.status == "running"]
        answer(h, "ask", "bo", run=row.id)
    assert acts.begun == ["bo 20"]

    assert (await acts.rerun("get")).ok  # the event of then is there
    assert acts.begun == ["ana 20"]


async def test_an_old_run_that_is_parked_can_be_begun_within_and_one_under_way_cannot(
    acts: Again,
) -> None:
    h = acts.h
    text = flow(WAITS.replace("needs: [nap]", "needs: [nap, b]") + THREE)
    await parked(h, text)
    acts.begun.clear()
    found = rerun_of(h.engine, "r1", "b")
    assert found.reuse.again["ask"] == "it did not end"
    result = await h.engine.rerun(found, park=True)
    assert result.status == "waiting"
    assert acts.begun == ["ab"]
    assert (await h.engine.resume(result.run_id, park=True)).status == "waiting"

    async with anyio.create_task_group() as group:
        group.start_soon(h.engine.resume, "r1")
        await anyio.sleep(1)
        with pytest.raises(RunNotFoundError, match="run r1 is under way"):
            rerun_of(h.engine, "r1", "b")
        h.engine.cancel("enough")


# What there is not


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        ("bb", "the workflow has no step `bb`; it has a, b, c, g, m, off"),
        ("of", r"the workflow has no step `of`; did you mean `off`\?"),
        ("g/xx", "`g` has no step `xx`; it has x"),
        ("m", ""),
        ("m/7", "the run has no `m/7`"),
        ("m/x", r"`m` runs for each item: name one, `--from m/0/x`"),
        ("g/0", "`g` has no items: `--from g` runs it again"),
        ("b/x", "nothing inside of `b` ran: `--from b` runs it"),
        ("b/0", "`b` has no items"),
        ("off/x", "nothing inside of `off` ran"),
        ("g/@finally/x", "`g/@finally/x` is in a handler.*`--from g`"),
        ("@finally/z", "`@finally/z` is in a handler.*it runs at the end"),
    ],
)
async def test_a_path_that_leads_nowhere_is_told(acts: Again, start: str, sentence: str) -> None:
    text = flow(
        THREE
        + """
  g: {steps: {x: {uses: t.do, with: {v: x}}}}
  m: {map: [1, 2], uses: t.do, with: {v: '${{ item }}'}}
  off: {if: steps.a.output == 'no', steps: {x: {uses: t.do}}}
""",
        "finally: {z: {uses: t.do, with: {v: z}}}",
    )
    await acts.first(text)
    if not sentence:
        assert (await acts.rerun(start)).ok
        return
    with pytest.raises(InputError, match=sentence):
        await acts.rerun(start)
