"""A cluster in one process: it agrees, goes on after a restart, never agrees on a key twice."""

import shutil

import anyio
import pytest

from ciranda.errors import CirandaError, StoreError
from ciranda.testing import virtual_backend
from ciranda_consensus.cluster import RefusedError, TooLateError, household, is_embedded
from ciranda_consensus.cluster.embedded import Embedded
from ciranda_consensus.cluster.lock import locked
from ciranda_consensus.records import record_key
from ciranda_consensus.state import Checked

from .household import entropy, entry, opened

pytestmark = pytest.mark.anyio


async def test_all_entries_of_a_commit_are_in_one_block_that_a_quorum_signed(tmp_path):
    async with opened(tmp_path) as cluster:
        entries = [entry(f"k{at}", at) for at in range(20)]

        found = await cluster.commit(entries, 10)

        block = found[0].block
        assert [one.block.hash for one in found] == [block.hash] * 20
        assert set(block.entries) == set(entries)
        assert found[0].certificate.block == block.hash
        assert found[0].certificate.signers.bit_count() >= 3
        assert not cluster.refused


@pytest.mark.parametrize("count", [1, 2, 3, 7])
async def test_any_number_of_validators_finalises(tmp_path, count):
    async with opened(tmp_path, count) as cluster:
        found = await cluster.commit([entry("k")], 10)
        while {one.height for one in await cluster.standing()} != {1}:  # noqa: ASYNC110  (no news)
            await anyio.sleep(0.001)

        assert found[0].certificate.signers.bit_count() > 2 * count // 3
        assert len({one.tip for one in await cluster.standing()}) == 1


async def test_the_same_entry_again_is_where_it_was_also_after_a_restart(tmp_path):
    async with opened(tmp_path) as cluster:
        first = await cluster.commit([entry("a"), entry("b")], 10)
        again = await cluster.commit([entry("b"), entry("c"), entry("a")], 10)

    async with opened(tmp_path) as cluster:
        after = await cluster.commit([entry("a"), entry("c")], 10)
        later = await cluster.commit([entry("d")], 10)

    assert [one.block.header.height for one in again] == [1, 2, 1]
    assert [one.block.hash for one in after] == [first[0].block.hash, again[1].block.hash]
    assert later[0].block.header.parent == again[1].block.hash


async def test_a_key_is_used_once_and_the_refused_entry_is_named(tmp_path):
    async with opened(tmp_path) as cluster:
        await cluster.commit([entry("k", 1)], 10)

        with pytest.raises(RefusedError, match="the key 'k' was used before") as caught:
            await cluster.commit([entry("new"), entry("k", 2)], 10)

        assert caught.value.at == 1
        assert await cluster.find(entry("new")) is None


async def test_commits_at_the_same_time_all_end(tmp_path):
    heights: list[int] = []
    async with opened(tmp_path) as cluster, anyio.create_task_group() as tasks:

        async def commit(at):
            found = await cluster.commit([entry(f"{at}-{each}") for each in range(3)], 10)
            heights.extend(one.block.header.height for one in found)

        for at in range(8):
            tasks.start_soon(commit, at)

    assert len(heights) == 24


async def test_more_than_fits_into_a_block_takes_several(tmp_path):
    async with opened(tmp_path, 1) as cluster:
        entries = [entry(f"k{at}", "x" * 100_000) for at in range(12)]

        found = await cluster.commit(entries, 20)

        assert max(one.block.header.height for one in found) >= 2
        assert all(sum(map(len, one.block.entries)) <= 1 << 20 for one in found)


