"""How long waits took, and answers by names that are not quite those of a step."""

import anyio
import pytest
from tests.engine.runs.acts import Acts, answer, flow, parked, send

from ciranda.events import ApprovalGiven, StepCompleted

pytestmark = pytest.mark.anyio


async def test_what_waited_tells_how_long_over_all_processes():
    async with Acts().harness() as h:
        text = flow("""
  pause: {sleep: 90s}
  late: {wait: {event: never, timeout: 2m}, continue-on-error: true}
  paid: {wait: {event: paid}}
  ask: {approve: {prompt: well}}
""")
        await parked(h, text)
        await anyio.sleep(150)
        send(h, "paid")
        answer(h, "ask", "ana")
        result = await h.engine.resume("r1")

    assert result.status == "succeeded"
    took = {name: step["duration"] for name, step in result.steps.items()}
    assert took == pytest.approx({"pause": 150, "late": 150, "paid": 150, "ask": 150}, abs=1)


@pytest.mark.parametrize("path", ["ask/-1", "asks/00", "asks/-1", "asks/2", "ask/0", "asks", ""])
async def test_an_answer_by_another_name_than_the_steps_own_is_left_aside(path):
    async with Acts().harness() as h:
        text = flow("""
  ask: {approve: {prompt: well}}
  asks: {map: [1], approve: {prompt: well}}
""")
        await parked(h, text)
        answer(h, path, "ana")
        result = await h.engine.resume("r1", park=True)
        given, ended = h.events(ApprovalGiven), h.events(StepCompleted)

    assert (result.status, given, ended) == ("waiting", [], [])


async def test_an_item_of_a_later_turn_took_its_own_time_whatever_cleaned_up_before():
    async with Acts().harness() as h:
        await h.run(
            flow("""
  l:
    until: loop.index == 3
    steps:
      m:
        map: [1]
        on-item-failure: keep
        steps:
          a: {sleep: 2s}
          b: {needs: a, if: loop.index == 0, fail: {kind: t.bad, message: so}}
        on-failure: {u: {sleep: 1s}}
      late: {needs: m, sleep: 100s}
""")
        )
        took = {event.path: event.duration for event in h.events(StepCompleted)}

    assert [took[f"l/{turn}/m/0"] for turn in (1, 2, 3)] == pytest.approx([2, 2, 2])
