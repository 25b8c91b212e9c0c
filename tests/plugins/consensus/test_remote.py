"""Validators that run by themselves, on sockets: what is submitted from outside is agreed on."""

import contextlib
import json
import socket
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgspec
import pytest

from ciranda.errors import SettingsError
from ciranda.store import Durability
from ciranda_consensus.applications import Subject
from ciranda_consensus.cluster import Remote, TooLateError
from ciranda_consensus.commands.founding import found
from ciranda_consensus.commands.running import Running
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.fields import WireError
from ciranda_consensus.node import Genesis, NodeSettings, Seat, open_node, read_genesis
from ciranda_consensus.node.channel import answer
from ciranda_consensus.protocol import Pacing, Phase
from ciranda_consensus.receipts import check_receipt, receipt_of, state_receipt
from ciranda_consensus.records import record_key

from .household import entry, holds
from .noded import SIGNERS, genesis_of, ports

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def network(folder, count=4, running=None, check=holds):
    """Run validators on the loopback; yield their genesis."""
    genesis = genesis_of(count)

    async def live(seat, *, task_status):
        settings = NodeSettings(
            genesis="", key="", folder=str(folder / str(seat)),
            pacing=Pacing(0.3, 1.5, 5.0), redial=(0.02, 0.2),
        )  # fmt: skip
        subject = Subject(genesis, Verifier(), check)
        async with open_node(
            settings, genesis, SIGNERS[seat], subject, durability=Durability.OFF
        ) as node:
            await node.run(task_status=task_status)

    async with anyio.create_task_group() as tasks:
        for seat in range(count) if running is None else running:
            await tasks.start(live, seat)
        yield genesis
        tasks.cancel_scope.cancel()


async def test_what_is_submitted_from_outside_is_agreed_on_and_shown(tmp_path):
    async with network(tmp_path) as genesis:
        remote, entries = Remote(genesis), [entry("a", {"n": 1}), entry("b")]
        agreed = await remote.commit(entries, 10)
        again = await remote.commit(entries[1:], 10)
        shown = await remote.show([record_key("a")])
        unused = await remote.show([record_key("x")])
        standing = await remote.standing()

    receipts = [receipt_of(agreed[0], entries[0]), state_receipt(shown, "a")]
    receipts.append(state_receipt(unused, "x"))
    assert again[0].block.hash == agreed[1].block.hash
    assert [check_receipt(one, genesis).valid for one in receipts] == [True] * 3
    assert receipts[0].trust == "validators"
    assert unused.values[record_key("x")] is None
    assert max(one.height for one in standing) == agreed[1].block.header.height
    assert not any(one.fault for one in standing)


async def test_three_of_four_are_enough_and_two_are_not(tmp_path):
    async with network(tmp_path / "three", running=[0, 1, 3]) as genesis:
        (agreed,) = await Remote(genesis).commit([entry("a")], 10)
        standing = await Remote(genesis).standing()
    async with network(tmp_path / "two", running=[0, 1]) as two:
        with pytest.raises(TooLateError, match="too few validators are there"):
            await Remote(two).commit([entry("a")], 0.3)

    assert agreed.certificate.signers & 0b0100 == 0
    assert [bool(one.fault) for one in standing] == [False, False, True, False]


async def test_validators_check_proofs_themselves(tmp_path):
    async def check(proof):
        return None if "hard" in proof else await holds(proof)

    async with network(tmp_path, 1, check=check) as genesis:
        good = await Remote(genesis).commit([entry("a", {"proof": {"easy": 1}})], 10)
        with pytest.raises(TooLateError, match="a proof that does not hold"):
            await Remote(genesis).commit([entry("b", {"proof": {"hard": 1}})], 0.2)

    assert good[0].block.header.height == 1


