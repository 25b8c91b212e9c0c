"""Records and the applications of a genesis: what is one, and what is refused with which words."""

import subprocess
import sys

import pytest

from ciranda.errors import CirandaError, SettingsError
from ciranda_consensus.applications import Subject, first_of, has_records
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.encoding import encode
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.node import Genesis, Seat
from ciranda_consensus.records import (
    RecordError,
    RecordRules,
    entry_of,
    json_of,
    key_of,
    proof_of,
    record_key,
    text_of,
)
from ciranda_consensus.state import Record, Trees, write

from .household import holds

KEY = Signer(b"k" * 32).public.hex()


def genesis(**state):
    return Genesis("c", 0, (Seat(KEY, 1000),), state)


def test_json_is_the_same_whatever_the_order_of_keys():
    assert json_of({"b": 1, "a": [1.5, None, "é"]}) == '{"a":[1.5,null,"é"],"b":1}'


@pytest.mark.parametrize(
    "value", [{1, 2}, float("nan"), object(), {"a": float("inf")}, "\ud800", {"\udfff": 1}]
)
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(RecordError, match="only plain data can be agreed on"):
        json_of(value)


def test_an_entry_gives_back_what_it_was_made_of():
    entry = entry_of("k", '{"a":1}')

    assert (key_of(entry), text_of(entry)) == ("k", '{"a":1}')


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("", "1", "a key has 1 to 1024 characters, not 0"),
        ("k" * 1025, "1", "not 1025"),
        ("k", "x" * (256 << 10) + "y", "have the digest of large data agreed on"),
        ("\ud800", "1", "cannot be written"),
    ],
)
def test_keys_and_texts_have_limits(key, text, said):
    with pytest.raises(RecordError, match=said):
        entry_of(key, text)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"key": "k"}, "a record has a key and JSON"),
        ({"key": "k", "json": "1", "more": 1}, "and nothing else"),
        ({"key": 1, "json": "1"}, "the key of a record"),
        ({"key": "", "json": "1"}, "the key of a record"),
        ({"key": "k", "json": 1}, "the JSON of a record"),
    ],
)
def test_entries_with_other_fields_are_no_records(data, said):
    with pytest.raises(CirandaError, match=said):
        RecordRules().read(write(Record(data)))


def test_what_is_another_kind_of_entry_is_no_record():
    challenge = encode(["challenge", b"x"])

    with pytest.raises(CirandaError, match="only records are agreed on here"):
        RecordRules().read(challenge)
    with pytest.raises(CirandaError, match="the entry is no record"):
        key_of(challenge)


def test_a_proof_is_found_where_a_record_carries_one():
    assert proof_of('{"proof":{"b":1,"a":2}}') == '{"a":2,"b":1}'
    assert proof_of('{"proof":null}') is None
    assert proof_of("[1]") is None
    assert proof_of("no json") is None


@pytest.mark.parametrize(
    "value", [encode(1), encode([1]), encode([1, b"short"]), encode([True, bytes(32)]), b"junk"]
)
def test_a_state_that_holds_something_else_is_none(value):
    trees = Trees(RecordRules())

    with pytest.raises(ValueError, match="which is no record"):
        trees.state(SparseTree.of({record_key("k"): value}))
    with pytest.raises(ValueError, match="which is no record"):
        trees.state(SparseTree.of({b"account/k": encode([1, bytes(32)])}))
    good = SparseTree.of({record_key("k"): encode([1, bytes(32)])})
    assert trees.state(good) is good


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"application": "coins"}, "`application` is one of records, accounts"),
        ({"more": 1}, "which is none"),
        ({"application": "accounts", "accounts": {"xy": 1}}, "has no accounts"),
        ({"application": "accounts", "accounts": {KEY: -1}}, "-1 units are none"),
        ({"application": "accounts", "stakes": {KEY: 5}}, "a stake of 5 is too low"),
        ({"application": "accounts", "stakes": 5}, "has no accounts"),
    ],
)
def test_a_genesis_that_begins_with_no_state_is_refused(state, said):
    with pytest.raises(SettingsError, match=said):
        Subject(genesis(**state), Verifier(), holds)


def test_a_genesis_names_what_is_agreed_on():
    accounts = genesis(application="accounts", stakes={KEY: 1000}, reserve=7)
    records, other = Subject(genesis(), Verifier(), holds), Subject(accounts, Verifier(), holds)

    assert has_records(genesis())
    assert not has_records(accounts)
    assert records.begin().root == bytes(32)
    assert first_of(accounts, other.begin()).header.state_root == other.begin().root != bytes(32)


WITHOUT = """
import sys
sys.modules["nacl"] = None
import ciranda
flow = ciranda.Workflow("w")
flow.step("a", uses="consensus.commit", with_={"entries": [1]})
try:
    ciranda.run(flow, durability="off")
except ciranda.CirandaError as error:
    print(error)
"""


def test_the_plugin_says_what_is_missing_where_nothing_can_be_signed(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert "needs PyNaCl for signatures: pip install 'ciranda[consensus]'" in done.stdout
