"""What is there of a run is told whole, also where some of it is damaged or gone."""

import hashlib

import apsw
import pytest

from ciranda.errors import RunNotFoundError
from ciranda.store import Durability, Examined, Record, SqliteLog

PAYLOADS = [b"first", b"second", b"large" * 20_000, b"last"]


def fill(log, row):
    log.create_run(row())
    lease = log.acquire("r1", "me", 30)
    records = [Record("r1", seq, float(seq), "T", 1, data) for seq, data in enumerate(PAYLOADS)]
    log.append("r1", lease.epoch, records)
    log.release(lease)


def sound(seq):
    return Examined(seq, float(seq), "T", 1, hashlib.sha256(PAYLOADS[seq]).hexdigest())


def test_sound_records_are_told_with_the_digest_of_their_payload(log, row):
    fill(log, row)

    assert list(log.examine("r1")) == [sound(seq) for seq in range(4)]
    with pytest.raises(RunNotFoundError, match="r2"):
        list(log.examine("r2"))


@pytest.mark.parametrize(
    ("statement", "seqs", "damaged"),
    [
        ("DELETE FROM records WHERE id & 255 = 1", [0, 2, 3], {}),
        ("UPDATE records SET payload = x'00' WHERE id & 255 = 1", [0, 1, 2, 3], {1: "do not fit"}),
        ("UPDATE records SET type = x'ff' WHERE id & 255 = 1", [0, 1, 2, 3], {1: "do not fit"}),
        ("UPDATE records SET payload = 'a' WHERE id & 255 = 1", [0, 1, 2, 3], {1: "do not fit"}),
        ("UPDATE records SET id = id + 9 WHERE id & 255 = 3", [0, 1, 2, 12], {12: "do not fit"}),
        ("DELETE FROM blobs", [0, 1, 2, 3], {2: "is not in the store"}),
        (
            "UPDATE records SET type = cast(x'fffe' AS TEXT) WHERE id & 255 = 1",
            [0, 1, 2, 3],
            {1: "not UTF-8"},
        ),
    ],
)
def test_damage_is_told_and_what_follows_it_too(tmp_path, row, statement, seqs, damaged):
    log = SqliteLog(tmp_path, Durability.OFF)
    fill(log, row)
    log.close()
    with apsw.Connection(str(log.path)) as connection:
        connection.execute(statement).fetchall()
    connection.close()
    log = SqliteLog(tmp_path, Durability.OFF)

    found = list(log.examine("r1"))
    log.close()

    assert [one.seq for one in found] == seqs
    assert {one.seq for one in found if one.fault} == damaged.keys()
    for one in found:
        if one.fault:
            assert damaged[one.seq] in one.fault
        else:
            assert one == sound(one.seq)
    if "blobs" in statement:
        assert found[2].digest == sound(2).digest
