"""Events that a run tells: whoever runs in the same process hears of them at once."""

from __future__ import annotations

import anyio
import pytest

from ciranda.runs.outcome import RunResult
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

TELLS = """
ciranda: 1
steps:
  work: {sleep: 10m}
  tell: {emit: {event: done, data: 7}, needs: [work]}
  hear: {wait: {event: done}}
outputs: {heard: "${{ steps.hear.output }}"}
"""
HEARS = """
ciranda: 1
steps:
  hear: {wait: {event: done}}
outputs: {heard: "${{ steps.hear.output }}"}
"""


async def test_an_event_reaches_all_runs_of_the_process_without_delay() -> None:
    results: list[RunResult] = []
    async with harness() as h:
        before = h.clock.now()

        async def run(text: str) -> None:
            results.append(await h.run(text))

        async with anyio.create_task_group() as group:
            group.start_soon(run, TELLS)
            group.start_soon(run, HEARS)
        took = h.clock.now() - before

    assert [result.outputs for result in results] == [{"heard": 7}, {"heard": 7}]
    assert took == 600
