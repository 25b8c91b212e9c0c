"""A run that dies while it undoes its steps: what is left is undone, nothing twice."""

import random
from collections.abc import Iterator

import pytest
from tests.effort import share
from tests.engine.runs.acts import Acts, flow
from tests.engine.runs.nested import Nested
from tests.engine.runs.recursion import Recursion
from tests.engine.runs.test_nested import is_clean
from tests.engine.runs.test_undoing import book
from tests.engine.runs.trees import Planter, Tree

from ciranda.events import BlockEntered, Event, RunResumed, StepCompleted, StepStarted
from ciranda.testing import SimulatedCrash


def undone(log: list[Event]) -> list[str]:
    """Return the paths of what was undone, in order."""
    entered = [event for event in log if isinstance(event, BlockEntered)]
    return [event.path for event in entered if event.block == "compensate"]


def trees(count: int) -> Iterator[tuple[Tree, Nested, str]]:
    """Yield trees that undo something, each with the run of it that nobody disturbed."""
    for seed in range(count):
        tree = Planter(random.Random(f"undoing {seed}"), 2 + seed % 12).tree()
        whole = Nested(tree, random.Random(seed))
        whole.run()
        if undone(whole.log):
            yield tree, whole, f"seed {seed}"


def is_of_main(event: Event) -> bool:
    path = getattr(event, "path", "")
    return bool(path) and "@" not in path and getattr(event, "block", "") != "compensate"


@pytest.mark.uncounted
def test_a_log_that_is_cut_anywhere_while_steps_are_undone_ends_as_the_whole_one():
    inside = 0

    for tree, whole, name in trees(share(1500)):
        expected = Recursion(tree).run()
        last = max(at for at, event in enumerate(whole.log) if is_of_main(event))
        for cut in range(1, len(whole.log)):
            driver = Nested(tree, random.Random(cut))
            driver.replay(whole.log[:cut])
            driver.record(RunResumed(epoch=2))
            driver.go_on()
            assert driver.final == expected.ends, f"{name}, cut {cut}"
            assert driver.scheduler.finished == expected.status, f"{name}, cut {cut}"
            assert is_clean(driver), f"{name}, cut {cut}"
            undoable = set[str]()
            for event in driver.log:
                if isinstance(event, StepCompleted):
                    undoable.add(event.path)
                elif isinstance(event, BlockEntered) and event.block == "compensate":
                    assert event.path in undoable, f"{event.path} is undone twice, {name} {cut}"
                    undoable.remove(event.path)
            if undone(whole.log[last:cut]):  # the run itself undoes
                inside += 1
                assert undone(driver.log) == undone(whole.log), f"{name}, cut {cut}"
                begun = [event for event in driver.log[cut:] if isinstance(event, StepStarted)]
                assert all("@" in event.path for event in begun), f"{name}, cut {cut}"

    assert inside


AFTER = """
on-failure: {f: {uses: t.do, with: {v: 'after ${{ error.kind }}'}}}
finally: {z: {uses: t.do, with: {v: last}}}
"""
RUN = f"""
{book("a")}
{book("b", more="needs: a")}
  boom: {{uses: t.do, with: {{v: boom, fail: t.boom}}, needs: b}}
"""
TRY = f"""
  t:
    try:
{book("a", indent=4)}
{book("b", more="needs: a", indent=4)}
      boom: {{uses: t.do, with: {{v: boom, fail: t.boom}}, needs: b}}
    catch: [{{steps: {{f: {{uses: t.do, with: {{v: 'after ${{{{ error.kind }}}}'}}}}}}}}]
    finally: {{z: {{uses: t.do, with: {{v: last}}}}}}
"""
DONE = ["a", "b", "undo b", "undo a", "after t.boom", "last"]


@pytest.mark.anyio
@pytest.mark.parametrize("scope", ["run", "try"])
@pytest.mark.parametrize("point", ["before_effect", "before_commit", "after_commit"])
async def test_what_was_left_to_undo_is_undone_before_all_that_follows(scope, point):
    prefix = "t/" if scope == "try" else ""
    paths = [f"{prefix}{one}/@compensate/u" for one in "ba"]
    paths += ["t/@catch0/f", "t/@finally/z"] if prefix else ["@on-failure/f", "@finally/z"]
    text = flow(TRY if prefix else RUN, "" if prefix else AFTER)

    for path in paths:
        acts = Acts()
        async with acts.harness() as h:
            h.kill_at(point, path)
            with pytest.raises(SimulatedCrash):
                await h.run(text)
            result = await h.resume()
        if point == "before_commit":
            acts.done.remove(value_of(path))  # nobody knew that it was done
        assert acts.done == DONE, path
        assert result.status == ("succeeded" if prefix else "failed")


def value_of(path: str) -> str:
    """Return what the step of a path says."""
    name = path.rpartition("/")[2]
    return {"f": "after t.boom", "z": "last"}.get(name) or f"undo {path.partition('/@')[0][-1]}"


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_what_was_undone_over_two_processes_is_done_again_by_the_next_resume():
    acts = Acts()
    async with acts.harness() as h:
        h.kill_at("before_effect", "a/@compensate/u")
        with pytest.raises(SimulatedCrash):
            await h.run(flow(RUN, AFTER))
        second = await h.resume()
        acts.healed.add("boom")
        third = await h.resume()

    assert (second.status, third.status) == ("failed", "succeeded")
    assert acts.done == [*DONE, "a", "b", "boom", "last"]
