"""Bytes from elsewhere: one way to write each message, and nonsense is refused with a reason."""

import os
import random
import time

import pytest

from ciranda.errors import CirandaError
from ciranda_consensus.encoding import encode
from ciranda_consensus.fields import MOST_NUMBER, WireError
from ciranda_consensus.node.talk import (
    Agreed,
    AskBlock,
    AskEntry,
    AskHeaders,
    AskOffer,
    AskPart,
    AskState,
    AskStatus,
    Declined,
    Handed,
    Headers,
    Offer,
    Part,
    Ping,
    Pong,
    State,
    Status,
    Taken,
    say,
    understand,
)
from ciranda_consensus.protocol import Block, Phase, TimeoutCertificate
from ciranda_consensus.protocol.certificate import Statement
from ciranda_consensus.protocol.evidence import Evidence, Said
from ciranda_consensus.protocol.messages import (
    Announce,
    Blocks,
    Entries,
    Fetch,
    Message,
    Proposal,
    Receive,
    Timeout,
    Vote,
)
from ciranda_consensus.wire import evidence_of, evidence_row, pack, read, unpack
from tests.plugins.consensus.wired import World

MUTATIONS = int(os.environ.get("CONSENSUS_MUTATIONS", "50000"))


@pytest.fixture(scope="module")
def world():
    """Validators that agreed on two blocks; what they sent is noted."""
    made = World()
    for seat in range(made.count):
        made.start(seat)
    made.submit(b"1=a")
    made.run(made.all_at(1))
    made.drivers[1] = None  # so that views are given up
    made.submit(b"2=b", b"3=c")
    made.run(lambda: made.height(0) >= 3)
    return made


@pytest.fixture(scope="module")
def messages(world):
    block = world.drivers[0].replica.chain.tip.block
    certificate = world.drivers[0].replica.chain.tip.certificate
    gone = TimeoutCertificate(7, 0b111, (1, 2, 3), (b"a" * 64, b"b" * 64, b"c" * 64))
    return [
        *world.heard.values(),
        Announce(gone),
        Announce(certificate),
        Timeout(8, certificate, gone, 3, b"s" * 64),
        Timeout(8, certificate, None, 3, b"s" * 64),
        Fetch(3, b"f" * 32),
        Blocks((block, block), certificate),
        Blocks((), None),
        Entries((b"", b"x")),
        Ping(1, 2, 3),
        Pong(1),
        AskStatus(),
        Status(1, b"t" * 32, 2, 3, 4),
        Handed((b"e",)),
        Taken(1),
        AskEntry(b"d" * 32),
        AskBlock(4),
        Agreed(block, certificate),
        Agreed(None, None),
        AskHeaders(1),
        Headers((Block(block.header, ()),)),
        AskOffer(3),
        Offer(block, certificate, (b"p" * 32,)),
        AskPart(1, 2),
        AskState((b"k",)),
        State(Block(block.header, ()), certificate, (b"v", None), b"proof"),
        Part((b"k", b"v")),
        Declined("no"),
    ]


def test_every_message_comes_back_as_it_was(messages):
    seen = set()
    for message in messages:
        seen.add(type(message))

        assert understand(say(message)) == message
        if isinstance(message, Message):
            assert unpack(pack(message)) == message
    assert seen >= {Proposal, Vote, Announce, Timeout, Fetch, Blocks, Entries}


def test_evidence_comes_back_as_it_was():
    said = [Said(Statement.VOTE, 3, Phase.COMMIT, 1, bytes([n]) * 32, b"s") for n in (1, 2)]
    evidence = Evidence(2, *said)

    row = read(encode(evidence_row(evidence)))

    assert evidence_of(row) == evidence
    with pytest.raises(WireError, match="there is no statement of kind 9"):
        evidence_of([row[0], [9, *row[1][1:]], row[2]])


VOTE = [2, 1, 1, 1, b"b" * 32, 0, b"s" * 64]
CERTIFICATE = [1, 1, 1, b"b" * 32, 7, [b"s" * 64]]


