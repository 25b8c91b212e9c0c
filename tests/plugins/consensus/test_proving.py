"""Signatures of many entries: worker processes find what one process finds."""

import anyio
import pytest

from ciranda import Engine
from ciranda_consensus.answering import Proofs
from ciranda_consensus.applications import Subject
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.node import Genesis, Seat
from ciranda_consensus.proving import FEW, Crew, names_of
from ciranda_consensus.state import Attest, Record, Transfer, signed, write

from .ledger import IDS, KEYS

CHAIN = "bank"
TO = ((IDS[1], 1),)


def transfers(count):
    return [signed(KEYS[0], CHAIN, Transfer(IDS[0], nonce, TO)) for nonce in range(count)]


def genesis():
    keys = [one.hex() for one in IDS[:4]]
    state = {"application": "accounts", "accounts": {keys[0]: 500}}
    return Genesis(CHAIN, 0, tuple(Seat(one, 1000) for one in keys), state)


async def never(_):
    return None


def test_an_entry_is_named_if_its_form_and_signature_are_good():
    (good,) = transfers(1)
    other = signed(KEYS[0], "another chain", Transfer(IDS[0], 0, TO))
    text = signed(KEYS[0], CHAIN, Attest(IDS[0], 0, "no JSON", True, 1))
    lists = signed(KEYS[0], CHAIN, Attest(IDS[0], 0, "[]", True, 1))
    proof = signed(KEYS[0], CHAIN, Attest(IDS[0], 0, "{}", True, 1))
    unsigned = write(Transfer(IDS[0], 0, TO))
    record = write(Record({"key": "k", "json": "1"}))

    found = names_of(CHAIN, [good, other, text, lists, proof, unsigned, record, b"", good[:-1]])

    assert [bool(one) for one in found] == [True, False, False, False, True] + [False] * 4


def test_what_was_named_elsewhere_is_not_checked_again_and_what_was_not_is():
    verifier = Verifier()
    entries = transfers(FEW + 2)
    forged = entries[-1][:-1] + bytes([entries[-1][-1] ^ 1])

    async def names(chain, given):
        return names_of(chain, given)

    subject = Subject(genesis(), verifier, never, names=names)
    machine = subject.start(subject.begin(), 0)
    anyio.run(subject.inspect, (*entries[:-1], forged))
    checked = verifier.counts.checked

    assert checked - verifier.counts.bad == FEW + 1
    assert verifier.counts.bad > 0  # the forged one was judged here
    assert machine.submit(entries[0]) == ""
    assert verifier.counts.checked == checked
    assert machine.submit(forged) == "the signature is not the sender's"


def test_worker_processes_name_the_same_in_the_same_order():
    entries = transfers(300)
    entries[7] = b"none"

    async def crewed():
        async with anyio.create_task_group() as tasks:
            crew = Crew(tasks, 1)
            few = await crew.names(CHAIN, entries[:9])
            many = await crew.names(CHAIN, entries)
            tasks.cancel_scope.cancel()
        return few, many

    few, many = anyio.run(crewed)
    assert many == names_of(CHAIN, entries)
    assert few == many[:9]
    assert many[7] == b""


@pytest.mark.anyio
async def test_by_the_bus_signatures_are_named_and_texts_that_are_no_proofs_do_not_hold():
    entries = tuple(transfers(3))
    async with Engine(durability="off") as engine:
        assert await Proofs(engine.bus).names(CHAIN, entries) == (b"",) * 3
        engine.plugins.load(["consensus"])
        await engine.plugins.start()
        proofs = Proofs(engine.bus)

        assert list(await proofs.names(CHAIN, entries)) == names_of(CHAIN, entries)
        for text in ("no JSON", "[]", "1", "[" * 9999):
            assert not (await proofs.check(text)).valid
