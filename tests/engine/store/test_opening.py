"""What keeps a store from opening is one sentence with the path and the next step."""

import multiprocessing
import os
import threading

import apsw
import pytest

from ciranda.errors import StoreError
from ciranda.store import Database, Durability, MemoryLog, RunRow, SqliteLog, open_store, opening

TABLE = ["CREATE TABLE t(x)"]


def test_the_state_folder_stays_out_of_version_control(tmp_path):
    open_store(tmp_path).close()

    assert (tmp_path / ".ciranda" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / ".ciranda" / "ciranda.db").is_file()


def test_the_state_folder_itself_can_be_named(tmp_path):
    open_store(tmp_path / ".ciranda").close()

    assert (tmp_path / ".ciranda" / "ciranda.db").is_file()
    assert not (tmp_path / ".ciranda" / ".ciranda").exists()


def test_durability_off_touches_no_disk(tmp_path):
    assert isinstance(open_store(tmp_path, Durability.OFF), MemoryLog)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("durability", "level"), [(Durability.POWER, 2), (Durability.PROCESS, 1), (Durability.OFF, 0)]
)
def test_the_journal_and_the_level_are_as_promised(tmp_path, durability, level):
    database = Database("d", TABLE, folder=tmp_path, durability=durability)

    assert database.execute("PRAGMA synchronous") == [(level,)]
    assert database.execute("PRAGMA journal_mode") == [("wal",)]
    database.close()


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / ".ciranda").write_text("")

    with pytest.raises(StoreError, match=r"\.ciranda is a file, and ciranda keeps its state in a"):
        open_store(tmp_path)


def test_a_folder_in_place_of_the_file_is_named(tmp_path):
    (tmp_path / ".ciranda" / "ciranda.db").mkdir(parents=True)

    with pytest.raises(StoreError, match=r"ciranda\.db is a folder where a file is expected: move"):
        open_store(tmp_path)


@pytest.mark.parametrize("text", [b"not a database, but long enough to be one" * 30, b"short"])
def test_a_file_of_something_else_is_named_and_kept(tmp_path, text):
    (tmp_path / ".ciranda").mkdir()
    file = tmp_path / ".ciranda" / "ciranda.db"
    file.write_bytes(text)

    with pytest.raises(StoreError, match=r"ciranda\.db is not a SQLite database: move it away"):
        open_store(tmp_path)
    assert file.read_bytes() == text


def test_the_database_of_another_program_is_named_and_kept(tmp_path):
    (tmp_path / ".ciranda").mkdir()
    file = tmp_path / ".ciranda" / "ciranda.db"
    other = apsw.Connection(str(file))
    other.execute("CREATE TABLE theirs(x)")
    other.close()
    before = file.read_bytes()

    with pytest.raises(StoreError, match=r"ciranda\.db is a database of another program: move it"):
        open_store(tmp_path)
    assert file.read_bytes() == before


def test_a_file_of_a_newer_schema_is_refused(tmp_path):
    Database("d", [*TABLE, "CREATE TABLE u(x)"], folder=tmp_path).close()

    with pytest.raises(
        StoreError, match=r"d\.db was made by a newer ciranda \(schema 2, this one knows 1\): upgr"
    ):
        Database("d", TABLE, folder=tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    if os.name != "posix" or not os.path.isdir("/proc/self"):
        pytest.skip("there is no folder that nobody can write")
    from pathlib import Path

    with pytest.raises(StoreError, match=r"/proc/self/\.ciranda cannot be made \(.+\): allow"):
        open_store(Path("/proc/self"))


def test_a_file_that_may_not_be_written_is_named(tmp_path):
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("this user may write everything")
    open_store(tmp_path).close()
    os.chmod(tmp_path / ".ciranda" / "ciranda.db", 0o400)

    with pytest.raises(StoreError, match=r"ciranda\.db cannot be written .*: allow writing"):
        open_store(tmp_path)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (apsw.SQLITE_READONLY, r"d\.db cannot be written \(.*\): allow writing to the file and"),
        (apsw.SQLITE_PERM, r"d\.db may not be accessed \(.*\): allow reading and writing it"),
        (apsw.SQLITE_CANTOPEN, r"d\.db cannot be opened \(.*\): check that its folder exists"),
        (apsw.SQLITE_CORRUPT, r"d\.db is damaged \(.*\): copy it aside, then restore a backup"),
        (apsw.SQLITE_IOERR_WRITE, r"failed under .*d\.db \(.*SQLITE_IOERR_WRITE\): check the disk"),
        (apsw.SQLITE_NOMEM, r"there is not enough memory to use .*d\.db: free some"),
        (apsw.SQLITE_MISUSE, r"d\.db cannot be used \(MisuseError: .*"),
    ],
)
def test_every_condition_of_sqlite_has_its_sentence(tmp_path, monkeypatch, code, said):
    def fail(*_):
        raise apsw.exception_for(code)

    monkeypatch.setattr(opening, "_connect", fail)

    with pytest.raises(StoreError, match=said):
        Database("d", TABLE, folder=tmp_path)


def test_an_unsound_sqlite_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.40.1")

    with pytest.raises(StoreError, match=r"SQLite 3\.40\.1 can lose records of .*: install apsw"):
        open_store(tmp_path)


def test_a_file_held_by_another_process_is_named(tmp_path):
    mine = SqliteLog(tmp_path, busy=0.05)
    other = apsw.Connection(str(mine.path))
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match=r"ciranda\.db stayed locked by another process: end the"):
        mine.create_run(RunRow("r1", "n", "f", "running", 0.0))

    other.execute("ROLLBACK")
    mine.create_run(RunRow("r1", "n", "f", "running", 0.0))
    other.close()
    mine.close()


def test_many_can_create_the_same_file_at_once(tmp_path):
    faults: list[BaseException] = []

    def open_and_close():
        try:
            for _ in range(3):
                log = SqliteLog(tmp_path, Durability.PROCESS)
                log.runs()
                log.close()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=open_and_close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []


def test_a_closed_store_says_so(tmp_path):
    log = SqliteLog(tmp_path, Durability.OFF)
    log.close()
    log.close()

    with pytest.raises(StoreError, match=r"ciranda\.db is closed: open the store again"):
        log.runs()


def in_child(log, answers):
    try:
        log.runs()
    except StoreError as error:
        answers.put(str(error))
    log.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_store_from_before_a_fork_is_refused(tmp_path, row):
    log = SqliteLog(tmp_path, Durability.OFF)
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=in_child, args=(log, answers))

    child.start()

    assert "ciranda.db was opened before a fork: open the store again" in answers.get()
    child.join()
    log.create_run(row())
    assert log.check() == []
    log.close()
