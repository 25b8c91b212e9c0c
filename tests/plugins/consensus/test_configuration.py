"""The files of a node: what they say comes back, and what is wrong in them is named."""

import pytest
from hypothesis import given, settings as examples, strategies as some

from ciranda.errors import SettingsError
from ciranda_consensus.node import (
    Checkpoint,
    Genesis,
    Limits,
    Seat,
    read_genesis,
    read_settings,
    write_genesis,
)
from ciranda_consensus.node.configuration import address_of

KEY = "ab" * 32
VALUES = some.recursive(
    some.text(max_size=5) | some.integers() | some.booleans(),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.text(max_size=3), inner),
    max_leaves=4,
)


@examples(max_examples=40, deadline=None)
@given(chain=some.text(max_size=9), state=some.dictionaries(some.text(max_size=3), VALUES))
def test_a_genesis_comes_back_as_it_was(tmp_path_factory, chain, state):
    path = tmp_path_factory.mktemp("genesis") / "genesis.toml"
    genesis = Genesis(chain, 3, (Seat(KEY, 7, "[::1]:7001"),), state, "cd" * 32)

    write_genesis(path, genesis)

    assert read_genesis(path) == genesis


def test_a_genesis_holds_what_the_application_begins_with(tmp_path):
    state = {"application": "x", "accounts": {KEY: 5}, "list": [1, [True, '\n\x7f"']]}
    genesis = Genesis("a chain", 1, (Seat(KEY, 1),), state)

    write_genesis(tmp_path / "genesis.toml", genesis)

    assert read_genesis(tmp_path / "genesis.toml") == genesis


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("chain = ", "is no TOML"),
        ("chain = 'c'", "missing required field `epoch`"),
        ("chain = 'c'\nepoch = 1\nvalidators = []", "is no genesis: 0 validators"),
        ("chain = 'c'\nepoch = 1\nvalidators = []\nmore = 1", "unknown field `more`"),
        (
            "chain = 'c'\nepoch = 1\n[[validators]]\npublic = 'xy'\nstake = 1",
            "is no genesis: `public` must be 64 hexadecimal digits in lower case, not 'xy'",
        ),
        (
            f"chain = 'c'\nepoch = 1\n[[validators]]\npublic = '{KEY.upper()}'\nstake = 1",
            "in lower case",
        ),
        (
            f"chain = 'c'\nepoch = 1\n[[validators]]\npublic = ' {KEY[:-1]}'\nstake = 1",
            "in lower case",
        ),
        (
            f"chain = 'c'\nepoch = -1\n[[validators]]\npublic = '{KEY}'\nstake = 1",
            "is no genesis: an epoch is a number from 0 to",
        ),
        (
            f"chain = 'c'\nepoch = 1\n[[validators]]\npublic = '{KEY}'\nstake = {1 << 63}",
            "is no genesis: all stakes together are above the limit",
        ),
        (
            f"chain = '{'c' * 256}'\nepoch = 1\n[[validators]]\npublic = '{KEY}'\nstake = 1",
            "at most 255 characters, not 256",
        ),
        (f"chain = 'c'\nepoch = {'1' * 5000}", "is no TOML: Exceeds the limit"),
        (f"state = {'[' * 5000}", "nests too deep"),
        (
            f"chain = 'c'\nepoch = 1\nafter = 'ab'\n[[validators]]\npublic = '{KEY}'\nstake = 1",
            "`after` must be 64 hexadecimal digits",
        ),
    ],
)
def test_what_is_wrong_in_a_genesis_is_named(tmp_path, text, why):
    path = tmp_path / "genesis.toml"
    path.write_text(text)

    with pytest.raises(SettingsError, match=why):
        read_genesis(path)


def test_files_that_are_not_there_or_cannot_be_written_are_named(tmp_path):
    with pytest.raises(SettingsError, match=r"missing\.toml cannot be read: No such file"):
        read_genesis(tmp_path / "missing.toml")
    with pytest.raises(SettingsError, match="cannot be written: No such file"):
        write_genesis(tmp_path / "no" / "genesis.toml", Genesis("c", 1, ()))


def test_settings_are_relative_to_their_file(tmp_path):
    path = tmp_path / "node.toml"
    path.write_text(
        "genesis = 'genesis.toml'\nkey = 'own.key'\nkeep = 9\n"
        f"checkpoint = {{height = 5, block = '{KEY}'}}\nlimits = {{messages = 5.0}}\n"
    )

    found = read_settings(path)

    assert found.genesis == str(tmp_path / "genesis.toml")
    assert found.key == str(tmp_path / "own.key")
    assert found.folder == str(tmp_path)
    assert found.limits == Limits(messages=5.0)
    assert found.point() == Checkpoint(5, bytes.fromhex(KEY))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("genesis = 'g'", "missing required field `key`"),
        ("genesis = 'g'\nkey = 'k'\nkep = 1", "unknown field `kep`"),
        ("genesis = 'g'\nkey = 'k'\nkeep = 'x'", "Expected `int`, got `str` - at `[$].keep`"),
        (
            "genesis = 'g'\nkey = 'k'\ncheckpoint = {height = 1, block = 'x'}",
            "the checkpoint's block is no hash",
        ),
    ],
)
def test_what_is_wrong_in_settings_is_named(tmp_path, text, why):
    path = tmp_path / "node.toml"
    path.write_text(text)

    with pytest.raises(SettingsError, match=why):
        read_settings(path)


def test_addresses_have_a_host_and_a_port():
    assert address_of("10.0.0.1:7001") == ("10.0.0.1", 7001)
    assert address_of("[::1]:0") == ("::1", 0)
    for text in ("", "host", ":1", "host:", "host:x", "host:65536"):
        with pytest.raises(SettingsError, match=r"is no address: write it like 10\.0\.0\.1:7001"):
            address_of(text)
