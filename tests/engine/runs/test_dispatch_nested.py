"""Steps inside of steps are admitted under the rules of the step of the run that they are in."""

import pytest

from ciranda.runs.dispatch import Dispatch

from .naps import began, limiter

pytestmark = pytest.mark.anyio

FLOW = """
ciranda: 1
steps:
  alone: {uses: t.nap, with: {s: 1}}
  rows:
    map: "${{ [1, 2, 3] }}"
    as: row
    max-parallel: 3
    steps:
      first: {uses: t.nap, with: {s: 1}}
      then: {uses: t.nap, with: {s: 1}, needs: first}
  turns: {while: loop.index < 2, uses: t.nap, with: {s: 1}}
finally:
  last: {uses: t.nap, with: {s: 1}}
"""


async def times(dispatch: Dispatch) -> dict[str, float]:
    """Return when each attempt began, in seconds, by path."""
    return await began(FLOW, dispatch)


async def test_no_more_are_under_way_than_the_dispatch_lets():
    found = await times(Dispatch(most=2))

    for moment in set(found.values()):
        assert sum(moment <= at < moment + 1 for at in found.values()) <= 2
    assert max(found.values()) == found["@finally/last"] == pytest.approx(5)  # nine naps before


async def test_what_a_step_demands_is_held_by_each_step_in_it():
    found = await times(Dispatch(capacities={"disk": 1}, demands={"rows": {"disk": 1}}))

    inner = sorted(at for path, at in found.items() if path.startswith("rows/"))
    assert inner == pytest.approx([0, 1, 2, 3, 4, 5])
    assert found["alone"] == found["turns/0"] == 0


async def test_the_place_of_a_step_is_that_of_all_in_it():
    found = await times(Dispatch(most=1, order={"rows": 0, "turns": 1, "alone": 2}))

    order = [path.partition("/")[0] for path in sorted(found, key=lambda path: found[path])]
    assert order == ["rows"] * 6 + ["turns"] * 2 + ["alone", "@finally"]


async def test_the_limiter_is_asked_for_each_step_in_a_step_that_costs():
    found = await times(Dispatch(limiter=limiter(2, per=10), costs={"rows": (1,)}))

    inner = sorted(at for path, at in found.items() if path.startswith("rows/"))
    assert inner == pytest.approx([0, 0, 10, 10, 20, 20])
