"""From one epoch to the next: stakes decide, the state goes on, and anybody can follow."""

import json
from typing import Any, cast

import anyio
import msgspec
import pytest

from ciranda.cli.entry import outcome
from ciranda.errors import InputError, SettingsError
from ciranda.store import Durability
from ciranda_consensus.applications import Subject, first_of
from ciranda_consensus.carried import read_state, write_state
from ciranda_consensus.cluster import (
    Household,
    RefusedError,
    Remote,
    TooLateError,
    open_embedded,
)
from ciranda_consensus.commands.succeeding import checked, made
from ciranda_consensus.commands.watching import Watching
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.epochs import LinkError, follow, heirs, read_link, successor, write_link
from ciranda_consensus.figures import Alert, Concern
from ciranda_consensus.incidents.checking import incidents_of
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.node import Genesis, Seat, read_genesis, write_genesis
from ciranda_consensus.records import RecordRules
from ciranda_consensus.solver import installed_solver, strange
from ciranda_consensus.state import (
    Attest,
    Book,
    Machine,
    StakeIn,
    StakeOut,
    Transfer,
    signed,
    supply,
)

from .household import entry
from .noded import SIGNERS, ports, running


async def never(_):
    return None


def accounts(blocks=2, **fields):
    keys = [one.public.hex() for one in SIGNERS]
    seats = zip(keys[:4], ports(4), strict=True)
    return Genesis(
        "bank",
        0,
        tuple(Seat(key, 2000, f"127.0.0.1:{port}") for key, port in seats),
        {
            "application": "accounts",
            "stakes": dict.fromkeys(keys[:4], 2000),
            "accounts": dict.fromkeys(keys, 5000),
            "reserve": 100,
        },
        blocks=blocks,
        **fields,
    )


def said(seat, kind, nonce, *fields):
    return signed(SIGNERS[seat], "bank", kind(SIGNERS[seat].public, nonce, *fields))


@pytest.fixture(scope="module")
def over(tmp_path_factory):
    """Return the folder of a chain whose first epoch ended, and the files of the second."""
    folder = tmp_path_factory.mktemp("bank")
    genesis = accounts()
    write_genesis(folder / "genesis.toml", genesis)

    async def live():
        subject = lambda: Subject(genesis, Verifier(), never)  # noqa: E731  (one for each node)
        async with running(folder, genesis=genesis, subject=subject) as nodes:
            remote = Remote(genesis)
            await remote.commit([said(0, StakeOut, 0, 2000), said(4, StakeIn, 0, 3000)], 20)
            with pytest.raises(TooLateError, match="none of the 4 validators"):
                await remote.last()
            late = said(5, Transfer, 0, ((SIGNERS[6].public, 7),))
            await remote.commit([late], 20)
            await nodes.until(lambda: nodes.same(2))
            for node in nodes.nodes.values():
                await node.submit(said(5, Transfer, 1, ((SIGNERS[6].public, 7),)))
            standing = await remote.standing(figures=True)
            found = await anyio.to_thread.run_sync(
                lambda: made(
                    folder / "genesis.toml",
                    folder / "next",
                    "asyncio",
                    addresses=[f"{SIGNERS[4].public.hex()[:8]}=127.0.0.1:9"],
                )
            )
            return found, standing, await remote.incidents(), remote

    return folder, *anyio.run(live)


def test_who_took_his_stake_out_leaves_and_who_put_one_in_comes(over):
    folder, found, standing, incidents, _ = over
    old, new = (read_genesis(folder / part / "genesis.toml") for part in (".", "next"))

    assert [seat.public for seat in new.validators] == [
        SIGNERS[seat].public.hex() for seat in (1, 2, 3, 4)
    ]
    assert [seat.stake for seat in new.validators] == [2000, 2000, 2000, 3000]
    assert new.validators[3].address == "127.0.0.1:9"
    assert (new.epoch, new.before, new.after, new.blocks) == (1, 2, found["after"], 2)
    assert found["warnings"] == []
    assert new.set().hash != msgspec.structs.replace(new, root="", before=0).set().hash
    assert old.set().hash != msgspec.structs.replace(old, blocks=3).set().hash
    assert incidents == ()
    assert all(one.figures.totals.blocks >= 2 and not one.figures.alerts for one in standing)


def test_a_state_goes_on_with_its_root_and_its_value_and_heights_go_on_too(over):
    folder, found, *_ = over
    old, new = (read_genesis(folder / part / "genesis.toml") for part in (".", "next"))
    subject = Subject(new, Verifier(), never)
    state = subject.begin()

    machine = subject.start(state, 0)
    assert machine.submit(said(1, StakeOut, 0, 500)) == ""
    machine.committed(machine.propose(state, 1))
    left = Book(machine.state).stake(SIGNERS[1].public).leaving

    assert state.root.hex() == new.root == found["root"]
    assert supply(state) == supply(Subject(old, Verifier(), never).begin())
    assert left == ((2 + 1 + 1000, 500),)
    assert Book(state).stake(SIGNERS[0].public).leaving == ((1001, 2000),)


