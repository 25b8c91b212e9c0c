"""Accounts: value moves and is conserved, whatever is tried."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from ciranda_consensus.encoding import encode
from ciranda_consensus.merkle import SparseTree, verify
from ciranda_consensus.state import (
    SCHEDULE,
    SLASHED,
    Account,
    AccountRules,
    Accuse,
    Active,
    Attest,
    Balance,
    Book,
    Challenge,
    EntryError,
    Kind,
    Leaving,
    Machine,
    Offence,
    Record,
    Schedule,
    Stake,
    StakeIn,
    StakeOut,
    Transfer,
    Trees,
    Withdraw,
    account_key,
    opening,
    parse,
    shares,
    signed,
    stake_key,
    supply,
    write,
)
from ciranda_consensus.state.slashing import slash

from .ledger import CHAIN, IDS, KEYS, OTHER, SET, Ledger, double_vote, start


@pytest.fixture
def ledger():
    return Ledger()


def test_a_transfer_moves_value_and_a_third_party_can_check_it(ledger):
    ledger.agree(ledger.entry(0, Transfer, ((IDS[1], 30), (OTHER, 12))))

    state = ledger.machine.state
    assert [ledger.balance(0), ledger.balance(1)] == [9_958, 10_030]
    key, value = account_key(OTHER), Account(balance=12).write()
    assert verify(state.root, state.prove([key]), {key: value}) == ""
    forged = Account(balance=12_000_000_000).write()
    assert verify(state.root, state.prove([key]), {key: forged}) == "another_value"


def test_nobody_pays_what_he_has_not(ledger):
    assert "the account has 10000 units, not 10001" in ledger.flaw(
        ledger.entry(0, Transfer, ((OTHER, 10_001),))
    )
    twice = ((OTHER, 6_000), (IDS[1], 6_000))
    assert "the account has 4000 units, not 6000" in ledger.flaw(
        ledger.entry(0, Transfer, twice, nonce=0)
    )


NUMBER = "a number from 0 to 9223372036854775807, not int"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            ["transfer", IDS[0], 0, [[OTHER, -5]], [], b""],
            NUMBER + " -5",
        ),
        (["transfer", IDS[0], 0, [[OTHER, 0]], [], b""], "an amount of 0 says nothing"),
        (
            ["transfer", IDS[0], 0, [[OTHER, 1 << 63]], [], b""],
            NUMBER,
        ),
        (["transfer", IDS[0], 0, [[OTHER, True]], [], b""], "not bool"),
        (["transfer", IDS[0], 0, [[OTHER, "5"]], [], b""], "not str of 1"),
        (["transfer", IDS[0], 0, [[OTHER, 5, {"bonus": 7}]], [], b""], "has 2 fields, not 3"),
        (["transfer", IDS[0], 0, [], [], b""], "without a payment"),
        (["transfer", IDS[0], 0, [[SCHEDULE, 5]], [], b""], "is 32 bytes, not bytes of 8"),
        (["transfer", IDS[0], 0, [[OTHER, 5]], [b"i", b"i"], b""], "spends an output twice"),
        (["transfer", IDS[0], 0, [[OTHER, 5]], [], b"", 1], "has 5 fields, not 6"),
        (["transfer", IDS[0], 0, [[OTHER, 5]], []], "has more than 4 fields"),
        (
            ["transfer", IDS[0], -1, [[OTHER, 5]], [], b""],
            NUMBER + " -1",
        ),
        (["stake", IDS[0], 0, 0, b""], "an amount of 0"),
        (
            ["attest", IDS[0], 0, "p", True, 1_000_001, b""],
            "from 0 to 1000000, not int 1000001",
        ),
        (["record", [1]], "a record is a mapping"),
        (["mint", IDS[0], 5], "there is no entry of the kind 'mint'"),
        ({"valid": True}, "there is no entry of the kind 'None'"),
        ({}, "there is no entry of the kind 'None'"),
        ([], "there is no entry of the kind 'None'"),
    ],
)
def test_what_is_no_entry_is_refused(ledger, row, words):
    assert words in ledger.flaw(encode(row))
    assert words in ledger.machine.submit(encode(row))


def test_bytes_that_are_not_canonical_are_no_entry(ledger):
    entry = ledger.entry(0, Transfer, ((OTHER, 5),))
    assert "left over" in ledger.flaw(entry + b"N")
    assert "no value with the tag" in ledger.flaw(b"{}")
    assert "above the limit" in ledger.flaw(bytes(600_000))


def test_only_the_owner_spends_and_only_once_and_only_here(ledger):
    transfer = Transfer(IDS[0], 0, ((OTHER, 5),))
    forged = signed(KEYS[1], CHAIN, transfer)
    elsewhere = signed(KEYS[0], "another chain", transfer)
    good = signed(KEYS[0], CHAIN, transfer)
    changed = write(msgspec.structs.replace(parse(good), to=((OTHER, 6),)))

    for bad in (forged, elsewhere, changed, write(transfer)):
        assert "the signature is not the sender's" in ledger.flaw(bad)
    assert "entry 1: its nonce is 0, the next one is 1" in ledger.flaw(good, good)
    ledger.agree(good)
    assert "its nonce is 0, the next one is 1" in ledger.flaw(good)
    assert ledger.machine.submit(good) == "agreed"


def test_an_output_is_spent_once_whoever_spends_it(ledger):
    ledger.agree(ledger.entry(0, Transfer, ((OTHER, 5),), (b"invoice 7", b"invoice 8")))

    again = ledger.entry(1, Transfer, ((OTHER, 5),), (b"invoice 8",))
    assert f"the output {b'invoice 8'.hex()} was spent before" in ledger.flaw(again)


def test_a_stake_leaves_after_its_delay_and_is_never_too_low(ledger):
    assert "a stake of 999 is too low" in ledger.flaw(ledger.entry(4, StakeIn, 999, nonce=0))
    ledger.agree(ledger.entry(4, StakeIn, 1_500))
    assert "a stake of 500 is too low" in ledger.flaw(ledger.entry(4, StakeOut, 1_000, nonce=1))
    assert "the stake has 1500 units, not 1501" in ledger.flaw(
        ledger.entry(4, StakeOut, 1_501, nonce=1)
    )
    ledger.agree(ledger.entry(4, StakeOut, 400))
    ledger.agree(ledger.entry(4, StakeOut, 1_100))
    assert ledger.book.stake(IDS[4]) == Stake(0, ((5, 400), (6, 1_100)))

    ledger.agree()
    assert "nothing of the stake is free at height 5" in ledger.flaw(
        ledger.entry(5, Withdraw, nonce=0)
    )
    ledger.agree(ledger.entry(4, Withdraw))
    assert (ledger.balance(4), ledger.book.stake(IDS[4]).total) == (8_900, 1_100)
    ledger.agree(ledger.entry(4, Withdraw))
    assert ledger.balance(4) == 10_000
    assert ledger.machine.state.get(stake_key(IDS[4])) is None


def test_a_stake_leaves_in_a_bounded_number_of_parts(ledger):
    book = ledger.book
    for until in range(16):
        book.move(1, Active(IDS[0]), Leaving(IDS[0], until))
    with pytest.raises(EntryError, match="leaving in 16 parts already"):
        book.move(1, Active(IDS[0]), Leaving(IDS[0], 16))


def test_who_contradicts_himself_loses_a_fifth_once_for_each_offence(ledger):
    evidence = double_vote(2)
    swapped = msgspec.structs.replace(evidence, first=evidence.second, second=evidence.first)
    ledger.agree(ledger.entry(2, StakeOut, 2_000))  # too late to run away

    ledger.agree(write(Accuse(evidence)))

    assert ledger.book.stake(IDS[2]).total == 4_000
    assert ledger.book.account(SLASHED).balance == 1_000
    for again in (evidence, swapped):
        assert "it was agreed on before" in ledger.flaw(write(Accuse(again)))
        assert ledger.machine.submit(write(Accuse(again))) == "agreed"
    ledger.agree(write(Accuse(double_vote(2, view=8))))
    assert ledger.book.stake(IDS[2]).total == 3_200


def test_evidence_that_does_not_hold_costs_nobody_anything(ledger):
    good = double_vote(2)
    other = double_vote(3)
    for bad in (
        msgspec.structs.replace(good, signer=1),
        msgspec.structs.replace(good, signer=9),
        msgspec.structs.replace(good, second=good.first),
        msgspec.structs.replace(good, second=other.second),
    ):
        assert "the evidence does not hold" in ledger.flaw(write(Accuse(bad)))
    ledger.machine = Machine(ledger.rules, opening(dict.fromkeys(IDS, 10), {}))
    assert "there is no stake" in ledger.flaw(write(Accuse(good)))


def test_who_attests_what_is_not_so_loses_a_twentieth(ledger):
    lie = ledger.entry(1, Attest, "a proof", True, 900, nonce=0)
    lie_again = ledger.entry(1, Attest, "a proof", True, 900, nonce=1)

    ledger.agree(write(Challenge(lie)))

    assert ledger.book.stake(IDS[1]).active == 4_750
    assert ledger.book.account(SLASHED).balance == 250
    assert "it was agreed on before" in ledger.flaw(write(Challenge(lie_again)))
    transfer = ledger.entry(1, Transfer, ((OTHER, 1),), nonce=0)
    assert "only what somebody attested" in ledger.flaw(write(Challenge(transfer)))
    unsigned = write(Attest(IDS[1], 0, "p", True, 1))
    assert "the signature is not the sender's" in ledger.flaw(write(Challenge(unsigned)))


def test_who_is_away_loses_nothing_and_who_has_little_at_least_one_unit():
    book = Book(start())
    assert slash(book, IDS[0], Offence.OFFLINE, b"away") == 0
    assert slash(book, IDS[0], Offence.OFFLINE, b"away") == 0
    assert book.stake(IDS[0]).total == 5_000

    book.move(4_999, Active(IDS[0]), Balance(IDS[0]))
    assert slash(book, IDS[0], Offence.DOUBLE_SIGNING, b"lie") == 1
    with pytest.raises(EntryError, match="the offence was punished before"):
        slash(book, IDS[0], Offence.DOUBLE_SIGNING, b"lie")


def test_verifying_is_paid_by_work_to_the_last_unit():
    ledger = Ledger(Schedule(pot=50, halving=2))
    entries = [ledger.entry(who, Attest, "a proof", True, 1) for who in range(3)]
    void = ledger.entry(3, Attest, "no proof", False, 1_000)

    ledger.agree(*entries, void)

    # 50 over 3 was 17 each, 51 in all, when every share was rounded up.
    assert sorted(ledger.balance(who) - 10_000 for who in range(4)) == [0, 16, 17, 17]
    assert ledger.book.account(SCHEDULE).balance == 999_950
    again = ledger.entry(0, Attest, "a proof", True, 1)
    assert "attested this proof before" in ledger.flaw(again)
    stranger = ledger.entry(4, Attest, "a proof", True, 1)
    assert "only who has a stake can attest" in ledger.flaw(stranger)


def test_no_more_is_issued_than_the_schedule_has():
    schedule = Schedule(pot=50, halving=2)
    assert [schedule.at(height) for height in (1, 2, 3, 4, 6, 12, 200)] == [50, 25, 25, 12, 6, 0, 0]
    ledger = Ledger(Schedule(pot=700_000))
    for _ in range(3):
        ledger.agree(ledger.entry(0, Attest, f"proof {ledger.machine.height}", True, 5))
    assert ledger.balance(0) == 1_010_000
    assert ledger.book.account(SCHEDULE).balance == 0


def test_shares_add_up_and_follow_the_weights():
    rng = random.Random(1)
    for _ in range(2_000):
        pot = rng.randrange(1, 10 ** rng.randrange(1, 8))
        weights = {bytes([n]): rng.randrange(0, 1_000) for n in range(rng.randrange(1, 9))}
        found, total = shares(pot, weights), sum(weights.values())
        if total == 0:
            assert found == {}
            continue
        assert sum(found.values()) == pot
        for key, weight in weights.items():
            assert found[key] in (pot * weight // total, pot * weight // total + 1)
        ordered = sorted(weights, key=lambda key: (weights[key], found[key]))
        assert all(found[less] <= found[more] for less, more in pairwise(ordered))
    assert shares(0, {b"a": 1}) == {}


@pytest.mark.uncounted
def test_value_is_conserved_whatever_is_agreed_on(ledger):
    rng = random.Random(2)
    kinds: list[Any] = [Transfer, StakeIn, StakeOut, Withdraw, Attest, "accuse", "record"]
    taken = refused = 0
    for turn in range(300):
        who, kind = rng.randrange(6), rng.choice(kinds)
        amount = rng.choice([1, 999, 1_000, 4_000, 20_000])
        if kind == "accuse":
            entry = write(Accuse(double_vote(who % 4, rng.randrange(1, 40))))
        elif kind == "record":
            entry = write(Record({"amount": -amount, "nested": {"coins": 10**12, "n": turn}}))
        else:
            nonce = ledger.book.account(IDS[who]).nonce
            fields = {
                Transfer: (((IDS[rng.randrange(6)], amount), (OTHER, 1)),),
                StakeIn: (amount,),
                StakeOut: (amount,),
                Withdraw: (),
                Attest: (f"proof {rng.randrange(9)}", rng.random() < 0.8, rng.randrange(100)),
            }[kind]
            entry = ledger.entry(who, kind, *fields, nonce=nonce)
        if ledger.flaw(entry):
            refused += 1
            ledger.agree()
        else:
            taken += 1
            ledger.agree(entry)
    assert min(taken, refused) > 50
    for key, value in ledger.machine.state.items():
        if key.startswith(b"account/"):
            assert Account.read(value).balance >= 0


def test_records_are_agreed_on_once_and_change_no_value(ledger):
    entry = write(Record({"say": "hello", "units": 10**12}))

    ledger.agree(entry)

    assert "it was agreed on before" in ledger.flaw(entry)
    assert ledger.machine.submit(entry) == "agreed"


def test_value_neither_comes_nor_goes_by_hand():
    book = Book(start())
    wrong: list[Any] = [0, -1, True, 1.0, "1"]
    for amount in wrong:
        with pytest.raises(EntryError, match="units cannot be moved"):
            book.move(amount, Balance(IDS[0]), Balance(IDS[1]))
    with pytest.raises(EntryError, match="the account has 0 units, not 5"):
        book.move(5, Balance(OTHER), Balance(IDS[1]))
    book.keep()
    assert supply(book.state()) == supply(start())


def test_a_chain_begins_with_whole_units():
    with pytest.raises(EntryError, match="a stake of 999 is too low"):
        opening({}, {IDS[0]: 999})
    with pytest.raises(EntryError, match="-1 units are none"):
        opening({IDS[0]: -1}, {})
    with pytest.raises(EntryError, match=r"1\.5 units are none"):
        opening({IDS[0]: 1.5}, {})  # type: ignore[dict-item]
    with pytest.raises(EntryError, match="all units together are above the limit"):
        opening({IDS[0]: 1 << 62}, {}, reserve=1 << 62)


def test_a_state_with_invented_coins_is_refused():
    state = start()
    trees = Trees(AccountRules(SET, Ledger().rules._verifier, total=supply(state)))
    coins = {account_key(OTHER): Account(balance=10**12).write()}

    assert trees.tree(trees.state(state)) is state
    for change, words in (
        (coins, "has a value of 1000001080000, and there are 1080000"),
        ({account_key(IDS[0]): None}, "has a value of 1070000"),
        ({b"hidden/coins": encode(10)}, "nothing that it can hold"),
        ({b"spent/x": encode({"coins": 10})}, "nothing that it can hold"),
        (
            {account_key(IDS[0]): encode(["holder", -5, 0])},
            NUMBER + " -5",
        ),
        ({account_key(IDS[0]): encode(["holder", 10_000, 0, 7])}, "has 3 fields, not 4"),
        ({account_key(IDS[0]): Account(Kind.SCHEDULE, 10_000).write()}, "is no schedule"),
        ({account_key(IDS[0]): encode(["rich", 10_000, 0])}, "'rich' is not a valid Kind"),
    ):
        with pytest.raises(ValueError, match=words):
            trees.state(state.update(change))
    assert trees.tree(SparseTree()).root == bytes(32)
