"""What both logs do alike."""

import hashlib

import msgspec
import pytest

from ciranda.errors import RunNotFoundError, StoreError
from ciranda.store import Record


def test_what_is_appended_is_read_back_in_order(log, row, records):
    log.create_run(row())
    epoch = log.acquire("r1", "me", 30).epoch

    log.append("r1", epoch, records(0))
    log.append("r1", epoch, records(1, 1200))

    assert list(log.read("r1")) == records(0, 1200)
    assert list(log.read("r1", after=1199)) == records(1200)
    assert list(log.read("r1", after=3, limit=2)) == records(4, 5)
    assert list(log.read("r1", after=1200)) == []
    assert log.record("r1", 7) == records(7)[0]


def test_a_run_of_two_is_not_mixed_up_with_the_other(log, row, records):
    for run in ("r1", "r2"):
        log.create_run(row(run))
        log.append(run, log.acquire(run, "me", 30).epoch, records(0, 3, run, run.encode()))

    assert list(log.read("r2")) == records(0, 3, "r2", b"r2")


@pytest.mark.parametrize("seq", [0, 2, 9])
def test_a_record_that_does_not_follow_on_the_last_is_refused(log, row, records, seq):
    log.create_run(row())
    epoch = log.acquire("r1", "me", 30).epoch
    log.append("r1", epoch, records(0))

    with pytest.raises(StoreError, match=f"record {seq} cannot be appended to run r1: the next"):
        log.append("r1", epoch, records(seq))

    assert list(log.read("r1")) == records(0)


def test_a_record_of_another_run_is_refused(log, row, records):
    log.create_run(row())
    epoch = log.acquire("r1", "me", 30).epoch

    with pytest.raises(StoreError, match="a record of run r2 cannot be appended to run r1"):
        log.append("r1", epoch, records(0, run="r2"))


def test_a_batch_with_a_hole_adds_nothing(log, row, records):
    log.create_run(row())
    epoch = log.acquire("r1", "me", 30).epoch

    with pytest.raises(StoreError, match="record 2 cannot be appended"):
        log.append("r1", epoch, [*records(0), *records(2)])

    assert list(log.read("r1")) == []
    log.append("r1", epoch, records(0))


def test_large_payloads_come_back_whole(log, row):
    log.create_run(row())
    epoch = log.acquire("r1", "me", 30).epoch
    sizes = [0, 65_535, 65_536, 65_537, 3_000_000]
    written = [Record("r1", i, 0.0, "T", 1, bytes([i]) * size) for i, size in enumerate(sizes)]

    log.append("r1", epoch, written[:3])
    log.append("r1", epoch, written[3:4])
    log.append("r1", epoch, written[4:])

    assert list(log.read("r1")) == written
    assert log.record("r1", 4) == written[4]


def test_status_changes_with_the_records_that_say_so(log, row, records):
    log.create_run(row())
    epoch = log.acquire("r1", "me", 30).epoch

    log.append("r1", epoch, records(0), "completed", 9.0)

    assert log.run("r1").status == "completed"
    assert log.run("r1").finished == 9.0
    with pytest.raises(StoreError):
        log.append("r1", epoch, records(7), "failed", 10.0)
    assert log.run("r1").status == "completed"


def test_a_run_is_created_once(log, row):
    log.create_run(row(name="first"))

    with pytest.raises(StoreError, match="run r1 is in the store already"):
        log.create_run(row(name="second"))

    assert log.run("r1").name == "first"


def test_blobs_are_found_by_their_digest(log, row):
    log.create_run(row())

    digest = log.put_blob(b"bytes")

    assert digest == hashlib.sha256(b"bytes").hexdigest()
    assert log.put_blob(b"bytes", "r1") == digest
    assert log.blob(digest) == b"bytes"
    with pytest.raises(StoreError, match=r"blob 0000000000000000\.\.\. is not in the store"):
        log.blob("0" * 64)


def test_a_run_is_found_by_id_by_prefix_and_as_the_last(log, row):
    for run in ("abc1", "abc", "abd2", "xyz"):
        log.create_run(row(run))

    assert log.run("abc").id == "abc"
    assert log.run("abc1").id == "abc1"
    assert log.run("abd").id == "abd2"
    assert log.run("last").id == "xyz"


def test_a_run_that_is_a_part_of_another_is_never_the_last(log, row):
    log.create_run(row("whole"))
    log.create_run(msgspec.structs.replace(row("part"), parent="whole"))

    assert log.run("last").id == "whole"
    assert log.run("part").parent == "whole"


def test_a_prefix_of_several_runs_lists_them(log, row):
    for run in ("abc1", "abc2"):
        log.create_run(row(run))

    with pytest.raises(RunNotFoundError, match=r"'abc' fits several runs \(abc1, abc2\): write"):
        log.run("abc")


def test_a_wrong_name_is_answered_with_a_near_one(log, row):
    with pytest.raises(RunNotFoundError, match="there is no run yet"):
        log.run("last")
    log.create_run(row("abcdef"))

    with pytest.raises(RunNotFoundError, match=r"no run is called 'abcdfe': did you mean abcdef\?"):
        log.run("abcdfe")
    with pytest.raises(RunNotFoundError, match="no run is called 'q': `ciranda runs` lists them"):
        log.run("q")
    with pytest.raises(RunNotFoundError, match="did you mean abcdef"):
        list(log.read("abcde"))


