"""A state from a peer: whatever a liar changes in it is found, and a past of others is refused."""

import time

import anyio
import msgspec
import pytest

from ciranda.store import Durability
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.merkle import SparseTree, verify
from ciranda_consensus.node import Checkpoint, DeclinedError, SyncError
from ciranda_consensus.node.answering import Answering
from ciranda_consensus.node.parts import cut, flat, part_of, top_of, whole
from ciranda_consensus.node.sync import Syncing
from ciranda_consensus.node.talk import (
    AskHeaders,
    AskOffer,
    AskPart,
    AskState,
    Headers,
    Offer,
    Part,
    Status,
    say,
    understand,
)
from ciranda_consensus.protocol import Phase
from ciranda_consensus.store import Store
from tests.plugins.consensus.notebook import Notebook, key_of
from tests.plugins.consensus.pipe import met
from tests.plugins.consensus.wired import World

KEYS = 3000
HERE, THERE = Signer(b"h" * 32), Signer(b"t" * 32)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A validator that has agreed on four blocks on top of a few thousand keys."""
    world = World(first={b"%d" % number: b"value %d" % number for number in range(KEYS)})
    store = Store(
        tmp_path_factory.mktemp("source"),
        world.set,
        world.first,
        world.begin,
        Notebook(),
        world.verifier,
        durability=Durability.OFF,
    )
    world.stores[0] = store
    for seat in range(world.count):
        world.start(seat)
    world.submit(b"a=1", b"b=2", b"c=3", b"d=4")
    world.run(world.all_at(4))
    yield world, store
    store.close()


def answering(source):
    world, store = source
    tip = world.drivers[0].replica.chain.tip

    async def none(*entries):
        return 0

    return Answering(
        store, Notebook(), lambda: tip, lambda: Status(4, tip.block.hash, 1, 5, 0), none
    )


async def take(source, *, above=0, checkpoint=None, lie=lambda answer: answer):
    """Take the state over a connection; `lie` changes answers."""
    world, _ = source
    here, there, _ = await met(HERE, THERE, Verifier())
    server = answering(source)

    async def serve():
        while True:
            question = understand(await there.receive())
            await there.send(say(lie(await server.answer(question))))

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            syncing = Syncing(world.set, Verifier(), Notebook(), checkpoint)
            found = await syncing.take(here, above)
            tasks.cancel_scope.cancel()
    except* (SyncError, DeclinedError) as group:
        raise group.exceptions[0] from None
    finally:
        await here.close()
        await there.close()
    return found


@pytest.mark.anyio
async def test_a_state_comes_over_whole(source):
    begun = time.perf_counter()
    found = await take(source)
    seconds = time.perf_counter() - begun

    tip = source[0].drivers[0].replica.chain.tip
    assert found.block == tip.block
    assert found.certificate == tip.certificate
    assert found.state.root == tip.block.header.state_root
    assert dict(found.state.items()) == dict(tip.state.items())
    assert seconds < 10


def changed_part(answer):
    if isinstance(answer, Part) and b"value 7" in answer.flat:
        return Part(tuple(b"value 8" if one == b"value 7" else one for one in answer.flat))
    return answer


def short_part(answer):
    return Part(answer.flat[2:]) if isinstance(answer, Part) else answer


def offers(change):
    return lambda answer: change(answer) if isinstance(answer, Offer) else answer


def other_header(**changes):
    def change(offer):
        header = offer.block.header
        fields = {name: getattr(header, name) for name in header.__slots__ if name != "hash"}
        block = type(offer.block)(type(header)(**{**fields, **changes}), offer.block.entries)
        return msgspec.structs.replace(offer, block=block)

    return offers(change)


def other_certificate(**changes):
    return offers(
        lambda offer: msgspec.structs.replace(
            offer, certificate=msgspec.structs.replace(offer.certificate, **changes)
        )
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (changed_part, r"part \d of the state after block 4 is another"),
        (short_part, r"part \d of the state after block 4 is another"),
        (
            offers(lambda it: msgspec.structs.replace(it, parts=it.parts[:1] * len(it.parts))),
            "the parts are not those of the state",
        ),
        (
            offers(lambda it: msgspec.structs.replace(it, parts=it.parts[:-1])),
            "the parts are not those of the state",
        ),
        (offers(lambda it: msgspec.structs.replace(it, parts=())), "the parts are not those"),
        (other_header(state_root=b"r" * 32), "is not one that agrees on block 4"),
        (other_header(chain="u"), "is of another chain or epoch"),
        (other_header(entries_root=b"r" * 32), "has other entries than its header says"),
        (other_certificate(phase=Phase.PREPARE), "is not one that agrees on block 4"),
        (other_certificate(view=99), "the certificate of block 4 is none: bad_signature"),
        (other_certificate(signers=0, signatures=()), "is none: no_quorum"),
    ],
)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_lie_about_a_state_is_found(source, lie, why):
    with pytest.raises(SyncError, match=why):
        await take(source, lie=lie)


@pytest.mark.anyio
async def test_a_state_that_is_known_already_is_not_offered(source):
    with pytest.raises(DeclinedError, match="the last block here is 4"):
        await take(source, above=4)


@pytest.mark.anyio
async def test_a_history_must_lead_through_the_checkpoint(source):
    _, store = source
    second, last = store.at(2)[0].hash, store.at(4)[0].hash

    assert (await take(source, checkpoint=Checkpoint(2, second))).block.hash == last
    assert (await take(source, checkpoint=Checkpoint(4, last))).block.hash == last
    with pytest.raises(SyncError, match="block 3 does not stand on the checkpoint at 2"):
        await take(source, checkpoint=Checkpoint(2, last))
    with pytest.raises(SyncError, match=r"block 4 is .* in this history and .* in the checkpoint"):
        await take(source, checkpoint=Checkpoint(4, second))
    with pytest.raises(SyncError, match="block 4 is older than the checkpoint at 5"):
        await take(source, checkpoint=Checkpoint(5, last))

    def gone(answer):
        return Headers(()) if isinstance(answer, Headers) else answer

    with pytest.raises(SyncError, match="there is no way from the checkpoint to block 3"):
        await take(source, checkpoint=Checkpoint(2, second), lie=gone)


@pytest.mark.anyio
async def test_what_is_not_there_is_declined(source):
    server = answering(source)

    assert "there is no such part" in (await server.answer(AskPart(4, 0))).reason
    await server.answer(AskOffer(0))
    assert "there is no such part" in (await server.answer(AskPart(4, 999))).reason
    assert len((await server.answer(AskHeaders(1))).headers) == 3


@pytest.mark.parametrize("count", [0, 1, 2, 900, 1025, 5000])
def test_a_tree_is_the_sum_of_its_parts(count):
    tree = SparseTree.of({b"%d" % number: b"v" for number in range(count)})

    parts = cut(tree)
    roots = tuple(bytes(32) if part is None else part.hash for part in parts)

    assert top_of(roots) == tree.root
    assert whole([part_of(flat(part)) for part in parts]).root == tree.root
    assert sum(len(flat(part)) for part in parts) == 2 * count


@pytest.mark.anyio
async def test_what_the_state_says_of_keys_is_shown_to_who_knows_the_root(source):
    known = key_of(b"a=1")

    said = await answering(source).answer(AskState((known, b"none")))

    assert said.certificate.block == said.top.hash == source[1].at(4)[0].hash
    root = said.top.header.state_root
    assert said.values == (b"a=1", None)
    assert verify(root, said.proof, {known: b"a=1", b"none": None}) == ""
    assert verify(root, said.proof, {known: b"a=2", b"none": None}) != ""
