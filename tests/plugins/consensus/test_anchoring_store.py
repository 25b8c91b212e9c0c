"""Anchored runs in the store's own file: tampered with directly, audited as people do."""

import json
import shutil
import zlib
from dataclasses import replace

import apsw
import msgspec
import pytest

from ciranda.cli.entry import outcome
from ciranda.store import Durability, MemoryLog, Record, RunRow, SqliteLog
from ciranda.store.checksum import record_check
from ciranda.testing import harness
from ciranda_consensus.anchor_hooks import AuditRun
from ciranda_consensus.anchoring import anchor_run, anchors_in
from ciranda_consensus.audited import Kind
from ciranda_consensus.cluster import RefusedError, Remote
from ciranda_consensus.records import entry_of, json_of

from .anchored import record
from .household import home_of, opened
from .test_remote import network


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return record(tmp_path_factory.mktemp("run"))


@pytest.fixture
def copy(run, tmp_path):
    """Return a function that tampers with a copy of the store, sums made to fit, and audits it."""

    def tampered(*statements, mend=True):
        shutil.copytree(run.folder / ".ciranda", tmp_path / ".ciranda", dirs_exist_ok=True)
        connection = apsw.Connection(str(tmp_path / ".ciranda" / "ciranda.db"))
        with connection:
            for statement in statements:
                connection.execute(statement).fetchall()
            if mend:
                mended(connection, run.run)
        connection.close()
        log = SqliteLog(tmp_path, Durability.OFF)
        try:
            return run.audit(list(log.examine(run.run)), blobs=log)
        finally:
            log.close()

    return tampered


def mended(connection, run):
    """Write the sums anew, as somebody does who knows the store."""
    rows = connection.execute("SELECT id, at, type, version, spilled, payload FROM records")
    for id_, at, kind, version, spilled, payload in rows.fetchall():
        one = Record(run, id_ & 0xFFFFFFFF, at, kind, version, payload)
        check = record_check(zlib.crc32(run.encode()), one, payload, bool(spilled))
        connection.execute('UPDATE records SET "check" = ? WHERE id = ?', (check, id_))


def at(seq):
    return f"WHERE id & 255 = {seq}"


@pytest.mark.parametrize("mend", [True, False])
def test_a_changed_row_is_named_whether_its_sum_fits_or_not(run, copy, mend):
    large = next(seq for seq, one in enumerate(run.payloads) if len(one) > 1 << 16)
    for seq in (0, large, len(run.events) - 1):
        for change in ("payload = x'90'", "type = 'Forged'", "version = 7", "at = at + 1"):
            (fault,) = copy(f"UPDATE records SET {change} {at(seq)}", mend=mend).faults

            assert (fault.kind, fault.seq, fault.type) == (
                Kind.CHANGED, seq, run.events[seq].type,
            )  # fmt: skip


def test_removed_renumbered_swapped_and_copied_rows_are_named(run, copy):
    last = len(run.events) - 1
    spare = "UPDATE records SET id = id + 500 "
    shift = [f"UPDATE records SET id = id + 1 {at(seq)}" for seq in range(last, 2, -1)]
    insert = (
        "INSERT INTO records SELECT id + 1, at, type, version, spilled, x'80', 0 "
        f"FROM records {at(2)}"
    )
    cases = [
        ([f"DELETE FROM records {at(2)}"], [(Kind.REMOVED, 2)]),
        ([f"DELETE FROM records {at(last)}"], [(Kind.REMOVED, last)]),
        ([spare + at(2)], [(Kind.MOVED, 2)]),
        ([spare + at(last)], [(Kind.RENUMBERED, last)]),
        ([*shift, insert], [(Kind.INSERTED, 3)]),
        (
            [spare + at(2), f"UPDATE records SET id = id - 3 {at(5)}",
             "UPDATE records SET id = id - 497 WHERE id & 0xffff = 502"],
            [(Kind.MOVED, 2), (Kind.MOVED, 5)],
        ),
    ]  # fmt: skip

    for statements, expected in cases:
        found = copy(*statements)
        assert [(one.kind, one.seq) for one in found.faults] == expected
        for one in found.faults:
            if one.kind is not Kind.INSERTED:
                assert one.type == run.events[one.seq].type


def test_a_lost_or_altered_blob_is_named_by_its_event(run, copy):
    large = next(seq for seq, one in enumerate(run.payloads) if len(one) > 1 << 16)
    size = "length(data) > 65536"

    for statement in (
        f"DELETE FROM blobs WHERE {size}",
        f"UPDATE blobs SET data = x'00' WHERE {size}",
    ):
        (fault,) = copy(statement).faults
        assert (fault.kind, fault.seq, fault.type) == (
            Kind.DAMAGED, large, run.events[large].type,
        )  # fmt: skip
        assert "blob" in fault.message


