"""An application as replicas use it: what waits, what is proposed, what is agreed on."""

from __future__ import annotations

import random

import pytest

from ciranda_consensus.encoding import encode
from ciranda_consensus.merkle import verify
from ciranda_consensus.pool import Mempool, digest_of
from ciranda_consensus.protocol import Application
from ciranda_consensus.state import (
    Accuse,
    Attest,
    Challenge,
    Checked,
    Claims,
    Machine,
    Record,
    Schedule,
    StakeOut,
    Transfer,
    entry_key,
    write,
)

from .ledger import OTHER, Ledger, double_vote


@pytest.fixture
def ledger():
    return Ledger()


def pay(ledger, who, amount=1, **more):
    return ledger.entry(who, Transfer, ((OTHER, amount),), **more)


def block(ledger, height=None):
    machine = ledger.machine
    return machine.propose(machine.state, height or machine.height + 1)


def test_entries_of_a_sender_are_agreed_on_in_their_order(ledger):
    application: Application = ledger.machine
    entries = [pay(ledger, 0, amount) for amount in (1, 2, 3)]
    assert not application.pending()

    assert application.submit(entries[2]) == ""
    assert application.submit(entries[1]) == ""
    assert not application.pending()  # the first is missing: nobody is to wait for a block
    assert block(ledger) == ()
    assert application.submit(entries[0]) == ""

    assert application.pending()
    assert block(ledger) == tuple(entries)
    assert application.waiting(2) == (entries[2], entries[1])
    ledger.agree(*entries)
    assert not application.pending()
    assert application.waiting(9) == ()


def test_what_cannot_be_agreed_on_is_not_taken(ledger):
    submit = ledger.machine.submit
    entry = pay(ledger, 0)

    assert submit(entry) == ""
    assert submit(entry) == "known"
    assert "waits with this nonce" in submit(pay(ledger, 0, 9, nonce=0))
    assert "too far ahead of 0" in submit(pay(ledger, 1, nonce=65))
    assert "the account has 10000 units" in submit(pay(ledger, 2, 10_001, nonce=0))
    assert "the stake has 0 units, not 1" in submit(ledger.entry(4, StakeOut, 1, nonce=0))


def test_what_an_agreed_entry_makes_impossible_leaves_the_pool(ledger):
    late = ledger.entry(2, StakeOut, 5_000, nonce=0)
    second = pay(ledger, 0, 6_000, nonce=1)
    assert ledger.machine.submit(late) == ""
    assert ledger.machine.submit(second) == ""

    ledger.agree(pay(ledger, 0, 6_000, nonce=0), write(Accuse(double_vote(2))))

    assert not ledger.machine.pending()
    assert ledger.machine.waiting(9) == ()


def test_an_open_block_is_built_upon(ledger):
    machine = ledger.machine
    entries = [pay(ledger, 0, 6_000), pay(ledger, 0, 3_000), pay(ledger, 1)]
    for entry in entries:
        assert machine.submit(entry) == ""
    opened = machine.execute(machine.state, 1, (entries[0],))

    proposed = machine.propose(opened.state, 2)

    assert sorted(proposed) == sorted(entries[1:])
    assert machine.execute(opened.state, 2, proposed).flaw == ""
    assert machine.pending()


def test_a_block_is_bounded_and_so_is_what_is_proposed(ledger):
    ledger.machine = Machine(ledger.rules, ledger.machine.state, most=2, most_bytes=500)
    entries = [pay(ledger, who) for who in range(3)]
    for entry in entries:
        assert ledger.machine.submit(entry) == ""

    assert len(block(ledger)) == 2
    assert ledger.flaw(*entries) == "the block has too many entries"
    assert ledger.flaw(write(Record({"long": "x" * 500}))) == "the block has too many entries"
    assert "bytes do not fit into a block" in ledger.machine.submit(write(Record({"x": "y" * 500})))


def test_what_does_not_fit_into_a_block_any_more_waits_for_the_next(ledger):
    records = [write(Record({"long": "x" * 300, "turn": turn})) for turn in range(3)]
    ledger.machine = Machine(ledger.rules, ledger.machine.state, most_bytes=700)
    for entry in records:
        assert ledger.machine.submit(entry) == ""

    assert len(block(ledger)) == 2
    ledger.agree(*block(ledger))
    assert block(ledger) in [(entry,) for entry in records]


def test_of_two_that_exclude_each_other_one_is_agreed_on_and_one_is_dropped(ledger):
    one, two = (ledger.entry(who, Transfer, ((OTHER, 1),), (b"invoice",)) for who in (0, 1))
    assert ledger.machine.submit(one) == ledger.machine.submit(two) == ""

    proposed = block(ledger)
    assert len(proposed) == 1
    assert len(ledger.machine.waiting(9)) == 2
    ledger.agree(*proposed)

    assert not ledger.machine.pending()
    assert ledger.machine.waiting(9) == ()


def test_what_fits_on_the_agreed_state_but_never_on_the_next_is_dropped(ledger):
    one, two = (ledger.entry(who, Transfer, ((OTHER, 1),), (b"invoice",)) for who in (0, 1))
    machine = ledger.machine
    assert machine.submit(two) == ""
    opened = machine.execute(machine.state, 1, (one,))

    assert machine.propose(opened.state, 2) == ()
    assert machine.pending()  # the open block may yet come to nothing
    machine.committed((one,))

    assert not machine.pending()


