"""Receipts: they hold with the validator set alone, and whatever is changed in them is refused."""

import copy
import json

import anyio
import pytest
from hypothesis import given, settings, strategies as st

from ciranda_consensus.cluster import Found
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.encoding import encode
from ciranda_consensus.merkle import SparseTree, root_of
from ciranda_consensus.node import Genesis
from ciranda_consensus.protocol import Block, Certificate, Header, Phase, Statement, statement
from ciranda_consensus.receipts import (
    ReceiptError,
    check_receipt,
    read_receipt,
    receipt_of,
    state_receipt,
)
from ciranda_consensus.records import record_key

from .household import entry, home_of, opened

VERIFIER = Verifier()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a genesis and receipts: of an entry, of a key that was used, of one that was not."""
    folder = tmp_path_factory.mktemp("receipts")

    async def commit():
        async with opened(folder) as cluster:
            entries = [entry(f"k{at}", {"amount": at}) for at in range(5)]
            found = await cluster.commit(entries, 10)
            used = await cluster.show([record_key("k3")])
            unused = await cluster.show([record_key("other")])
        return [
            receipt_of(found[3], entries[3]).plain(),
            state_receipt(used, "k3", entries[3]).plain(),
            state_receipt(unused, "other").plain(),
        ]

    return home_of(folder).genesis, anyio.run(commit)


def checked(receipt, genesis):
    return check_receipt(read_receipt(receipt), genesis, VERIFIER)


def test_a_receipt_holds_with_the_set_alone(made):
    genesis, (of_entry, used, unused) = made

    found = checked(json.dumps(of_entry).encode(), genesis)

    assert (found.valid, found.reason, found.trust) == (True, "receipt", "embedded")
    assert (found.key, json.loads(found.json)) == ("k3", {"amount": 3})
    assert found.weight > 2 * found.total / 3
    assert checked(used, genesis).used is True
    assert checked(unused, genesis).used is False
    assert "the key 'other' was not used" in checked(unused, genesis).message


def test_a_receipt_of_another_chain_or_set_is_refused(made, tmp_path):
    genesis, (receipt, *_) = made
    other = Genesis("other", 0, genesis.validators)
    later = Genesis(genesis.chain, 1, genesis.validators)

    assert checked(receipt, other).reason == "other-chain"
    assert checked(receipt, later).reason == "other-chain"
    assert checked(receipt, Genesis(genesis.chain, 0, genesis.validators[:3])).valid is False


def test_a_chain_of_accounts_says_nothing_of_keys(made):
    genesis, (_, _, unused) = made
    accounts = Genesis(genesis.chain, 0, genesis.validators, {"application": "accounts"})

    assert checked(unused, accounts).reason == "state"


def changed(receipt, path, value):
    receipt = copy.deepcopy(receipt)
    place = receipt
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value(place[path[-1]]) if callable(value) else value
    return receipt


def flipped(text):
    return ("0" if text[0] != "0" else "1") + text[1:]


CHANGES = [
    (("entry", "key"), "k2", "entry"),
    (("entry", "json"), '{"amount":4}', "entry"),
    (("entry", "index"), 2, "entry"),
    (("entry", "size"), 6, "entry"),
    (("entry", "path"), lambda path: [*path, "00" * 32], "entry"),
    (("entry", "path"), lambda path: path[1:], "entry"),
    (("header", "state_root"), flipped, "malformed"),
    (("header", "time"), lambda time: time + 1, "malformed"),
    (("header", "height"), -1, "malformed"),
    (("block",), flipped, "malformed"),
    (("certificate", "block"), flipped, "certificate"),
    (("certificate", "view"), 7, "certificate"),
    (("certificate", "signatures"), lambda all_: [all_[0]] * len(all_), "certificate"),
    (("certificate", "signatures"), lambda all_: all_[:-1], "certificate"),
    (("certificate", "signers"), lambda all_: [*all_[:-1], 9], "certificate"),
    (("certificate", "signers"), lambda all_: [all_[0], *all_[:-1]], "malformed"),
    (("certificate", "signers"), lambda all_: list(reversed(all_)), "malformed"),
    (("certificate", "signers"), [], "certificate"),
    (("trust",), "validators", "trust"),
    (("above",), lambda _: [], "receipt"),
]


@pytest.mark.parametrize(("path", "value", "reason"), CHANGES)
def test_whatever_is_changed_is_refused(made, path, value, reason):
    genesis, (receipt, *_) = made

    assert checked(changed(receipt, path, value), genesis).reason == reason


def test_too_few_signers_are_no_quorum(made):
    genesis, (receipt, *_) = made
    few = changed(receipt, ("certificate", "signers"), lambda all_: all_[:2])
    few = changed(few, ("certificate", "signatures"), lambda all_: all_[:2])

    assert "those who signed are no quorum" in checked(few, genesis).message


def test_invented_signers_agree_on_nothing(made):
    """Five senders whom nobody knew once finalised a block: nothing was signed."""
    genesis, (receipt, *_) = made
    top = read_receipt(receipt).header.header()
    said = statement(genesis.set(), Statement.VOTE, top.view, Phase.COMMIT, top.height, top.hash)
    strangers = [Signer(bytes([at]) * 32).sign(said).hex() for at in range(5)]

    for count in (3, 4, 5):
        forged = changed(receipt, ("certificate", "signers"), list(range(count)))
        forged = changed(forged, ("certificate", "signatures"), strangers[:count])
        assert checked(forged, genesis).reason == "certificate"


def test_a_proof_that_brings_its_own_root_proves_nothing(made, tmp_path):
    genesis, (_, used, _) = made
    tree = SparseTree.of({record_key("k9"): encode([1, bytes(32)])})
    state = {"key": "k9", "height": 1, "digest": "00" * 32}
    state["proof"] = tree.prove([record_key("k9")]).hex()
    own_root = changed(
        {**used, "state": state, "entry": None}, ("header", "state_root"), tree.root.hex()
    )
    own_block = changed(own_root, ("block",), read_receipt(own_root).header.header().hash.hex())

    assert checked({**used, "state": state, "entry": None}, genesis).reason == "state"
    assert checked(own_root, genesis).reason == "malformed"
    assert checked(own_block, genesis).reason == "certificate"


def test_a_state_cannot_be_told_otherwise(made):
    genesis, (of_entry, used, unused) = made

    for state in (
        {**used["state"], "height": None, "digest": ""},
        {**used["state"], "height": 2},
        {**used["state"], "key": "other"},
        {**used["state"], "proof": unused["state"]["proof"]},
        {**used["state"], "proof": used["state"]["proof"] + "00"},
        {**used["state"], "digest": ""},
    ):
        found = checked({**used, "state": state, "entry": None}, genesis)
        assert not found.valid, found
        assert found.reason in ("state", "malformed")
    two = {**of_entry, "state": unused["state"]}
    assert "are of two keys" in checked(two, genesis).message


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (b"{", "this is no receipt"),
        (b"[1]", "this is no receipt"),
        (b"{}", "missing required field"),
        (b"[" * 5000, "this is no receipt"),
        (b'{"format": "a", "format": "b"}', "the key 'format' occurs twice"),
        (b"1" * 5000, "this is no receipt"),
        (b"\xff", "this is no receipt"),
    ],
)
def test_what_is_no_receipt_is_told_in_a_sentence(given, text):
    with pytest.raises(ReceiptError, match=text):
        read_receipt(given)


def test_fields_and_formats_that_nobody_knows_are_refused(made):
    _, (receipt, *_) = made

    with pytest.raises(ReceiptError, match="unknown field `valid`"):
        read_receipt({**receipt, "valid": True})
    with pytest.raises(ReceiptError, match="has the format 'x'"):
        read_receipt({**receipt, "format": "x"})
    with pytest.raises(ReceiptError, match="is of nothing"):
        read_receipt({name: value for name, value in receipt.items() if name != "entry"})
    with pytest.raises(ReceiptError, match="are the most"):
        read_receipt(b" " * ((16 << 20) + 1))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_byte_of_a_receipt_can_be_another(made, data):
    genesis, receipts = made
    text = json.dumps(data.draw(st.sampled_from(receipts)), separators=(",", ":")).encode()
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != text[at]))
    other = text[:at] + bytes([byte]) + text[at + 1 :]

    try:
        same = json.loads(other) == json.loads(text)
        found = checked(other, genesis)
    except (ReceiptError, ValueError):
        return

    assert same or not found.valid


def test_a_receipt_shows_headers_up_to_the_one_that_was_signed(made, tmp_path):
    """A block that a later one's certificate agrees on is shown with the headers between."""
    home = home_of(tmp_path)
    validators, one = home.genesis.set(), entry("k")
    low = Header(
        chain=validators.chain, epoch=0, set_hash=validators.hash, height=1, view=1,
        parent=bytes(32), parent_view=0, excuse=bytes(32), entries_root=root_of([one]),
        state_root=bytes(32), proposer=1, time=1,
    )  # fmt: skip
    fields = {name: getattr(low, name) for name in Header.__slots__ if name != "hash"}
    top = Header(**{**fields, "height": 2, "view": 2, "parent": low.hash})
    said = statement(validators, Statement.VOTE, 2, Phase.COMMIT, 2, top.hash)
    signatures = tuple(signer.sign(said) for signer in home.signers[:3])
    certificate = Certificate(2, Phase.COMMIT, 2, top.hash, 0b111, signatures)

    receipt = receipt_of(Found(Block(low, (one,)), (top,), certificate), one).plain()
    alone = {**receipt, "above": ()}
    stranger = changed(receipt, ("above", 0, "parent"), flipped)

    assert checked(receipt, home.genesis).valid
    assert checked(alone, home.genesis).reason == "certificate"
    assert "do not stand on each other" in checked(stranger, home.genesis).message