def test_marks_that_were_altered_are_not_believed(run, copy):
    marks = "length(data) < 9999 AND hex(data) LIKE '%53746570%'"  # they name the types of steps

    found = copy(
        f"UPDATE blobs SET data = x'4E' WHERE {marks}", f"UPDATE records SET at = 1 {at(2)}"
    )

    assert [one.kind for one in found.faults] == [Kind.UNKNOWN]
    assert "is damaged" in found.faults[0].message


@pytest.fixture
def project(run, tmp_path, monkeypatch, capsys):
    """Return a function that calls a command on a copy of the project."""
    shutil.copytree(run.folder / ".ciranda", tmp_path / ".ciranda")
    (tmp_path / "ciranda.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIRANDA_STORE__DURABILITY", "process")

    def call(*arguments, code=0):
        capsys.readouterr()
        ended = int(outcome(["consensus", *map(str, arguments)]))
        said = capsys.readouterr()
        assert ended == code, said
        return said.out + said.err

    return call


def tamper(folder, statement):
    connection = apsw.Connection(str(folder / ".ciranda" / "ciranda.db"))
    connection.execute(statement).fetchall()
    connection.close()


def test_audit_says_what_it_found_and_ends_accordingly(run, project, tmp_path):
    size = len(run.events)

    whole = project("audit", run.run)
    plain = json.loads(project("audit", "last", "-o", "json"))
    tamper(tmp_path, f"UPDATE records SET payload = x'90' {at(2)}")
    changed = project("audit", "last", code=1)
    faults = json.loads(project("audit", "last", "-o", "json", code=1))["faults"]
    tamper(tmp_path, "DELETE FROM records WHERE id & 255 > 4")
    tamper(tmp_path, "UPDATE runs SET name = 'other'")
    assert "removed: event 5" in project("audit", run.run, code=1)
    tamper(tmp_path, "DELETE FROM runs")
    gone = json.loads(project("audit", run.run, "-o", "json", code=1))

    assert f"run {run.run}: all {size} anchored events as they were" in whole
    assert "anchor 2: " in whole
    assert "one process holds all keys" in whole
    assert plain["ok"]
    assert f"changed: event 2 ({run.events[2].type}) was changed: its payload is another" in changed
    assert [(one["kind"], one["seq"]) for one in faults] == [("changed", 2)]
    assert [one["seq"] for one in gone["faults"]] == list(range(size))
    assert "no run is called 'other'" in project("audit", "other", code=2)


