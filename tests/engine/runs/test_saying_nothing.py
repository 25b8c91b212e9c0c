"""Bodies that need not say anything."""

import pytest
from tests.engine.runs.acts import Acts, answer, flow, outcome, parked

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]


async def test_succeed_needs_no_outputs():
    result, _, _ = await outcome("  a: {succeed: {}}")

    assert (result.status, result.outputs) == ("succeeded", None)


async def test_an_approval_needs_no_prompt():
    acts = Acts()
    async with acts.harness() as h:
        waits = await parked(h, flow("  a: {approve: {}}"))
        answer(h, "a", "ann")
        result = await h.engine.resume("r1")

    assert (waits.status, result.status) == ("waiting", "succeeded")
    assert result.steps["a"]["output"]["by"] == "ann"