def test_an_epoch_that_is_over_has_empty_blocks_alone():
    genesis = accounts(blocks=1)
    subject = Subject(genesis, Verifier(), never)
    state = subject.begin()
    machine = subject.start(state, 0)
    late = said(5, Transfer, 0, ((SIGNERS[6].public, 7),))
    machine.submit(late)
    machine.committed(())

    assert (machine.pending(), machine.propose(state, 2)) == (False, ())
    assert "ended with block 1" in machine.submit(said(5, Transfer, 1, ((SIGNERS[6].public, 7),)))
    assert "ended with block 1" in machine.execute(machine.state, 2, (late,)).flaw
    assert machine.execute(machine.state, 2, ()).root == machine.state.root


def test_sets_are_followed_from_the_first_to_the_last(over):
    folder, *_ = over

    (row,) = checked([folder / "genesis.toml", folder / "next" / "genesis.toml"])

    assert (row["epoch"], row["height"], row["warnings"]) == (1, 2, [])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"validators": (Seat("aa" * 32, 5000),)}, "its validators are others"),
        ({"chain": "other"}, "its chain is another one"),
        ({"epoch": 2}, "its number is not the next one"),
        ({"after": "00" * 32}, "does not begin after that block"),
        ({"before": 9}, "does not count the blocks before it"),
        ({"root": "11" * 32}, "does not begin with the state after that block"),
        ({"state": {"application": "records"}}, "agrees on something else"),
    ],
)
def test_an_epoch_that_does_not_follow_is_refused(over, changes, text):
    folder, *_ = over
    old, new = (read_genesis(folder / part / "genesis.toml") for part in (".", "next"))
    link = read_link(folder / "next" / "link.json")

    with pytest.raises(LinkError, match=text):
        follow(old, link, msgspec.structs.replace(new, **changes), Verifier())


def test_a_link_of_invented_votes_or_of_another_block_is_refused(over):
    folder, *_ = over
    old, new = (read_genesis(folder / part / "genesis.toml") for part in (".", "next"))
    link = read_link(folder / "next" / "link.json")
    header, votes = link.header, link.certificate
    few = msgspec.structs.replace(votes, signers=votes.signers[:1], signatures=votes.signatures[:1])

    def followed(known, **changes):
        follow(known, msgspec.structs.replace(link, **changes), new, Verifier())

    with pytest.raises(LinkError, match="is none: no_quorum"):
        followed(old, certificate=few)
    with pytest.raises(LinkError, match="of another block"):
        followed(old, header=msgspec.structs.replace(header, time=1), above=())
    with pytest.raises(LinkError, match="of another chain, epoch or set"):
        followed(msgspec.structs.replace(old, blocks=5))
    with pytest.raises(LinkError, match="headers do not stand"):
        followed(old, above=(msgspec.structs.replace(header, parent="22" * 32),))


def test_an_epoch_that_is_not_over_or_has_nobody_left_is_refused(over):
    folder, *_ = over
    old = read_genesis(folder / "genesis.toml")
    last = read_link(folder / "next" / "link.json").header.header()

    with pytest.raises(LinkError, match="wait until it is over"):
        successor(msgspec.structs.replace(old, blocks=9), last, SparseTree())
    with pytest.raises(LinkError, match="the state is not the one after block 2"):
        successor(old, last, SparseTree())
    with pytest.raises(LinkError, match="nobody can validate"):
        heirs(old, SparseTree())


def test_validators_of_records_stay_as_they_are():
    genesis = msgspec.structs.replace(accounts(), state={})

    assert heirs(genesis, SparseTree()) == genesis.validators


def test_files_of_an_epoch_are_made_once_and_not_for_one_process(over, tmp_path):
    folder, *_ = over
    write_genesis(tmp_path / "g.toml", Genesis("embedded-1", 0, (Seat("aa" * 32, 1),)))

    with pytest.raises(InputError, match="exists: an epoch begins once"):
        made(folder / "genesis.toml", folder / "next", "asyncio")
    with pytest.raises(InputError, match="lives in one process"):
        made(tmp_path / "g.toml", tmp_path / "n", "asyncio")
    with pytest.raises(InputError, match="write it like KEY="):
        made(folder / "genesis.toml", tmp_path / "n", "asyncio", addresses=["aa"])


def test_a_state_file_is_the_one_of_the_root_or_is_refused(tmp_path):
    state = SparseTree.of({b"%d" % at: b"v" * at for at in range(3000)})
    write_state(tmp_path / "s", state)
    write_state(tmp_path / "empty", SparseTree())
    (tmp_path / "bad").write_bytes(b"\x00\x00\x00\x01x")

    assert read_state(tmp_path / "s", state.root.hex()).root == state.root
    assert read_state(tmp_path / "empty", "00" * 32).root == bytes(32)
    with pytest.raises(SettingsError, match="the genesis wants"):
        read_state(tmp_path / "s", "11" * 32)
    with pytest.raises(SettingsError, match="is no state"):
        read_state(tmp_path / "bad", "11" * 32)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_state(tmp_path / "none", "11" * 32)


