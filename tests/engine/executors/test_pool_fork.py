"""A fork for each call: nothing a call leaves reaches the next one."""

import pytest

from ciranda.executors.pool import Pool

pytestmark = pytest.mark.anyio


async def test_no_mark_of_one_call_is_seen_by_the_next(kind):
    async with Pool(kind(lifetime="fork"), 1) as pool:
        clean = await pool.call("traces", None)
        await pool.call("stain", None)
        after = await pool.call("traces", None)

    assert after == clean
    assert clean["globals"] == {}
    assert clean["signal"]
    assert not clean["seeded"]


async def test_reuse_keeps_such_marks(kind):
    async with Pool(kind(), 1) as pool:
        await pool.call("stain", None)
        after = await pool.call("traces", None)

    assert after["globals"] == {"global": 1}
    assert after["seeded"]


async def test_each_call_has_a_process_and_a_warm_setup_of_its_own(kind):
    async with Pool(kind(lifetime="fork"), 1) as pool:
        pids = {await pool.call("pid", None) for _ in range(5)}
        assert pool.stats.started == 1
    assert len(pids) == 5


async def test_what_a_call_leaves_running_is_dead_when_its_result_arrives(kind, survivors):
    async with Pool(kind(lifetime="fork"), 1) as pool:
        daemon = await pool.call("daemon", None)
        assert daemon not in survivors()
        assert await pool.call("ok", 1) == 1


async def test_children_draw_different_random_numbers(kind):
    async with Pool(kind(lifetime="fork"), 1) as pool:
        drawn = {await pool.call("random", None) for _ in range(3)}
    assert len(drawn) == 3