def test_a_receipt_is_not_deceived_by_a_chain_that_was_founded_anew(run, project, tmp_path):
    tamper(tmp_path, "DELETE FROM records WHERE id & 255 > 3")
    tamper(tmp_path, "UPDATE runs SET tail = 3")
    kept = tmp_path / "kept.toml"
    kept.write_bytes((tmp_path / ".ciranda" / "consensus-4" / "genesis.toml").read_bytes())
    (tmp_path / "r.json").write_bytes(msgspec.json.encode(run.anchors[-1].receipt))

    before = project("anchor", "last", code=2)
    for path in (tmp_path / ".ciranda").glob("consensus-*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "is not anchored" in project("audit", "last", code=1)
    assert "there are no 4 validators" in project("audit", "last", "--receipt", "r.json", code=2)
    assert not (tmp_path / ".ciranda" / "consensus-4").exists()
    forged = project("anchor", "last", "--receipt", "forged.json")
    believed = project("audit", "last")

    assert "does not go on from its last anchor" in before
    assert "4 events of run" in forged
    assert "all 4 anchored events" in believed  # the keys are here: so is whoever has them
    for receipt in ("r.json", "forged.json"):
        validators = "kept.toml" if receipt == "forged.json" else "4"
        said = project("audit", "last", "--receipt", receipt, "--validators", validators, code=1)
        assert "of another set of validators" in said
    said = project("audit", "last", "--receipt", "r.json", "--validators", "kept.toml", code=1)
    assert "removed: event 4" in said


def test_anchor_answers_with_a_receipt_that_others_check(run, project, tmp_path):
    found = json.loads(project("anchor", "last", "-o", "json"))
    (tmp_path / "a.json").write_text(json.dumps(found))
    printed = project("anchor", run.run, "--receipt", "-", "-o", "json")

    assert found == msgspec.json.decode(msgspec.json.encode(run.anchors[-1]))
    assert json.loads(printed) == found["receipt"]
    assert f"holds the record 'anchor/{run.run}/2'" in project("verify", "a.json")
    assert "all" in project("audit", "last", "--receipt", "a.json")
    shutil.rmtree(tmp_path / ".ciranda")
    assert "there are no runs in" in project("audit", "last", code=2)
    assert not (tmp_path / ".ciranda").exists()


ANCHOR = """
ciranda: 1
steps:
  a: {{uses: consensus.anchor{}}}
outputs: {{a: "${{{{ steps.a.output }}}}"}}
"""


@pytest.mark.anyio
async def test_a_step_anchors_its_own_run_or_another_and_is_told_what_cannot_be(tmp_path):
    settings = {"consensus": {"validators": 1}}
    async with harness(folder=tmp_path, store="disk", settings=settings) as h:
        first = await h.run(ANCHOR.format(""), run_id="first")
        other = await h.run(ANCHOR.format(", with: {run: first}"))
        none = await h.run(ANCHOR.format(", with: {run: nobody}"))
        seen = await h.engine.bus.ask(AuditRun(run="first"))
        bare = await h.engine.bus.ask(AuditRun(run="last"))
        elsewhere = await h.engine.bus.ask(AuditRun(run="first", validators=2))

    assert (first.outputs["a"]["run"], first.outputs["a"]["index"]) == ("first", 0)
    assert (other.outputs["a"]["run"], other.outputs["a"]["index"]) == ("first", 1)
    assert none.steps["a"]["error"]["kind"] == "refused"
    assert "no run is called 'nobody'" in none.steps["a"]["error"]["message"]
    assert seen.ok
    assert [one.kind for one in (*bare.faults, *elsewhere.faults)] == [Kind.UNANCHORED] * 2


@pytest.mark.anyio
async def test_an_anchor_of_another_log_is_contradicted_by_the_one_before(run, tmp_path):
    async with opened(tmp_path, 1) as cluster:
        log = run.log()
        true = await anchor_run(log, run.run, cluster, 10)
        lie = json.loads(true.receipt["entry"]["json"]) | {"index": 1, "root": "00" * 32}
        await cluster.commit([entry_of(f"anchor/{run.run}/1", json_of(lie))], 10)
        held = await anchors_in(cluster, run.run)
        genesis = home_of(tmp_path, 1).genesis
        known = [one.receipt for one in held]
        found = replace(run, genesis=genesis).audit(run.events, known, log)
        with pytest.raises(RefusedError, match="does not go on from its last anchor"):
            await anchor_run(log, run.run, cluster, 10)
        log.close()

    assert [one.kind for one in found.faults] == [Kind.CONTRADICTED]
    assert found.anchored == true.size


class Rival:
    """A cluster in which somebody anchors the same run just before, when it was shorter."""

    def __init__(self, cluster, run, log):
        self.show, self.locate, self.standing = cluster.show, cluster.locate, cluster.standing
        self._rival = [(log, run, cluster, 10)]
        self._commit = cluster.commit

    async def commit(self, entries, patience):
        while self._rival:
            await anchor_run(*self._rival.pop())
        return await self._commit(entries, patience)


@pytest.mark.anyio
async def test_whoever_is_second_goes_on_from_the_first_and_no_events_are_no_log(run, tmp_path):
    log, short = run.log(), MemoryLog()
    short.create_run(RunRow(run.run, "n", "f", "running", 1.0))
    async with opened(tmp_path, 1) as cluster:
        with pytest.raises(RefusedError, match="has no events yet"):
            await anchor_run(short, run.run, cluster, 10)
        lease = short.acquire(run.run, "me", 30)
        short.append(run.run, lease.epoch, list(log.read(run.run, limit=3)))
        found = await anchor_run(log, run.run, Rival(cluster, run.run, short), 10)
        held = await anchors_in(cluster, run.run)
    log.close()

    assert found.index == 1
    assert [one.anchor.size for one in held] == [3, len(run.events)]
    assert held[1].anchor.follows(held[0].anchor)


@pytest.mark.anyio
async def test_validators_elsewhere_anchor_a_run_from_their_first_block_on(run, tmp_path):
    log = run.log()
    async with network(tmp_path, 1) as genesis:
        remote = Remote(genesis)
        assert await anchors_in(remote, run.run) == []
        first = await anchor_run(log, run.run, remote, 10)
        again = await anchor_run(log, run.run, remote, 10)
    log.close()

    assert first == again
    assert (first.trust, first.size) == ("validators", len(run.events))