def test_runs_are_listed_newest_first_and_in_pages(log, row):
    for index in range(5):
        log.create_run(row(f"r{index}", status="failed" if index % 2 else "completed"))

    assert [one.id for one in log.runs(2)] == ["r4", "r3"]
    assert [one.id for one in log.runs(2, before="r3")] == ["r2", "r1"]
    assert [one.id for one in log.runs(status="failed")] == ["r3", "r1"]


def test_messages_wait_until_they_are_taken_and_stay(log, row, now):
    log.create_run(row())
    before = log.data_version()

    first = log.post("r1", "cancel", b"")
    second = log.post("r1", "approve", b"yes")

    assert log.data_version() != before
    assert [(one.id, one.kind, one.payload) for one in log.take("r1")] == [
        (first, "cancel", b""),
        (second, "approve", b"yes"),
    ]
    assert [one.kind for one in log.take("r1", after=first)] == ["approve"]
    assert log.take("r1")[0].at == now.wall
    with pytest.raises(RunNotFoundError):
        log.post("other", "cancel", b"")


def test_messages_that_are_forgotten_are_gone_and_their_numbers_are_not_given_again(log, row):
    log.create_run(row())
    log.create_run(row("r2"))
    ids = [log.post("r1", kind, b"x") for kind in ("event", "cancel", "event", "cancel")]
    other = log.post("r2", "event", b"y")

    log.forget("r1", ids[0], "cancel", ids[3])

    assert [one.id for one in log.take("r1")] == [ids[2]]
    assert [one.id for one in log.take("r2")] == [other]
    log.forget("r1", ids[3], "cancel", 0)
    assert log.take("r1") == []
    assert log.post("r1", "event", b"z") > other
    with pytest.raises(RunNotFoundError):
        log.forget("other", 1, "cancel", 1)


def test_output_keeps_its_order_and_its_streams(log, row):
    log.create_run(row())
    log.append_output("r1", "a", "stdout", b"one\n")
    log.append_output("r1", "b", "stdout", b"two\n")
    log.append_output("r1", "a", "stderr", b"three\n")
    log.append_output("r1", "a", "stdout", b"")

    chunks = log.output("r1")

    assert [(one.path, one.stream, one.offset, one.data) for one in chunks] == [
        ("a", "stdout", 0, b"one\n"),
        ("b", "stdout", 0, b"two\n"),
        ("a", "stderr", 4, b"three\n"),
    ]
    assert log.output("r1", "a") == [chunks[0], chunks[2]]
    assert log.output("r1", after=chunks[0].id) == chunks[1:]


@pytest.mark.uncounted
@pytest.mark.parametrize("size", [1000, 70_000, 3_000_000])
def test_long_output_keeps_its_head_and_its_tail(log, row, size):
    log.create_run(row())
    text = b"".join(b"%07d\n" % number for number in range(375_000))

    for start in range(0, len(text), size):
        log.append_output("r1", "a", "stdout", text[start : start + size])

    chunks = log.output("r1")
    kept = sum(len(chunk.data) for chunk in chunks)
    assert 900 * 1024 <= kept <= 1024 * 1024
    assert all(text[c.offset : c.offset + len(c.data)] == c.data for c in chunks)
    assert b"".join(c.data for c in chunks).startswith(text[: 512 * 1024])
    assert b"".join(c.data for c in chunks).endswith(text[-448 * 1024 :])


def test_durations_are_medians_of_the_newest_samples(log):
    for seconds in [100.0] * 20 + [1.0] * 7 + [3.0] + [5.0] * 7:
        log.add_durations("w", {"a": seconds, "b": 2.0})

    assert log.durations("w", ["a", "b", "never"]) == {"a": 3.0, "b": 2.0}
    assert log.durations("other", ["a"]) == {}


def test_prune_removes_only_what_ended_long_ago(log, row, records, now):
    shared, own, kept = b"shared" * 20_000, b"own" * 40_000, b"kept"
    for run in ("old", "new", "open"):
        log.create_run(row(run))
        lease = log.acquire(run, "me", 30)
        log.append(run, lease.epoch, [Record(run, 0, 0.0, "T", 1, shared)])
        log.append(run, lease.epoch, records(1, 4, run))
        if run != "open":
            finished = now.wall - (100 if run == "old" else 10)
            log.set_status(run, lease.epoch, "completed", finished)
        log.release(lease)
    lost, still = log.put_blob(own, "old"), log.put_blob(kept)

    pruned = log.prune(50)

    assert (pruned.runs, pruned.records) == (1, 5)
    assert [one.id for one in log.runs()] == ["open", "new"]
    assert log.record("new", 0).payload == shared
    assert log.blob(still) == kept
    with pytest.raises(StoreError, match="is not in the store"):
        log.blob(lost)
    assert log.check() == []


def test_a_pruned_id_can_be_used_again_without_its_past(log, row, records, now):
    log.create_run(row(finished=1.0, status="completed"))
    log.post("r1", "cancel", b"")
    assert log.prune(0).runs == 1
    log.create_run(row())

    log.append("r1", log.acquire("r1", "me", 30).epoch, records(0))

    assert list(log.read("r1")) == records(0)
    assert log.take("r1") == []
