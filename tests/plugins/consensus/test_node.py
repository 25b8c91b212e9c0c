"""Nodes on real sockets: they agree, answer guests, and bear with whatever is sent to them."""

import os
import signal
from contextlib import AsyncExitStack
from hashlib import sha256

import anyio
import msgspec
import pytest

from ciranda.errors import SettingsError
from ciranda.store import Durability
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.node import (
    DeclinedError,
    HandshakeError,
    Limits,
    NodeSettings,
    Point,
    Purpose,
    SyncError,
    ask,
    open_node,
    run_node,
)
from ciranda_consensus.node.sync import require_agreed
from ciranda_consensus.node.talk import (
    Agreed,
    AskBlock,
    AskEntry,
    AskHeaders,
    AskStatus,
    Handed,
    Headers,
    Pong,
    Status,
    Taken,
    say,
)
from ciranda_consensus.protocol import Block, Certificate, Header, Phase, Voice, genesis, origin
from ciranda_consensus.protocol.messages import Announce, Proposal, Submit
from tests.plugins.consensus.noded import SIGNERS, genesis_of, running
from tests.plugins.consensus.notebook import Notebook

pytestmark = pytest.mark.anyio


async def read_all(channel):
    while True:
        await channel.receive()


async def test_nodes_agree_and_a_guest_sees_that_they_do(tmp_path):
    async with running(tmp_path) as nodes, nodes.guest(2) as channel:
        assert await ask(channel, Handed((b"1=a", b"2=b")), Taken) == Taken(2)
        await nodes.until(lambda: nodes.same(1))

        found = await ask(channel, AskEntry(sha256(b"1=a").digest()), Agreed)
        assert found.block
        assert found.certificate
        require_agreed(found.block, found.certificate, nodes.set, Verifier())
        assert b"1=a" in found.block.entries
        assert (await ask(channel, AskEntry(bytes(32)), Agreed)).block is None
        found = await ask(channel, AskBlock(1), Agreed)
        assert found.block
        assert found.block.header.height == 1
        assert (await ask(channel, AskHeaders(0), Headers)).headers[0].header.height == 1
        await nodes.until(lambda: nodes.nodes[2].status().peers == 3)
        assert (await ask(channel, AskStatus(), Status)).peers == 3
        with pytest.raises(DeclinedError, match="that is no question"):
            await ask(channel, Pong(1), Status)


async def test_one_that_was_stopped_catches_up_and_three_go_on_without_it(tmp_path):
    async with running(tmp_path) as nodes:
        await nodes.nodes[0].submit(b"1=a")
        await nodes.until(lambda: nodes.same(1))
        await nodes.stop(3)
        for number in range(5):
            await nodes.nodes[0].submit(b"%d=x" % (10 + number))
            height = nodes.nodes[0].status().height
            await nodes.until(lambda height=height: nodes.same(height + 1))

        await nodes.start(3)
        await nodes.until(lambda: nodes.same(6))
        await nodes.until(lambda: nodes.nodes[3].status().peers == 3)


async def test_one_whose_blocks_are_forgotten_elsewhere_takes_the_state(tmp_path):
    first = {b"%d" % number: b"x" * 20 for number in range(3000)}
    async with running(tmp_path, first=first, keep=1) as nodes:
        await nodes.nodes[0].submit(b"1=a")
        await nodes.until(lambda: nodes.same(1))
        await nodes.stop(3)
        for height in (2, 3):
            await nodes.nodes[0].submit(b"%d=x" % height)
            await nodes.until(lambda height=height: nodes.same(height))
        for seat in range(3):  # what they keep in memory for others is gone then
            await nodes.stop(seat)
        for seat in range(4):
            await nodes.start(seat)

        await nodes.until(lambda: nodes.same(3))
        assert nodes.nodes[3].store.base == 3
        await nodes.nodes[3].submit(b"100=y")
        await nodes.until(lambda: nodes.same(4))


async def test_nobody_votes_for_a_block_that_inspection_finds_wrong(tmp_path):
    async with running(tmp_path, 4) as nodes:
        leader = nodes.nodes[1]._inbox  # of the first view; his own pool has no scruples
        leader.push(Submit((b"1=lie",)))
        await nodes.until(lambda: nodes.nodes[0].status().view > 1)

        assert {node.status().height for node in nodes.nodes.values()} == {0}


async def test_strangers_and_nonsense_leave_a_node_standing(tmp_path):
    async with running(tmp_path, 1, limits=Limits(nonsense=15, ban=60)) as nodes:
        host, port = nodes.set.members[0].address.split(":")
        for data in (b"GET / HTTP/1.1\r\n\r\n" * 9, b"ciranda1".ljust(48, b"x"), b"\0" * 4096):
            async with await anyio.connect_tcp(host, int(port)) as stream:
                await stream.send(data)
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await stream.receive()
        async with nodes.guest(0, purpose=Purpose.AGREE) as channel:
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await channel.receive()

        for _ in range(2):
            async with nodes.guest(0) as channel:
                await channel.send(b"nonsense")
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await channel.receive()
        async with nodes.guest(0) as channel:
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await ask(channel, AskStatus(), Status)

        refused = nodes.nodes[0].entrance.refused
        assert refused["the other side speaks another protocol"] == 2
        assert refused["the other side is of another chain, epoch or set of validators"] == 1
        assert refused["no validator"] == 1
        assert refused["banned"] == 1
        async with nodes.guest(0, Signer(b"h" * 32)) as channel:
            await ask(channel, Handed((b"1=a",)), Taken)
            await nodes.until(lambda: nodes.same(1))


