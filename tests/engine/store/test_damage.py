"""Flipped bits, cut files, swapped rows: noticed or harmless, never another result."""

import contextlib
import itertools
import random
import shutil
from collections import Counter
from pathlib import Path

import apsw
import pytest

from ciranda.errors import CirandaError, StoreError
from ciranda.store import Durability, Record, RunRow, SqliteLog

SEED = 7
COUNT = 40
WRITTEN = [
    Record("r1", seq, seq / 8, "StepCompleted", 1, b"payload of record %d;" % seq * (1 + seq))
    for seq in range(COUNT)
] + [Record("r1", COUNT, 9.0, "RunCompleted", 1, bytes(range(256)) * 300)]


def write(folder: Path, *, closed: bool = True) -> Path:
    """Write one whole run; return its file, all in it if `closed`, else all in its journal."""
    log = SqliteLog(folder, Durability.OFF)
    log._database._writer.wal_autocheckpoint(0)
    log.create_run(RunRow("r1", "n", "f", "running", 1.0))
    lease = log.acquire("r1", "me", 30)
    for record in WRITTEN:
        log.append("r1", lease.epoch, [record])
    log.set_status("r1", lease.epoch, "completed", 2.0)
    log.release(lease)
    if not closed:
        open_file = folder / "open"
        shutil.copytree(log.path.parent, open_file / ".ciranda")
        log.close()
        return open_file / ".ciranda" / "ciranda.db"
    log.close()
    return log.path


def result(file: Path) -> list[Record] | None:
    """Return the run as read, None if that was refused with a sentence."""
    with contextlib.suppress(CirandaError):
        log = SqliteLog(file.parent, Durability.OFF)
        with contextlib.closing(log):
            return list(log.read("r1"))
    return None


def outcomes(file: Path, places: list[tuple[int, int]]) -> Counter[str]:
    sound = file.read_bytes()
    found: Counter[str] = Counter()
    for offset, bit in places:
        damaged = bytearray(sound)
        damaged[offset] ^= 1 << bit
        file.write_bytes(damaged)
        for journal in file.parent.glob("ciranda.db-*"):
            journal.unlink()
        read = result(file)
        if read is None:
            found["noticed"] += 1
        else:
            found["harmless" if read == WRITTEN else "silent"] += 1
    return found


@pytest.mark.uncounted
def test_every_flipped_bit_of_a_record_is_noticed(tmp_path):
    file = write(tmp_path)
    sound = file.read_bytes()
    bodies = [b"StepCompleted" + record.payload for record in WRITTEN[:10]]
    body = next(one for one in bodies if sound.count(one) == 1)  # no stale copy on a split page
    before = 8 + 8 + 6  # the time; the row's header; its length and key
    start = sound.index(body) - before
    cell = [(start + byte, bit) for byte in range(before + len(body) + 4) for bit in range(8)]

    found = outcomes(file, cell)

    # The harmless one is in the type of the key column, which SQLite does not look at.
    assert found == {"noticed": len(cell) - 1, "harmless": 1}


@pytest.mark.uncounted
def test_a_flipped_bit_anywhere_is_noticed_or_harmless(tmp_path):
    file = write(tmp_path)
    chance = random.Random(SEED)
    size = file.stat().st_size
    heads = [page + offset for page in range(0, size, 4096) for offset in range(16)]
    places = [(chance.choice(heads), chance.randrange(8)) for _ in range(300)]
    places += [(chance.randrange(size), chance.randrange(8)) for _ in range(300)]

    found = outcomes(file, places)

    assert found["silent"] == 0
    assert found["noticed"] > 100


def test_a_cut_file_is_noticed(tmp_path):
    file = write(tmp_path)
    sound = file.read_bytes()
    chance = random.Random(SEED)

    for size in [0, 1, 100, 4096, *chance.sample(range(len(sound)), 100)]:
        file.write_bytes(sound[:size])
        assert result(file) in (None, WRITTEN), size


def test_a_cut_journal_takes_an_end_and_nothing_else(tmp_path):
    file = write(tmp_path, closed=False)
    journal = file.with_name("ciranda.db-wal")
    main, sound = file.read_bytes(), journal.read_bytes()
    chance = random.Random(SEED)

    for size in chance.sample(range(len(sound)), 60):
        for old in file.parent.glob("ciranda.db*"):
            old.unlink()
        file.write_bytes(main)
        journal.write_bytes(sound[:size])
        read = result(file)
        assert read is None or read == WRITTEN[: len(read)]