async def test_a_proof_is_checked_before_its_entry_is_agreed_on(tmp_path):
    asked = []

    async def check(proof):
        asked.append(proof)
        return Checked("good" in proof, 1 + len(proof) // 256)

    async with opened(tmp_path, check=check) as cluster:
        await cluster.commit([entry("a", {"proof": {"good": 1}}), entry("b", {"proof": None})], 10)
        with pytest.raises(RefusedError, match="its proof does not hold"):
            await cluster.commit([entry("c", {"proof": {"bad": 1}})], 10)

    assert asked == ['{"good":1}', '{"bad":1}']


async def test_a_proof_of_another_verdict_vouches_for_nothing(tmp_path):
    judgement = {"verdict": "approved", "proof": {"verdict": "rejected"}}
    async with opened(tmp_path, 1) as cluster:
        with pytest.raises(RefusedError, match='its `verdict` is "approved" and that of its proof'):
            await cluster.commit([entry("a", judgement)], 10)


async def test_what_a_state_says_of_keys_comes_with_a_proof(tmp_path):
    async with opened(tmp_path, 1) as cluster:
        with pytest.raises(RefusedError, match="nothing is agreed on yet"):
            await cluster.show([b"k"])
        await cluster.commit([entry("k")], 10)

        shown = await cluster.show([record_key("k"), record_key("other")])

    assert shown.values[record_key("k")] is not None
    assert shown.values[record_key("other")] is None


async def test_without_a_quorum_nothing_is_agreed_on(tmp_path):
    async with opened(tmp_path) as cluster:
        for inbox in cluster._inboxes[1:]:
            inbox.push = lambda what: None  # two thirds are not there

        with pytest.raises(TooLateError, match="1 entries were not agreed on"):
            await cluster.commit([entry("k")], 0.05)


async def test_a_store_that_breaks_is_told_to_who_waits(tmp_path):
    async with opened(tmp_path, 1) as cluster:
        cluster._stores[0]._database.close()

        with pytest.raises(CirandaError):
            await cluster.commit([entry("k")], 10)


async def test_an_older_store_is_refused(tmp_path):
    async with opened(tmp_path, 1) as cluster:
        await cluster.commit([entry("a")], 10)
    shutil.copytree(tmp_path / ".ciranda", tmp_path / "old")
    async with opened(tmp_path, 1) as cluster:
        await cluster.commit([entry("b")], 10)
    shutil.copy(tmp_path / "old" / "c-0.db", tmp_path / ".ciranda" / "c-0.db")

    with pytest.raises(StoreError, match="older than it was"):
        async with opened(tmp_path, 1):
            pass


def test_keys_are_made_once_for_their_owner_alone(tmp_path):
    first = household(tmp_path, 4, entropy())
    again = household(tmp_path, 4)

    assert [one.public for one in first.signers] == [one.public for one in again.signers]
    assert {(tmp_path / f"{seat}.key").stat().st_mode & 0o777 for seat in range(4)} == {0o600}
    assert is_embedded(first.genesis.chain)


def test_keys_that_were_cut_short_are_made_anew_and_strange_ones_refused(tmp_path):
    (tmp_path / "0.key").write_text("half")
    household(tmp_path, 1)
    (tmp_path / "0.key").unlink()
    household(tmp_path / "other", 1)
    shutil.copy(tmp_path / "other" / "0.key", tmp_path / "0.key")

    with pytest.raises(StoreError, match="are not those of its genesis"):
        household(tmp_path, 1)


async def test_one_process_at_a_time_has_the_keys(tmp_path):
    async with locked(tmp_path / "lock", 1):
        with pytest.raises(TooLateError, match="another process has used the validators"):
            async with locked(tmp_path / "lock", 0.02):
                pass
    async with locked(tmp_path / "lock", 1):
        pass


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_in_virtual_time_waiting_for_a_quorum_takes_no_time(tmp_path, backend):
    async def wait():
        async with opened(tmp_path) as cluster:
            await cluster.commit([entry("a")], 10)
            for inbox in cluster._inboxes[1:]:
                inbox.push = lambda what: None
            begun = anyio.current_time()
            with pytest.raises(TooLateError):
                await cluster.commit([entry("b")], 3600)
            return anyio.current_time() - begun

    name, options = virtual_backend(backend)
    assert anyio.run(wait, backend=name, backend_options=options) == pytest.approx(3600, abs=1)


async def test_what_was_agreed_on_is_shown_to_whoever_had_it_agreed(tmp_path, monkeypatch):
    """A store has a block a moment before the cluster is told of it."""
    told, held, came = Embedded._hear, [], anyio.Event()

    def hear(_, one):
        held.append(one)
        came.set()

    async def tell_late(cluster):
        await came.wait()
        cluster._wake()  # for another reason
        await anyio.sleep(0.05)
        told(cluster, held.pop())

    monkeypatch.setattr(Embedded, "_hear", hear)
    async with opened(tmp_path, 1) as cluster, anyio.create_task_group() as tasks:
        tasks.start_soon(tell_late, cluster)
        await cluster.commit([entry("a")], 10)
        shown = await cluster.show([record_key("a")])

    assert shown.values[record_key("a")] is not None
