"""`ciranda consensus ...`: what people type, what they read, and how the commands end."""

import json
import tomllib

import msgspec
import pytest

from ciranda.cli.entry import outcome
from ciranda_consensus.crypto import Signer
from ciranda_consensus.incidents.checking import incidents_of
from ciranda_consensus.node import Genesis, Seat, write_genesis
from ciranda_consensus.protocol import Statement, Validator, ValidatorSet, statement
from ciranda_consensus.protocol.evidence import Evidence, Said

ENTRY = {"sold": "a7", "amount": 12.5}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a project whose chain goes on from test to test."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "ciranda.toml").write_text("[consensus]\nvalidators = 1\n")
    (folder / "sale.json").write_text(json.dumps(ENTRY))
    (folder / "two.jsonl").write_text('{"n": 1}\n\n{"n": 2}\n')
    return folder


@pytest.fixture
def cli(home, monkeypatch, capsys):
    """Call a command: `cli("verify", "a.json", code=1)` returns what it wrote to both streams."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("CIRANDA_STORE__DURABILITY", "process")

    def call(*arguments, code=0):
        capsys.readouterr()
        ended = int(outcome(["consensus", *map(str, arguments)]))
        said = capsys.readouterr()
        assert ended == code, said
        assert "Traceback" not in said.err
        return said

    return call


def test_an_entry_is_agreed_on_and_its_receipt_checked(cli, home):
    said = cli("submit", "sale.json", "--key", "sale-a7", "--receipts", "receipts")
    (file,) = (home / "receipts").iterdir()
    checked = cli("verify", file)
    again = json.loads(cli("submit", "sale.json", "--key", "sale-a7", "-o", "json").out)

    assert "this process holds all their keys" in said.out
    assert "wrote 1 receipt to receipts" in said.err
    assert "holds the record 'sale-a7'" in checked.out
    assert "one process holds all keys" in checked.out
    assert again["receipts"] == [json.loads(file.read_text())]
    assert json.loads(again["receipts"][0]["entry"]["json"]) == ENTRY


def test_entries_of_lines_are_called_by_their_digest(cli, home):
    found = json.loads(cli("submit", "two.jsonl", "-o", "json").out)
    (home / "answer.json").write_text(json.dumps(found))

    checked = json.loads(cli("verify", "answer.json", "-o", "json").out)

    assert [json.loads(one["json"]) for one in checked] == [{"n": 1}, {"n": 2}]
    assert all(len(one["key"]) == 64 and one["valid"] for one in checked)


def test_a_proof_is_checked_before_its_entry_is_agreed_on(cli, home):
    (home / "judged.json").write_text('{"proof": {"steps": []}}')
    (home / "other.json").write_text('{"verdict": "approved", "proof": {"verdict": "rejected"}}')

    assert "its proof does not hold" in cli("submit", "judged.json", code=2).err
    assert 'its `verdict` is "approved"' in cli("submit", "other.json", code=2).err


def test_that_a_key_was_never_used_is_shown(cli, home):
    cli("submit", "sale.json", "--key", "sale-a7")

    unused = cli("prove", "nobody", "--receipt", "unused.json")
    used = json.loads(cli("prove", "sale-a7", "-o", "json").out)

    assert "`nobody` was not used" in unused.out
    assert used["state"]["height"] == 1
    assert "the key 'nobody' was not used" in cli("verify", "unused.json").out


def test_a_receipt_that_was_changed_ends_with_1_and_says_why(cli, home):
    found = json.loads(cli("submit", "sale.json", "--key", "sale-a7", "-o", "json").out)
    found["receipts"][0]["entry"]["json"] = '{"sold":"b8"}'
    (home / "forged.json").write_text(json.dumps(found["receipts"]))

    said = cli("verify", "forged.json", code=1)

    assert "does not hold: the block does not hold the record 'sale-a7'" in said.out


def test_validators_of_ones_own_are_made_with_keys_for_their_owner_alone(cli, home):
    made = json.loads(cli("init", "net", "--validators", "3", "-o", "json").out)

    genesis = tomllib.loads((home / "net" / "genesis.toml").read_text())
    assert made["chain"] == genesis["chain"] == "net"
    assert [one["address"] for one in made["validators"]] == [
        f"127.0.0.1:{port}" for port in (7001, 7002, 7003)
    ]
    assert [one["public"] for one in genesis["validators"]] == [
        one["public"] for one in made["validators"]
    ]
    for seat in range(3):
        key = home / "net" / str(seat) / "validator.key"
        assert key.stat().st_mode & 0o777 == 0o600
        assert made["validators"][seat]["public"] not in key.read_text()
    assert "exists: a chain begins once" in cli("init", "net", code=2).err
    assert "`ciranda consensus node" in cli("init", "net2").err


def test_accounts_begin_with_the_stakes_of_their_validators(cli, home):
    cli("init", "bank", "--application", "accounts", "--stake", "5000", "--reserve", "70")

    state = tomllib.loads((home / "bank" / "genesis.toml").read_text())["state"]
    assert (set(state["stakes"].values()), state["reserve"]) == ({5000}, 70)


def test_status_tells_how_far_validators_are_and_who_does_not_answer(cli, home):
    cli("submit", "sale.json", "--key", "sale-a7")
    cli("init", "away", "--validators", "2", "--address", "127.0.0.1:1")

    here = json.loads(cli("status", "-o", "json").out)
    away = cli("status", "--validators", "away/genesis.toml", code=1)

    assert here[0]["height"] >= 1
    assert "127.0.0.1:2" in away.out
    assert cli("status").out.startswith("validator")


def test_simulations_end_well(cli):
    said = cli("simulate", "--runs", "2", "--seed", "7")
    plain = json.loads(cli("simulate", "-o", "json").out)

    assert "2 runs of 4 validators" in said.out
    assert "nothing happened that must not" in said.err
    assert (plain["runs"], plain["failures"]) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["submit", "none.json"], "none.json cannot be read: No such file"),
        (["submit", "bad.json"], "bad.json: this is no JSON: expecting value at line 1, column 6"),
        (["submit", "twice.json"], "the key 'a' occurs twice"),
        (["submit", "nan.json"], "NaN is no number"),
        (["submit", "empty.json"], "empty.json holds no entry"),
        (["submit", "latin.json"], "byte 0xe9 is not UTF-8"),
        (["submit", "two.jsonl", "--key", "k"], "`--key` names one entry, and two.jsonl holds 2"),
        (["submit", "sale.json", "--validators", ""], "`--validators` is given as an empty text"),
        (["submit", "sale.json", "--validators", "0"], "0 validators cannot live in one process"),
        (["submit", "sale.json", "--validators", "x"], "x cannot be read"),
        (["verify", "sale.json"], "sale.json: this is no receipt"),
        (["submit", "sale.json", "--key", ""], "KEY is given as an empty text"),
        (["submit", "half.json"], "half of a surrogate pair is no text"),
        (["verify", "bad.json"], "bad.json: this is no JSON"),
        (["verify", "twice.json"], "the key 'a' occurs twice"),
        (["verify", "empty.json"], "empty.json holds no receipt"),
        (["verify", "sale.json", "--validators", "sale.json"], "sale.json is no TOML"),
        (["verify", "sale.json", "--validators", "9"], "consensus-9/genesis.toml cannot be read"),
        (["init", "a", "--chain", "embedded-9"], "'embedded-9' cannot name the chain"),
        (["init", "a", "--address", "here"], "'here' is no address"),
        (["init", "a", "--address", "a b:7001"], "'a b:7001' is no address"),
        (["init", "a", "--chain", "c" * 256], "at most 255 characters, not 256"),
        (["init", "a", "--stake", str(1 << 61)], "stakes and reserve are together above the limit"),
        (["init", "a", "--reserve", str(1 << 63)], "above the limit of 9223372036854775807"),
        (["init", "a", "--address", "h:65534"], "leaves no room for 4 ports"),
        (["init", "a", "--application", "accounts", "--stake", "9"], "a stake of 9 is too low"),
        (["node", "none.toml"], "none.toml cannot be read"),
        (["node", ""], "is given as an empty text"),
    ],
)
def test_a_mistake_is_one_sentence(cli, home, arguments, text):
    (home / "bad.json").write_text('{"a":}')
    (home / "twice.json").write_text('{"a": 1, "a": 2}')
    (home / "half.json").write_text('"\\ud800"')
    (home / "nan.json").write_text("[NaN]")
    (home / "empty.json").write_text("[]")
    (home / "latin.json").write_bytes(b'"caf\xe9"')

    said = cli(*arguments, code=2).err

    assert text in said
    assert "hook implementation" not in said


def test_help_teaches_with_examples(cli):
    for name in ("submit", "verify", "prove", "status", "init", "node", "simulate"):
        assert f"ciranda consensus {name}" in cli(name, "--help").out


def test_a_missing_library_is_told_in_a_sentence(cli, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert "pip install 'ciranda[consensus]'" in cli("status", code=2).err
    assert "Have several validators agree" in cli("--help").out


def test_status_tells_figures_also_to_prometheus(cli):
    cli("submit", "sale.json", "--key", "sale-a7")

    text = cli("status").out
    (plain,) = json.loads(cli("status", "-o", "json").out)
    series = cli("status", "--prometheus").out

    assert "signatures known" in text
    assert plain["figures"]["totals"]["blocks"] == plain["height"] >= 1
    assert plain["figures"]["rounds"][0]["participants"] == 1
    assert f'ciranda_consensus_height{{validator="0",key="{plain["public"][:16]}"}}' in series


def test_incidents_are_listed_and_checked_offline(cli, home):
    validators = ValidatorSet("net", 0, [Validator(Signer(b"k" * 32).public, 1)])
    said = []
    for block in (b"\x01" * 32, b"\x02" * 32):
        signature = Signer(b"k" * 32).sign(statement(validators, Statement.VOTE, 7, 1, 5, block))
        said.append(Said(Statement.VOTE, 7, 1, 5, block, signature))
    (one,) = incidents_of([Evidence(0, *said)], [], validators)
    (home / "incident.json").write_text(json.dumps(msgspec.to_builtins(one)))
    (home / "forged.json").write_text(json.dumps({**msgspec.to_builtins(one), "view": 9}))
    seat = Seat(validators.members[0].public.hex(), 1)
    write_genesis(home / "one.toml", Genesis("net", 0, (seat,)))
    against = ("--validators", "one.toml")

    good = cli("incidents", "--check", "incident.json", *against)
    bad = json.loads(cli("incidents", "--check", "forged.json", *against, "-o", "json", code=1).out)

    assert "incident.json: The incident holds: double-signing" in good.out
    assert "its evidence is of another one" in bad[0]["message"]
    assert "is known to have broken the rules" in cli("incidents").err
    assert json.loads(cli("incidents", "-o", "json").out) == []
    assert "no incident with an id" in cli("incidents", "--show", "ab", code=2).err
    assert "this is no incident" in cli("incidents", "--check", "sale.json", code=2).err


def test_epochs_are_made_of_sets_whose_validators_answer(cli, home):
    cli("init", "short", "--blocks", "5", "--address", "127.0.0.1:1", "--validators", "1")

    genesis = tomllib.loads((home / "short" / "genesis.toml").read_text())
    assert genesis["blocks"] == 5
    assert "none of the 1 validators" in cli("epoch", "short/genesis.toml", "next", code=2).err
    assert "made in one FOLDER" in cli("epoch", "short/genesis.toml", "a", "b", code=2).err
    assert "cannot be read" in cli("epoch", "short/genesis.toml", "no.toml", "--check", code=2).err