async def test_guests_have_so_many_connections_and_strangers_too(tmp_path):
    async with running(tmp_path, 1, guests=1) as nodes:
        host, port = nodes.set.members[0].address.split(":")
        async with nodes.guest(0) as channel:
            await ask(channel, AskStatus(), Status)
            async with nodes.guest(0, Signer(b"h" * 32)) as other:
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await ask(other, AskStatus(), Status)
            async with nodes.guest(0, SIGNERS[0]) as validator:  # has a place of his own
                await ask(validator, AskStatus(), Status)

        async with AsyncExitStack() as stack:
            for _ in range(33):
                await stack.enter_async_context(await anyio.connect_tcp(host, int(port)))
            refused = nodes.nodes[0].entrance.refused
            await nodes.until(lambda: "too many at once" in refused)
        assert refused["too many guests"] == 1


async def test_a_node_that_is_offered_no_newer_state_goes_on(tmp_path):
    async with running(tmp_path, 1) as nodes:
        node = nodes.nodes[0]
        node.peers.standings[0] = (10**9, 1)
        await node._take_state()  # from itself: it declines, as it has nothing newer
        assert node.status().height == 0
        await nodes.nodes[0].submit(b"1=a")
        await nodes.until(lambda: nodes.same(1))


async def test_a_validator_that_sends_nonsense_is_cut_off_for_a_while(tmp_path):
    async with running(tmp_path, 2, only=[0], limits=Limits(nonsense=15, ban=60)) as nodes:
        forged = say(Announce(Certificate(1, Phase.PREPARE, 1, b"b" * 32, 1, (b"s" * 64,))))
        async with nodes.guest(0, SIGNERS[1], purpose=Purpose.AGREE) as channel:
            await channel.send(b"nonsense", forged)
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await read_all(channel)
        async with nodes.guest(0, SIGNERS[1], purpose=Purpose.AGREE) as channel:
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await channel.receive()

        assert nodes.nodes[0].entrance.refused == {"banned": 1}
        assert nodes.nodes[0].status().peers == 0


def proposal_of(nodes, time):
    """Return a proposal of validator 1 for the first view, as he may make one of."""
    first = genesis("t", 1, nodes.set.hash, Notebook().begin().root)
    fields = {name: getattr(first.header, name) for name in Header.__slots__ if name != "hash"}
    changed = {"height": 1, "view": 1, "parent": first.hash, "proposer": 1, "time": time}
    block = Block(Header(**{**fields, **changed}), ())
    voice = Voice(nodes.set, 1, SIGNERS[1], Verifier(), origin(first))
    return Proposal(block, origin(first), None, voice.seal(1, 1, block.hash))


async def test_who_proposes_two_blocks_at_once_is_accused_before_all(tmp_path):
    async with running(tmp_path, 4, only=[0, 2, 3]) as nodes:
        one, two = proposal_of(nodes, 1), proposal_of(nodes, 2)
        async with nodes.guest(0, SIGNERS[1], purpose=Purpose.AGREE) as channel:
            await channel.send(say(one), say(two))
            await nodes.until(lambda: nodes.same(1) and nodes.nodes[0].store.evidence())

        (evidence,) = nodes.nodes[0].store.evidence()
        assert evidence.signer == 1
        assert evidence.holds(nodes.set, Verifier())
        (entry,) = Notebook().accuse(evidence)
        await nodes.until(
            lambda: all(
                node.store.find(sha256(entry).digest()) is not None for node in nodes.nodes.values()
            )
        )


async def test_somebody_elses_node_is_not_taken_for_a_validators(tmp_path):
    async with running(tmp_path, 1) as nodes:
        with pytest.raises(HandshakeError, match=r"the other side is .*, not"):
            async with nodes.guest(0, named=1):
                pass


async def test_the_key_of_a_stranger_cannot_run_a_node(tmp_path):
    settings = NodeSettings(genesis="", key="", folder=str(tmp_path))

    with pytest.raises(SettingsError, match="is none of the 2 validators of 't'"):
        async with open_node(
            settings, genesis_of(2), SIGNERS[5], Notebook(), durability=Durability.OFF
        ):
            pass


async def test_a_node_stops_when_it_is_told_to(tmp_path):
    settings = NodeSettings(genesis="", key="", folder=str(tmp_path))
    ports = []

    def listening(port):
        ports.append(port)
        os.kill(os.getpid(), signal.SIGTERM)

    with anyio.fail_after(20):
        await run_node(settings, genesis_of(1), SIGNERS[0], Notebook(), listening=listening)
    assert ports


async def test_a_node_that_cannot_go_on_says_why_in_one_sentence(tmp_path):
    settings = NodeSettings(genesis="", key="", folder=str(tmp_path))
    settings = msgspec.structs.replace(settings, checkpoint=Point(1, "ab" * 32))
    genesis = genesis_of(1)

    class Eager(Notebook):
        def pending(self):
            self.submit(b"1=a")
            return super().pending()

    with pytest.raises(SyncError, match=r"block 1 is .* in this history and abababab"):
        await run_node(settings, genesis, SIGNERS[0], Eager())