def change(file: Path, *statements: str):
    with apsw.Connection(str(file)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()
    connection.close()


def test_swapped_records_are_noticed_by_name(tmp_path):
    file = write(tmp_path)
    change(
        file,
        "UPDATE records SET id = -1 WHERE id & 0xffffffff = 3",
        "UPDATE records SET id = id - 1 WHERE id & 0xffffffff = 4",
        "UPDATE records SET id = (1 << 32) + 4 WHERE id = -1",
    )
    log = SqliteLog(tmp_path, Durability.OFF)

    with pytest.raises(StoreError, match=r"record 3 \(StepCompleted\) of run r1 is damaged"):
        list(log.read("r1"))
    assert any("record 3 (StepCompleted) of run r1" in fault for fault in log.check())
    log.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "DELETE FROM records WHERE id & 0xffffffff = 3",
            r"record 3 of run r1 is missing \(the next one there is 4\)",
        ),
        ("DELETE FROM records WHERE id & 0xffffffff > 30", "ends at record 30, but it once"),
        ("DELETE FROM records", "run r1 ends at record -1, but it once reached 40"),
        ("UPDATE records SET payload = x'00' WHERE id & 0xffffffff = 5", "record 5 .* is damaged"),
        ("UPDATE records SET at = 0 WHERE id & 0xffffffff = 5", "record 5 .* is damaged"),
        ("UPDATE records SET type = 'X' WHERE id & 0xffffffff = 5", r"record 5 \(X\) of run r1"),
        ("UPDATE records SET type = x'ff' WHERE id & 0xffffffff = 5", "record 5 .* is damaged"),
        ("UPDATE records SET version = 2 WHERE id & 0xffffffff = 5", "record 5 .* is damaged"),
        ("UPDATE records SET version = 'a' WHERE id & 0xffffffff = 5", "record 5 .* is damaged"),
        ("UPDATE records SET spilled = 1 WHERE id & 0xffffffff = 5", "record 5 .* is damaged"),
        (
            "UPDATE records SET type = cast(x'fffe' AS TEXT) WHERE id & 0xffffffff = 5",
            "run r1 cannot be read after record 4: .* holds text that is not UTF-8",
        ),
        ("UPDATE blobs SET data = x'00'", "blob [0-9a-f]{16}... in .* is damaged"),
        ("DELETE FROM blobs", "blob [0-9a-f]{16}... is not in the store"),
    ],
)
def test_a_changed_row_is_noticed_by_name(tmp_path, statement, said):
    file = write(tmp_path)
    change(file, statement)
    log = SqliteLog(tmp_path, Durability.OFF)

    with pytest.raises(StoreError, match=said):
        list(log.read("r1"))
    assert log.check()
    log.close()


def test_what_is_sound_before_the_damage_is_still_read(tmp_path):
    file = write(tmp_path)
    change(file, "UPDATE records SET payload = x'00' WHERE id & 0xffffffff = 5")
    log = SqliteLog(tmp_path, Durability.OFF)
    records = log.read("r1")

    assert list(itertools.islice(records, 5)) == WRITTEN[:5]
    with pytest.raises(StoreError, match="record 5"):
        next(records)
    log.close()


def test_a_damaged_message_is_told_of_and_those_after_it_come(sqlite, row):
    sqlite.create_run(row())
    sqlite.post("r1", "cancel", b"no")
    sqlite.announce("event", b"lost")
    sqlite._database.execute("UPDATE inbox SET payload = x'00'")
    sqlite.announce("event", b"found")

    assert [one.kind for one in sqlite.take("r1")] == ["damaged", "damaged", "event"]
    assert [one.kind for one in sqlite.announced()] == ["damaged", "event"]
    assert sqlite.check() == [
        "message 1 to run r1 is damaged: send it again",
        "message 2 to run r1 is damaged: send it again",
        "message 3 to the store is damaged: send it again",
    ]


def test_damaged_messages_output_leases_and_runs_are_noticed(sqlite, row):
    sqlite.create_run(row())
    sqlite.post("r1", "approve", b"yes")
    sqlite.append_output("r1", "a", "stdout", b"text")
    sqlite.acquire("r1", "me", 30)
    damage = [("inbox", "payload"), ("outputs", "data"), ("leases", "holder"), ("runs", "file")]
    for table, column in damage:
        sqlite._database.execute(f"UPDATE {table} SET {column} = x'00'")

    assert [(one.id, one.kind, one.payload) for one in sqlite.take("r1")] == [(1, "damaged", b"")]
    with pytest.raises(StoreError, match="the output of step a of run r1 is damaged at byte 0"):
        sqlite.output("r1")
    with pytest.raises(StoreError, match=r"the lease of run r1 in .* is damaged"):
        sqlite.acquire("r1", "me", 30)
    with pytest.raises(StoreError, match=r"the row of run r1 in .* is damaged"):
        sqlite.run("r1")