def test_records_of_later_epochs_are_at_the_height_of_the_whole_chain():
    rules, state = RecordRules(), SparseTree()
    machine = Machine(rules, state, before=40)
    machine.submit(entry("k"))
    machine.committed(machine.propose(state, 1))

    assert b"record/k" in dict(machine.state.items())
    assert machine.state.root == rules_root(rules, 41)


def rules_root(rules, height):
    book = Book(SparseTree())
    rules.apply(book, rules.read(entry("k")), height)
    book.keep()
    return book.state().root


@pytest.mark.anyio
async def test_proofs_are_not_checked_with_another_solver_than_the_epochs():
    checked_ = []

    async def check(proof):
        checked_.append(proof)

    other = Subject(accounts(solver="z3 0.1"), Verifier(), check)
    bound = Subject(
        msgspec.structs.replace(accounts(), state={}, solver="z3 0.1"), Verifier(), check
    )

    assert await bound.inspect((entry("a"),))
    assert not await bound.inspect((entry("a", {"proof": {"format": 1}}),))
    assert checked_ == []
    assert "checks proofs with z3 0.1" in other.strange
    assert strange("z3 0.1", "").startswith("this epoch checks proofs with z3 0.1, and none")
    assert strange(installed_solver(), installed_solver()) == strange("", "z3 1") == ""


def test_alerts_are_logged_when_they_begin_and_when_they_end():
    lines = []

    class Log:
        def __getattr__(self, level):
            return lambda text, **fields: lines.append((level, text, fields))

    class Quiet:
        rounds = ()

    watching, node = Watching(Log, blocks=True), cast("Any", Quiet())
    alert = Alert(Concern.BEHIND, "", "far")
    for alerts in ((), (alert,), (alert,), ()):
        watching.look(node, alerts)

    assert lines == [
        ("warning", "far", {"alert": "behind", "about": ""}),
        ("info", "this is over", {"alert": "behind", "about": ""}),
    ]


def test_the_command_follows_sets_and_says_what_it_found(over, capsys):
    folder, *_ = over
    sets = [str(folder / part / "genesis.toml") for part in (".", "next")]

    assert outcome(["consensus", "epoch", *sets, "--check"]) == 0
    text = capsys.readouterr().out
    assert outcome(["consensus", "epoch", *sets, "--check", "-o", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)

    assert "epoch 1 of bank, after block 2" in text
    assert len(row["validators"]) == 4


def test_files_of_an_epoch_are_read_as_they_were_written_or_refused(over, tmp_path):
    folder, *_ = over
    old = read_genesis(folder / "genesis.toml")
    link = read_link(folder / "next" / "link.json")
    state = read_state(folder / "next" / "state.bin", link.header.state_root)
    write_genesis(tmp_path / "old.toml", old)
    write_link(tmp_path / "link.json", link)
    write_state(tmp_path / "state.bin", state)
    after = successor(old, link.header.header(), state, blocks=0)
    write_genesis(tmp_path / "genesis.toml", after)

    assert read_genesis(tmp_path / "genesis.toml").blocks == 0
    assert checked([tmp_path / "old.toml", tmp_path / "genesis.toml"])[0]["warnings"] == []
    for name, text in (("link.json", b"{}"), ("link.json", b'{"format": 1')):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(SettingsError, match="no link between epochs"):
            read_link(tmp_path / name)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_link(tmp_path / "none.json")


def test_an_attestation_that_was_wrong_is_checked_with_its_proof(
    over, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folder, *_ = over
    genesis = read_genesis(folder / "genesis.toml")
    for name, valid in (("lie.json", True), ("truth.json", False)):
        attest = said(0, Attest, 1, "{}", valid, 1)
        (one,) = incidents_of([], [attest], genesis.set())
        (tmp_path / name).write_bytes(msgspec.json.encode(one))
    command = ["consensus", "incidents", "--validators", str(folder / "genesis.toml"), "--check"]

    assert outcome([*command, str(tmp_path / "lie.json")]) == 0
    assert "holds: invalid-verification" in capsys.readouterr().out
    assert outcome([*command, str(tmp_path / "truth.json")]) == 1
    assert "what was said of the proof is right" in capsys.readouterr().out


@pytest.mark.anyio
async def test_the_next_epoch_agrees_and_what_was_agreed_on_before_counts(over, tmp_path):
    folder, *_ = over
    new = read_genesis(folder / "next" / "genesis.toml")
    home = Household(new, SIGNERS[1:5])
    again, next_ = (said(5, Transfer, nonce, ((SIGNERS[6].public, 7),)) for nonce in (0, 1))

    async with open_embedded(home, tmp_path, "e", never, durability=Durability.OFF) as cluster:
        (found,) = await cluster.commit([next_], 10)
        with pytest.raises(RefusedError, match="its nonce is 0, the next one is 2"):
            await cluster.commit([again], 10)

    header = found.block.header
    assert (header.epoch, header.height, header.parent.hex()) == (1, 1, first_hash(new))


def first_hash(genesis):
    return first_of(genesis, Subject(genesis, Verifier(), never).begin()).hash.hex()
