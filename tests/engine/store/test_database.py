"""A plugin's own durable file."""

import threading

import pytest

from ciranda.errors import StoreError
from ciranda.store import Database, Durability

FIRST = ["CREATE TABLE votes(round INTEGER PRIMARY KEY, value TEXT NOT NULL)"]


@pytest.fixture
def database(tmp_path):
    made = Database("votes", FIRST, folder=tmp_path, durability=Durability.OFF)
    yield made
    made.close()


def test_what_is_written_is_read_back_after_reopening(tmp_path):
    database = Database("votes", FIRST, folder=tmp_path)
    database.execute("INSERT INTO votes VALUES(?, ?)", (1, "yes"))
    assert database.change("UPDATE votes SET value = 'no'") == 1
    database.execute_many("INSERT INTO votes VALUES(?, ?)", [(2, "a"), (3, "b")])
    database.close()

    again = Database("votes", FIRST, folder=tmp_path)

    assert again.query("SELECT * FROM votes") == [(1, "no"), (2, "a"), (3, "b")]
    assert again.check() == []
    again.close()


def test_migrations_are_applied_once_each_and_keep_what_is_there(tmp_path):
    database = Database("votes", FIRST, folder=tmp_path)
    database.execute("INSERT INTO votes VALUES(1, 'yes')")
    database.close()
    second = [*FIRST, "ALTER TABLE votes ADD COLUMN weight INTEGER DEFAULT 7; CREATE TABLE more(x)"]

    for _ in range(2):
        database = Database("votes", second, folder=tmp_path)
        assert database.query("SELECT * FROM votes") == [(1, "yes", 7)]
        assert database.query("SELECT * FROM more") == []
        database.close()


def test_a_migration_that_fails_changes_nothing(tmp_path):
    Database("votes", FIRST, folder=tmp_path).close()

    with pytest.raises(StoreError, match="nonsense"):
        Database("votes", [*FIRST, "CREATE TABLE more(x); nonsense"], folder=tmp_path)

    database = Database("votes", [*FIRST, "CREATE TABLE more(x)"], folder=tmp_path)
    assert database.query("SELECT * FROM more") == []
    database.close()


def test_a_transaction_is_all_or_nothing(database):
    def fail():
        with database.transaction():
            database.execute("INSERT INTO votes VALUES(1, 'yes')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.transaction():
        database.execute("INSERT INTO votes VALUES(2, 'a')")
        with database.transaction():
            database.execute("INSERT INTO votes VALUES(3, 'b')")
        assert database.query("SELECT * FROM votes") == []

    assert database.query("SELECT round FROM votes") == [(2,), (3,)]


def test_a_refused_row_undoes_its_transaction_and_no_more(database):
    database.execute("INSERT INTO votes VALUES(1, 'yes')")

    with pytest.raises(StoreError, match=r"refused a row \(.*votes\.round.*\)"):
        database.execute_many("INSERT INTO votes VALUES(?, 'a')", [(2,), (1,)])
    with database.transaction():
        database.execute("INSERT INTO votes VALUES(5, 'a')")
        with pytest.raises(StoreError, match="refused a row"):
            database.execute("INSERT INTO votes VALUES(1, 'a')")

    assert database.query("SELECT round FROM votes") == [(1,), (5,)]


def test_threads_share_a_database(database):
    def write(first):
        for number in range(first, first + 50):
            with database.transaction():
                database.execute("INSERT INTO votes VALUES(?, 'x')", (number,))
                database.execute("UPDATE votes SET value = 'y' WHERE round = ?", (number,))
            assert database.query("SELECT value FROM votes WHERE round = ?", (number,))

    threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 400, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert database.query("SELECT count(*), min(value) FROM votes") == [(200, "y")]


def test_readers_cannot_write(database):
    with pytest.raises(StoreError, match=r"votes\.db cannot be written"):
        database.query("DELETE FROM votes")


@pytest.mark.parametrize("name", ["", "../up", "a b", "a/b", "a.db"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path, name):
    with pytest.raises(StoreError, match="cannot name a database: use letters, digits, - and _"):
        Database(name, FIRST, folder=tmp_path)


def test_an_integrity_check_tells_what_is_wrong(database):
    database.execute_many("INSERT INTO votes VALUES(?, 'x')", [(n,) for n in range(50)])
    database.execute("CREATE INDEX by_value ON votes(value)")
    database.execute("PRAGMA writable_schema=1")
    database.execute("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'by_value'")
    database.execute("PRAGMA writable_schema=0")

    assert database.check()


def test_a_folder_may_be_given_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (str(tmp_path), tmp_path, str(tmp_path / ".ciranda"), "."):
        database = Database("mine", [], folder=folder)
        assert database.path.resolve() == tmp_path / ".ciranda" / "mine.db"
        database.close()
