"""What was done is undone when the run, or what is tried, fails: through the whole engine."""

import pytest
from tests.engine.runs.acts import Acts, cancelled, flow, outcome, statuses

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]

BOOK = """
  {name}:
    uses: t.do
    with: {{v: {name}, s: {s}}}
    {more}
    compensate: {{u: {{uses: t.do, with: {{v: 'undo ${{{{ steps.{name}.output }}}}'}}}}}}
"""


def book(name: str, s: float = 0, more: str = "", indent: int = 0) -> str:
    text = BOOK.format(name=name, s=s, more=more)
    return "\n".join(f"{' ' * indent}{line}" for line in text.splitlines() if line.strip())


async def test_a_failed_run_undoes_what_succeeded_last_first_before_its_handlers():
    result, found, acts = await outcome(
        f"""
{book("slow", 3)}
{book("quick", 1)}
{book("failing", 2, "continue-on-error: true").replace("v: failing", "v: failing, fail: t.x", 1)}
  boom: {{uses: t.do, with: {{v: boom, fail: t.boom}}, needs: [slow, quick]}}
""",
        "on-failure: {f: {uses: t.do, with: {v: f}}}",
    )

    assert result.status == "failed"
    assert acts.done == ["quick", "slow", "undo slow", "undo quick", "f"]
    assert found["slow/@compensate/u"] == "succeeded"
    assert statuses(result)["slow"] == "succeeded"


async def test_a_cancelled_run_undoes_and_a_good_one_does_not():
    acts = Acts()
    async with acts.harness() as h:
        good = await h.run(flow(book("a")))
        text = flow(f"{book('b')}\n  slow: {{uses: t.do, needs: b, with: {{v: slow, s: 9}}}}")
        bad = await cancelled(h, text, 3)

    assert (good.status, bad.status) == ("succeeded", "cancelled")
    assert acts.done == ["a", "b", "undo b"]


async def test_items_and_what_is_inside_of_groups_are_undone_too():
    _, found, acts = await outcome(
        f"""
  m:
    map: [1, 2]
    uses: t.do
    with: {{v: '${{{{ item }}}}', s: '${{{{ item }}}}'}}
    compensate: {{u: {{uses: t.do, with: {{v: 'undo ${{{{ item }}}}'}}}}}}
  g:
    needs: m
    map: [7, 8]
    max-parallel: 1
    steps:
{book("x", indent=4)}
      y: {{uses: t.do, with: {{v: y}}, needs: x}}
  boom: {{uses: t.do, with: {{v: boom, fail: t.boom}}, needs: g}}
"""
    )

    assert acts.done == [1, 2, "x", "y", "x", "y", "undo x", "undo x", "undo 2", "undo 1"]
    assert found["g/1/x/@compensate/u"] == found["m/0/@compensate/u"] == "succeeded"


async def test_a_try_undoes_what_it_did_before_it_is_caught():
    result, _, acts = await outcome(
        f"""
{book("outer")}
  t:
    needs: outer
    try:
{book("inner", indent=4)}
      boom: {{uses: t.do, with: {{v: boom, fail: t.boom}}, needs: inner}}
    catch:
      - {{steps: {{c: {{uses: t.do, with: {{v: caught}}}}}}}}
"""
    )

    assert result.status == "succeeded"
    assert acts.done == ["outer", "inner", "undo inner", "caught"]


@pytest.mark.parametrize("word", ["try", "steps"])
async def test_attempts_undo_what_they_did(word):
    result, _, acts = await outcome(
        f"""
  t:
    retry: {{attempts: 2, backoff: 1s, on: [t.boom]}}
    {word}:
{book("inner", indent=4)}
      boom: {{uses: t.do, with: {{v: boom, fail: t.boom, times: 1}}, needs: inner}}
"""
    )

    assert result.status == "succeeded"
    assert acts.done == ["inner", "undo inner", "inner", "boom"]


async def test_a_compensation_that_fails_does_not_keep_others_from_theirs():
    result, _, acts = await outcome(
        f"""
{book("a")}
  b:
    needs: a
    uses: t.do
    with: {{v: b}}
    compensate: {{u: {{uses: t.do, with: {{v: 'undo b', fail: t.ouch}}}}}}
  boom: {{uses: t.do, with: {{v: boom, fail: t.boom}}, needs: b}}
"""
    )

    assert result.status == "failed"
    assert acts.done == ["a", "b", "undo a"]
    assert set(result.failures) == {"boom", "b/@compensate/u"}


@pytest.mark.parametrize("depth", ["top", "group", "map"])
async def test_a_run_that_is_gone_on_with_does_again_what_it_undid(depth):
    inside = {
        "top": book("a"),
        "group": "  g:\n    steps:\n" + book("a", indent=4),
        "map": "  g:\n    map: [1]\n    steps:\n" + book("a", indent=4),
    }[depth]
    need = "a" if depth == "top" else "g"
    acts = Acts()
    async with acts.harness() as h:
        first = await h.run(
            flow(f"""
  kept: {{uses: t.do, with: {{v: kept}}}}
{inside}
  boom: {{uses: t.do, with: {{v: boom, fail: t.boom}}, needs: {need}}}
""")
        )
        acts.healed.add("boom")
        second = await h.resume()

    assert (first.status, second.status) == ("failed", "succeeded")
    assert sorted(acts.done[:2]) == ["a", "kept"]
    assert acts.done[2:] == ["undo a", "a", "boom"]
