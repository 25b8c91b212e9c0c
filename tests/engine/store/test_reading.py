"""Stores that were cut, and stores that lie where nothing may be written."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from ciranda.errors import StoreError
from ciranda.store import Database, Record, SqliteLog, open_store

TABLE = ["CREATE TABLE t(x)"]
NOBODY = 65534


@pytest.fixture
def folder():
    """A folder that other users may look into."""
    with tempfile.TemporaryDirectory(prefix="ciranda-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def frozen(folder):
    """Take away the right to write, also from the superuser."""
    if os.name != "posix":
        pytest.skip("there are no users here")
    root = os.geteuid() == 0

    def freeze():
        state = folder / ".ciranda"
        for each in (*state.iterdir(), state):
            each.chmod(0o555 if each.is_dir() else 0o444)
        if root:
            os.seteuid(NOBODY)

    yield freeze
    if root:
        os.seteuid(0)
    (folder / ".ciranda").chmod(0o755)


def write(folder, row):
    log = open_store(folder)
    log.create_run(row("r1"))
    lease = log.acquire("r1", "me", 30.0)
    log.append("r1", lease.epoch, [Record("r1", 0, 1.0, "RunStarted", 1, b"first")])
    return log


def test_a_store_that_cannot_be_written_is_read(folder, frozen, row):
    write(folder, row).close()
    frozen()

    log = open_store(folder, reading=True)

    assert [each.id for each in log.runs()] == ["r1"]
    assert [each.payload for each in log.read("r1")] == [b"first"]
    assert log.held("r1")
    assert log.check() == []
    with pytest.raises(StoreError, match=r"ciranda\.db cannot be written \(.*: allow writing to"):
        log.create_run(row("r2"))
    log.close()
    assert sorted(each.name for each in (folder / ".ciranda").iterdir()) == [
        ".gitignore",
        "ciranda.db",
    ]


def test_whoever_writes_is_told_so(folder, frozen, row):
    write(folder, row).close()
    frozen()

    with pytest.raises(StoreError, match=r"ciranda\.db cannot be (written|opened) \(.*\): "):
        open_store(folder)


def test_a_journal_that_needs_writing_is_named(folder, frozen, row):
    log = write(folder, row)
    shutil.copytree(folder / ".ciranda", folder / "copy" / ".ciranda")
    log.close()
    shutil.rmtree(folder / ".ciranda")
    shutil.move(folder / "copy" / ".ciranda", folder / ".ciranda")
    (folder / ".ciranda" / "ciranda.db-shm").unlink()
    frozen()

    with pytest.raises(StoreError, match=r"has a journal \(ciranda\.db-wal\) .*: copy .*\.ciranda"):
        open_store(folder, reading=True)


def test_a_store_in_use_is_read_together_with_its_journal(folder, frozen, row):
    log = write(folder, row)
    frozen()

    seen = open_store(folder, reading=True)

    assert [each.payload for each in seen.read("r1")] == [b"first"]
    seen.close()
    log.close()


def test_a_file_of_an_older_schema_is_not_read_where_it_cannot_be_upgraded(folder, frozen):
    Database("d", TABLE, folder=folder).close()
    frozen()

    with pytest.raises(StoreError, match=r"d\.db was made by an older ciranda, .*: copy .*ciranda"):
        Database("d", [*TABLE, "CREATE TABLE u(x)"], folder=folder, reading=True)


@pytest.mark.parametrize("beside", ["cache.db", "key", "runs", "ciranda.db-wal"])
def test_an_emptied_store_is_damage_and_no_new_one(tmp_path, row, beside):
    write(tmp_path, row).close()
    state = tmp_path / ".ciranda"
    (state / "ciranda.db").write_bytes(b"")
    if beside == "runs":
        (state / "runs" / "r1").mkdir(parents=True)
    else:
        (state / beside).write_bytes(b"something")

    with pytest.raises(StoreError, match=rf"ciranda\.db is damaged: it is empty, and {beside} bes"):
        SqliteLog(tmp_path)

    assert (state / "ciranda.db").stat().st_size == 0
    if beside != "runs":
        assert (state / beside).read_bytes() == b"something"


def test_an_empty_file_alone_is_a_store_that_nobody_finished_making(tmp_path):
    (tmp_path / ".ciranda" / "runs").mkdir(parents=True)
    (tmp_path / ".ciranda" / "ciranda.db").write_bytes(b"")

    log = SqliteLog(tmp_path)

    assert log.runs() == []
    log.close()


def test_a_run_that_ends_while_it_is_read_is_read_to_its_end(sqlite, row, records):
    sqlite.create_run(row())
    epoch = sqlite.acquire("r1", "me", 30).epoch
    sqlite.append("r1", epoch, records(0))

    reading = sqlite.read("r1")
    first = next(reading)
    sqlite.append("r1", epoch, records(1), "succeeded", 1.0)

    assert [first, *reading] == records(0, 1)