def test_the_most_work_for_its_bytes_goes_first_and_evidence_before_all(ledger):
    machine = ledger.machine
    for units in (5, 90, 40):
        machine.claims.learn(f"proof {units}", Checked(True, units))
    entries = {
        units: ledger.entry(who, Attest, f"proof {units}", True, units)
        for who, units in enumerate((5, 90, 40))
    }
    evidence = write(Accuse(double_vote(3)))
    for entry in [*entries.values(), evidence]:
        assert machine.submit(entry) == ""

    assert block(ledger) == (evidence, entries[90], entries[40], entries[5])


def test_nobody_takes_or_votes_for_a_proof_that_he_has_not_checked(ledger):
    machine = ledger.machine
    good = ledger.entry(0, Attest, "sound", True, 7, nonce=0)
    lie = ledger.entry(1, Attest, "unsound", True, 7, nonce=0)
    heavy = ledger.entry(2, Attest, "sound", True, 700, nonce=0)
    entries = [good, lie, heavy, b"no entry", pay(ledger, 3)]

    assert machine.unchecked(entries) == ("sound", "unsound")
    assert machine.submit(good) == "what it says of a proof is not checked"
    assert not machine.disputed(entries)
    machine.claims.learn("sound", Checked(True, 7))
    machine.claims.learn("unsound", Checked(False, 7))

    assert machine.unchecked(entries) == ()
    assert [machine.disputed([entry]) for entry in entries] == [False, True, True, False, False]
    assert machine.submit(good) == ""
    assert machine.submit(lie) == machine.submit(heavy) == "what it says of a proof is wrong"
    assert machine.submit(write(Challenge(good))) == "what it says of a proof is wrong"
    assert machine.submit(write(Challenge(lie))) == ""
    assert machine.submit(write(Challenge(heavy))) == ""


def test_what_was_found_of_proofs_is_bounded():
    claims = Claims(most=2)
    for proof in ("a", "b", "c"):
        claims.learn(proof, Checked(True, 1))
    ledger = Ledger()
    ledger.machine = Machine(ledger.rules, ledger.machine.state, claims=claims)
    entries = [ledger.entry(0, Attest, proof, True, 1) for proof in ("a", "b", "c")]
    assert ledger.machine.unchecked(entries) == ("a",)


def test_the_same_blocks_give_the_same_state_on_every_machine():
    rng = random.Random(3)
    one, two = Ledger(Schedule(pot=7)), Ledger(Schedule(pot=7))
    for _ in range(12):
        entries = []
        for who in rng.sample(range(4), 3):
            proof = f"proof {rng.randrange(10**6)}"
            one.machine.claims.learn(proof, Checked(True, 3))
            entries.append(one.entry(who, Attest, proof, True, 3))
            entries.append(pay(one, who, rng.randrange(1, 50)))
        for entry in entries:
            assert one.machine.submit(entry) == ""
        proposed = block(one)
        assert sorted(proposed) == sorted(entries)
        one.agree(*proposed)
        two.agree(*proposed)  # it never checked the proofs: it only catches up
        assert one.machine.state.root == two.machine.state.root
    assert one.machine.execute(one.machine.state, 99, ()).state.root == one.machine.state.root


def test_a_block_that_cannot_be_is_never_agreed_on(ledger):
    with pytest.raises(ValueError, match="a block was agreed on that cannot be: entry 0"):
        ledger.machine.committed((b"no entry",))


def test_a_state_from_elsewhere_sorts_the_pool_anew(ledger):
    gone, stays = pay(ledger, 0), pay(ledger, 1)
    for entry in (gone, stays):
        assert ledger.machine.submit(entry) == ""
    other = Ledger()
    other.agree(gone)

    ledger.machine.adopt(other.machine.state, 1)

    assert ledger.machine.waiting(9) == (stays,)
    assert ledger.machine.pending()


def test_entries_wait_for_a_number_of_blocks_and_no_longer(ledger):
    machine = Machine(ledger.rules, ledger.machine.state, pool=Mempool(lifetime=2))
    gap = pay(ledger, 0, nonce=3)
    assert machine.submit(gap) == ""
    machine.committed(())
    assert machine.waiting(9) == (gap,)
    machine.committed(())
    assert machine.waiting(9) == ()
    assert machine.pool.counts.expired == 1


def test_a_full_pool_keeps_what_is_worth_more(ledger):
    machine = Machine(ledger.rules, ledger.machine.state, pool=Mempool(most=2))
    for entry in (pay(ledger, 0), pay(ledger, 1)):
        assert machine.submit(entry) == ""

    assert machine.submit(pay(ledger, 2)) == "the pool is full of better ones"
    for view in (1, 2):
        assert machine.submit(write(Accuse(double_vote(3, view)))) == ""

    assert len(machine.pool) == len(machine.propose(machine.state, 1)) == 2
    assert machine.pending()
    assert machine.pool.counts.evicted == 2


def test_a_record_leaves_a_mark_that_a_third_party_can_check(ledger):
    entry = write(Record({"payment": 7, "lines": [1, 2, {"x": None}]}))
    assert ledger.machine.submit(entry) == ""
    ledger.agree(*block(ledger))

    key, state = entry_key(digest_of(entry)), ledger.machine.state
    assert verify(state.root, state.prove([key]), {key: encode(1)}) == ""
    absent = entry_key(digest_of(b"another"))
    assert verify(state.root, state.prove([absent]), {absent: None}) == ""
    assert ledger.machine.submit(entry) == "agreed"
    assert not ledger.machine.pending()