async def test_validators_that_are_silent_hold_nobody_up(tmp_path, monkeypatch):
    """One that greets and never answers may be the first that is asked, every time."""
    monkeypatch.setattr("ciranda_consensus.cluster.remote.LAGGING", 0.05)
    greeted: list[Any] = []

    async def silent(stream):
        with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):  # they gave up
            async with stream:
                await answer(stream, SIGNERS[0], genesis.set().prefix, Verifier())
                greeted.append(1)
                await anyio.sleep_forever()

    async def serve(listener):
        async with listener:
            await listener.serve(silent)

    async with network(tmp_path, running=range(1, 4)) as genesis, anyio.create_task_group() as all_:
        port = int(genesis.validators[0].address.rpartition(":")[2])
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port)
        all_.start_soon(serve, listener)
        with anyio.fail_after(9):
            remote = Remote(genesis)
            (found,) = await remote.commit([entry("a")], 8)
            shown = await remote.show([record_key("a")])
        all_.cancel_scope.cancel()

    assert found.block.header.height == 1
    assert shown.values[record_key("a")] is not None
    assert len(greeted) == 1  # it is asked last from then on


async def test_somebody_else_at_an_address_is_not_believed(tmp_path):
    async with network(tmp_path, 1) as genesis:
        (seat,) = genesis.validators
        stranger = Seat(Signer(b"x" * 32).public.hex(), 1, seat.address)
        other = Genesis(genesis.chain, genesis.epoch, (stranger,))

        with pytest.raises(TooLateError, match="none of the 1 validators of 't' answers"):
            await Remote(other).find(entry("a"))
        assert (await Remote(other).standing())[0].fault
    with pytest.raises(TooLateError, match=r"connection refused|nobody can be reached"):
        await Remote(genesis).find(entry("a"))


async def test_an_answer_that_no_quorum_signed_is_none(tmp_path):
    async with network(tmp_path, 1) as genesis:
        (good,) = await Remote(genesis).commit([entry("a")], 10)
    remote, one = Remote(genesis), good.certificate
    replace = msgspec.structs.replace
    lies = [
        replace(good, certificate=replace(one, signatures=(bytes(64),))),
        replace(good, certificate=replace(one, phase=Phase.PREPARE)),
        replace(good, certificate=replace(one, height=9)),
        replace(good, above=(good.block.header,)),
    ]

    remote._require(good)
    for lie in lies:
        with pytest.raises(WireError):
            remote._require(lie)
    with pytest.raises(WireError, match="a block of another chain"):
        Remote(Genesis("other", 1, genesis.validators))._require(good)


def test_a_set_without_addresses_cannot_be_asked():
    seats = (Seat(SIGNERS[0].public.hex(), 1),)

    with pytest.raises(SettingsError, match="no validator of 't' has an address"):
        Remote(Genesis("t", 1, seats))


async def test_a_validator_that_init_made_works_as_its_command_has_it(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (port,) = ports(1)
    found(
        tmp_path / "net", count=1, chain="net", address=f"127.0.0.1:{port}", stake=1,
        application="records", reserve=0,
    )  # fmt: skip
    genesis = read_genesis(tmp_path / "net" / "genesis.toml")
    running = Running(tmp_path / "net" / "0" / "node.toml", as_lines=True)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.work)
        remote = Remote(genesis)
        while (await remote.standing())[0].fault:  # noqa: ASYNC110  (another process, usually)
            await anyio.sleep(0.01)
        (agreed,) = await remote.commit([entry("a")], 10)
        with pytest.raises(TooLateError):
            await remote.commit([entry("b", {"proof": {"steps": []}})], 0.5)
        tasks.cancel_scope.cancel()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["listening", "agreed"]
    assert (lines[0]["port"], lines[1]["block"]) == (port, agreed.block.hash.hex())


def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found(
            tmp_path / "net", count=1, chain="net", address=f"127.0.0.1:{port}", stake=1,
            application="records", reserve=0,
        )  # fmt: skip

        with pytest.raises(SettingsError, match="cannot be listened on: Address already in use"):
            Running(tmp_path / "net" / "0" / "node.toml", as_lines=False).run("asyncio")