def changed(row, at, value):
    return [*row[:at], value, *row[at + 1 :]]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (7, "a message is a list that begins with the number of its kind"),
        ([], "a message is a list that begins with the number of its kind"),
        ([True], "a message is a list that begins with the number of its kind"),
        ([99, 1], "there is no message of this kind"),
        (VOTE[:-1], "a vote has more than 5 fields"),
        ([*VOTE, 1], "a vote has 6 fields, not 7"),
        (changed(VOTE, 1, -1), "field 1 of a vote is a number from 0 .*, not int -1"),
        (changed(VOTE, 1, MOST_NUMBER + 1), "field 1 of a vote is a number from 0 to"),
        (changed(VOTE, 1, True), "field 1 of a vote is a number from 0 .*, not bool"),
        (changed(VOTE, 2, 3), "there is no phase 3"),
        (changed(VOTE, 4, b"short"), "field 4 of a vote is 32 bytes, not bytes of 5"),
        (changed(VOTE, 4, "b" * 32), "field 4 of a vote is 32 bytes, not str of 32"),
        (changed(VOTE, 6, b"s" * 65), "field 6 of a vote is at most 64 bytes"),
        ([3, changed(CERTIFICATE, 4, -1)], "is a set of at most 20000 bits, not int -1"),
        ([3, changed(CERTIFICATE, 4, 1 << 20_000)], "is a set of at most 20000 bits, not int"),
        ([3, changed(CERTIFICATE, 5, [b"s"] * 20_001)], "is a list of at most 20000 items"),
        ([3, changed(CERTIFICATE, 5, ["s"])], "is items of at most 64 bytes, not str of 1"),
        ([3, [1, 7, [-1], [b"s"]]], "is numbers from 0 to .*, not int -1"),
        ([3, [1, 7, 5, [b"s"]]], "is a list of at most 20000 items, not int 5"),
        ([3, None], "a certificate is a list of fields, not NoneType"),
        ([6, [None], None], "a block is a list of fields, not NoneType"),
        ([6, [[[1] * 12, []]], None], "field 1 of a header is a text of at most 255 characters"),
        ([6, [[]] * 257, None], "field 1 of an answer with blocks is a list of at most 256"),
        ([32, 1, 2], "a ping has more than 2 fields"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(row, why):
    with pytest.raises(WireError, match=why):
        understand(encode(row))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no value with the tag"),
        (b"L\x01", "items do not fit"),
        (b"L\x01I\x02\x00\x01", "needless bytes"),
        (encode(VOTE)[:-1], "end in the middle of a value"),
        (encode(VOTE) + b"N", "1 bytes are left over"),
        (b"L\xff\xff\xff\xff\x7f", "a length that does not end|items do not fit"),
        (b"L\x01" * 40 + b"N", "nested deeper"),
        (b"\0" * ((8 << 20) + 1), "are above the limit"),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data, why):
    with pytest.raises(WireError, match=why):
        understand(data)


def mutated(data, chance):
    found = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at, kind = chance.randrange(len(found)), chance.randrange(5)
        if kind == 0:
            found[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            found[at] = chance.randrange(256)
        elif kind == 2:
            del found[at : at + chance.randrange(1, 9)]
        elif kind == 3:
            found[at:at] = chance.randbytes(chance.randrange(1, 9))
        else:
            other = chance.randrange(len(found))
            found[at : at + 8] = found[other : other + 8]
        if not found:
            return b""
    return bytes(found)


@pytest.mark.uncounted
def test_mutated_messages_harm_nobody(world, messages):
    """What still is a message goes to a replica: it takes or refuses it, and goes on."""
    chance = random.Random(7)
    packed = [say(message) for message in messages]
    replica = world.drivers[0].replica
    understood = refused = 0
    longest, begin = 0.0, replica.chain.tip
    for _ in range(MUTATIONS):
        data = mutated(chance.choice(packed), chance)
        started = time.process_time()
        try:
            message = understand(data)
        except CirandaError as error:
            refused += bool(str(error))  # a reason
        else:
            assert say(message) == data  # one way to write each
            understood += 1
            if isinstance(message, Message):
                replica.handle(Receive(chance.randrange(1, 4), message), 1)
        longest = max(longest, time.process_time() - started)

    assert refused + understood == MUTATIONS
    assert understood
    assert longest < 0.5  # a garbage collection may be in it
    assert replica.chain.tip is begin
