"""Connections: who is at the other end is proven, and nobody between can read, change or repeat."""

import anyio
import pytest

from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.node import HandshakeError, Purpose
from ciranda_consensus.node.handshake import ANSWER_BYTES, CALL_BYTES, PROOF_BYTES, Handshake
from tests.plugins.consensus.pipe import met

CALLER, ANSWERER, OTHER = (Signer(bytes([number]) * 32) for number in (1, 2, 3))
VERIFIER = Verifier()


def sides(prefix=b"set", other=b"set"):
    return Handshake(CALLER, prefix, VERIFIER), Handshake(ANSWERER, other, VERIFIER)


def test_both_sides_know_each_other_and_have_the_same_ciphers():
    caller, answerer = sides()

    call = caller.call()
    answer = answerer.answer(call)
    proof, out, back = caller.prove(answer, ANSWERER.public, Purpose.ASK)
    other_out, other_back = answerer.finish(proof)

    assert (len(call), len(answer), len(proof)) == (CALL_BYTES, ANSWER_BYTES, PROOF_BYTES)
    assert (caller.peer, answerer.peer) == (ANSWERER.public, CALLER.public)
    assert answerer.purpose is Purpose.ASK
    assert other_back.open(out.seal(b"there", b""), b"") == b"there"
    assert back.open(other_out.seal(b"back", b""), b"") == b"back"


def test_somebody_else_who_answers_is_found_out():
    caller, answerer = sides()
    answer = answerer.answer(caller.call())

    with pytest.raises(HandshakeError, match=f"{ANSWERER.public.hex()[:16]}, not"):
        caller.prove(answer, OTHER.public, Purpose.AGREE)


def test_any_changed_byte_of_the_handshake_ends_it():
    for which in range(3):
        size = (CALL_BYTES, ANSWER_BYTES, PROOF_BYTES)[which]
        for at in range(0, size, 5):
            caller, answerer = sides()

            def changed(data, step, which=which, at=at):
                if step != which:
                    return data
                return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]

            def meet(caller=caller, answerer=answerer, changed=changed):
                answer = changed(answerer.answer(changed(caller.call(), 0)), 1)
                proof, _, _ = caller.prove(answer, ANSWERER.public, Purpose.AGREE)
                answerer.finish(changed(proof, 2))

            with pytest.raises(HandshakeError):
                meet()


def test_a_proof_of_another_connection_is_no_proof():
    first, second = sides(), sides()
    answer = first[1].answer(first[0].call())
    second[1].answer(second[0].call())
    proof, _, _ = first[0].prove(answer, ANSWERER.public, Purpose.AGREE)

    with pytest.raises(HandshakeError, match="did not send in this place"):
        second[1].finish(proof)


class Liar:
    """Shows a key that it does not hold."""

    public = OTHER.public
    sign = CALLER.sign


def test_who_does_not_hold_the_key_that_he_shows_is_found_out():
    caller, answerer = Handshake(Liar(), b"set", VERIFIER), Handshake(ANSWERER, b"set", VERIFIER)
    answer = answerer.answer(caller.call())
    proof, _, _ = caller.prove(answer, ANSWERER.public, Purpose.AGREE)

    with pytest.raises(HandshakeError, match="does not hold the key"):
        answerer.finish(proof)

    caller, answerer = Handshake(CALLER, b"set", VERIFIER), Handshake(Liar(), b"set", VERIFIER)
    answer = answerer.answer(caller.call())
    with pytest.raises(HandshakeError, match="does not hold the key"):
        caller.prove(answer, OTHER.public, Purpose.AGREE)


def test_another_chain_protocol_or_key_is_refused_with_the_reason():
    caller, answerer = sides(other=b"another set")
    with pytest.raises(HandshakeError, match="of another chain, epoch or set"):
        answerer.answer(caller.call())

    caller, answerer = sides()
    with pytest.raises(HandshakeError, match="speaks another protocol"):
        answerer.answer(b"GET / HTTP/1.1\r\n".ljust(CALL_BYTES))

    small = caller.call()[:-32] + bytes(32)  # a point whose products are all known
    with pytest.raises(HandshakeError, match="a key that is none"):
        answerer.answer(small)

    caller, answerer = sides()
    answer = answerer.answer(caller.call())
    proof, _, _ = caller.prove(answer, ANSWERER.public, 9)
    with pytest.raises(HandshakeError, match="there is no purpose 9"):
        answerer.finish(proof)


both = pytest.mark.anyio


@both
async def test_messages_come_whole_and_in_order():
    one, other, _ = await met(CALLER, ANSWERER, VERIFIER)
    messages = [b"", b"x", b"y" * 100_000]

    await one.send(*messages)
    await other.send(b"back")

    assert [await other.receive() for _ in messages] == messages
    assert await one.receive() == b"back"
    assert (one.peer, other.peer) == (ANSWERER.public, CALLER.public)
    await one.close()
    await other.close()


async def cut(changed):
    """Return what the receiver of two messages gets when the second is changed on the way."""
    one, other, ends = await met(CALLER, ANSWERER, VERIFIER)
    await one.send(b"first")
    ends[0].changed = changed
    await one.send(b"second")
    assert await other.receive() == b"first"
    try:
        with anyio.fail_after(0.05):
            await other.receive()
    finally:
        await one.close()
        await other.close()


@both
async def test_what_is_changed_repeated_or_left_out_on_the_way_is_refused():
    one, other, ends = await met(CALLER, ANSWERER, VERIFIER)
    await one.send(b"first")
    first = ends[0].sent[-1]
    assert await other.receive() == b"first"
    await one.close()
    await other.close()

    for changed in (
        lambda data: [data[:-1] + bytes([data[-1] ^ 1])],
        lambda data: [data[:3] + bytes([data[3] - 1]) + data[4:]],
        lambda data: [first],
        lambda data: [b"\xff\xff\xff\xff" + data],
        lambda data: [b"\0\0\0\1" + data],
    ):
        with pytest.raises(HandshakeError):
            await cut(changed)


@both
async def test_a_message_above_the_limit_is_refused_before_it_is_read():
    one, other, _ = await met(CALLER, ANSWERER, VERIFIER)
    await one.send(b"x" * 101)

    with pytest.raises(HandshakeError, match="a message of 117 bytes, where 100 are allowed"):
        await other.receive(100)
    with pytest.raises(HandshakeError, match="a message of 9000000 bytes is too long"):
        await one.send(bytes(9_000_000))
    await one.close()
    await other.close()
