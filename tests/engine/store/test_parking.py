"""Runs that nobody executes: when they can go on, and that no wake-up is lost."""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from ciranda.errors import LeaseLostError, RunNotFoundError
from ciranda.store import Clock, Durability, MemoryLog, RunRow, SqliteLog, sqlite
from ciranda.store.checksum import row_check
from ciranda.store.schema import MIGRATIONS

PARK = """
import json, os, signal, sys
from pathlib import Path
from ciranda.store import Durability, Record, RunRow, SqliteLog

log = SqliteLog(Path(sys.argv[1]), Durability.PROCESS)
log.create_run(RunRow("parked", "n", "f", "running", 1.0))
log.create_run(RunRow("taken", "n", "f", "running", 1.0))
for run in ("parked", "taken"):
    lease = log.acquire(run, "me", 3600)
    log.park(run, lease.epoch, None, 0, [Record(run, 0, 1.0, "RunParked", 1, b"")])
    log.release(lease)
    log.post(run, "event", b"hello")
log.acquire("taken", "me", 3600)
print(json.dumps(log.due(0.0)), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def parked(log, run="r1", due=None, seen=0):
    lease = log.acquire(run, "me", 30)
    log.park(run, lease.epoch, due, seen)
    log.release(lease)
    return lease


def test_a_parked_run_goes_on_when_its_time_has_come(log, row):
    log.create_run(row())
    parked(log, due=100.0)

    assert log.run("r1").status == "waiting"
    assert not log.held("r1")
    assert log.due(99.9) == []
    assert log.due(100.0) == ["r1"]


def test_a_parked_run_goes_on_when_a_message_came_that_it_did_not_look_at(log, row):
    log.create_run(row())
    log.create_run(row("r2"))
    seen = log.post("r1", "event", b"old")
    parked(log, seen=seen)
    parked(log, "r2", seen=seen)
    assert log.due(1e12) == []

    log.post("r1", "event", b"new")

    assert log.due(0.0) == ["r1"]
    assert [message.payload for message in log.take("r1", seen)] == [b"new"]


def test_a_message_of_a_topic_wakes_only_the_runs_that_named_it(log, row):
    for run, topics in (("any", None), ("none", []), ("x", ["w", "x"]), ("y", ["y"])):
        log.create_run(row(run))
        lease = log.acquire(run, "me", 30)
        log.park(run, lease.epoch, None, 0, topics=topics)
        log.release(lease)

    log.announce("event", b"", "x")
    assert log.due(0.0) == ["any", "x"]
    assert [message.topic for message in log.take("y")] == ["x"]

    log.post("none", "cancel", b"")
    assert log.due(0.0) == ["any", "none", "x"]


def test_a_message_between_the_last_look_and_the_parking_is_not_lost(log, row):
    log.create_run(row())
    lease = log.acquire("r1", "me", 30)
    log.post("r1", "event", b"just now")

    log.park("r1", lease.epoch, None, 0)
    log.release(lease)

    assert log.due(0.0) == ["r1"]


def test_whoever_takes_a_parked_run_has_it_alone_and_ends_the_parking_by_going_on(
    log, row, records
):
    log.create_run(row())
    parked(log, due=1.0)

    lease = log.acquire("r1", "other", 30)
    assert log.due(2.0) == []
    log.release(lease)
    assert log.due(2.0) == ["r1"]  # it could not be gone on with: it still waits

    lease = log.acquire("r1", "other", 30)
    log.append("r1", lease.epoch, records(0), status="running")
    log.release(lease)
    assert log.due(2.0) == []
    assert log.run("r1").status == "running"


def test_parking_is_refused_to_whoever_lost_the_run(log, row, records):
    log.create_run(row())
    lease = parked(log)

    with pytest.raises(LeaseLostError, match="run r1 is not leased to this process: resume it"):
        log.park("r1", lease.epoch, 5.0, 0, records(0))

    assert list(log.read("r1")) == []
    with pytest.raises(RunNotFoundError, match="no run is called 'zz'"):
        log.park("zz", 1, None, 0)


def test_a_parking_and_the_record_that_tells_of_it_are_kept_together(log, row, records):
    log.create_run(row(finished=3.0))
    lease = log.acquire("r1", "me", 30)

    log.park("r1", lease.epoch, 7.0, 0, records(0, 1))

    assert list(log.read("r1")) == records(0, 1)
    assert (log.run("r1").status, log.run("r1").finished) == ("waiting", None)
    assert log.due(8.0) == []  # as long as it is held


def test_parked_runs_are_listed_and_never_pruned(log, row, now):
    log.create_run(row())
    log.create_run(row("r2"))
    parked(log)
    now.pass_seconds(1e9)

    assert [each.id for each in log.runs(status="waiting")] == ["r1"]
    assert log.run("last").id == "r2"
    assert log.prune(0).runs == 0


def test_an_announcement_reaches_every_run_that_has_not_ended_and_the_store(log, row, now):
    for run, status in [("r1", "running"), ("r2", "failed"), ("r3", "running")]:
        log.create_run(row(run, status))
    parked(log, "r3")

    before = log.data_version()
    assert log.announce("event", b"x") == ["r1", "r3"]

    assert log.data_version() != before
    assert log.due(0.0) == ["r3"]
    assert [len(log.take(run)) for run in ("r1", "r2", "r3")] == [1, 0, 1]
    (heard,) = log.announced()
    assert (heard.run, heard.kind, heard.payload, heard.at) == ("", "event", b"x", now.wall)
    assert log.announced(heard.id) == []
    log.prune(10)
    assert log.announced() == [heard]
    now.pass_seconds(11)
    log.prune(10)
    assert log.announced() == []


RUNS = st.sampled_from(["a", "b", "c"])
STEPS = st.one_of(
    st.tuples(st.just("park"), RUNS, st.none() | st.integers(0, 9), st.booleans()),
    st.tuples(st.just("post"), RUNS),
    st.tuples(st.just("announce")),
    st.tuples(st.just("acquire"), RUNS),
    st.tuples(st.just("resume"), RUNS),
    st.tuples(st.just("release"), RUNS),
    st.tuples(st.just("wait"), st.integers(1, 5)),
)


class Model:
    """What should be due, told from what was done alone."""

    def __init__(self):
        self.messages: list[tuple[int, str]] = []
        self.parked: dict[str, tuple[int | None, int]] = {}
        self.held: set[str] = set()

    def newest(self, run):
        return max((number for number, whose in self.messages if whose == run), default=0)

    def due(self, now):
        return sorted(
            run
            for run, (due, seen) in self.parked.items()
            if run not in self.held
            and ((due is not None and due <= now) or self.newest(run) > seen)
        )


@given(st.lists(STEPS, max_size=40), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_interleaving_wakes_exactly_the_runs_that_it_should(steps, durable):
    now = [0.0]
    clock = Clock(lambda: now[0], lambda: now[0])
    model, leases = Model(), {}
    with tempfile.TemporaryDirectory() as folder:
        log = (
            SqliteLog(Path(folder), Durability.OFF, clock=clock)
            if durable
            else MemoryLog(clock=clock)
        )
        for run in "abc":
            log.create_run(RunRow(run, "n", "f", "running", 0.0))
        for action, *words in steps:
            run = str(words[0]) if words else ""
            if action == "post":
                model.messages.append((log.post(run, "event", b""), run))
            elif action == "announce":
                runs = log.announce("event", b"")
                assert runs == ["a", "b", "c"]
                model.messages += [(log.take(each)[-1].id, each) for each in runs]
            elif action == "wait":
                now[0] += int(run)
            elif action == "acquire" and run not in model.held:
                leases[run] = log.acquire(run, "me", 1000)
                model.held.add(run)
            elif action == "release" and run in model.held:
                log.release(leases[run])
                model.held.discard(run)
            elif action == "resume" and run in model.held:
                log.set_status(run, leases[run].epoch, "running")
                model.parked.pop(run, None)
            elif action == "park" and run in model.held:
                due = None if words[1] is None else int(now[0]) + words[1]
                seen = model.newest(run) if words[2] else 0
                log.park(run, leases[run].epoch, due, seen)
                model.parked[run] = due, seen
            assert log.due(now[0]) == model.due(now[0]), (action, words)
        log.close()


def test_a_process_that_dies_after_a_message_or_after_taking_the_run_loses_no_wake_up(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PARK, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -9, done.stderr
    assert json.loads(done.stdout) == ["parked"]  # the other one was taken at that moment

    log = SqliteLog(tmp_path, Durability.PROCESS)
    assert log.due(0.0) == ["parked", "taken"]
    assert [len(log.take(run)) for run in ("parked", "taken")] == [1, 1]
    assert [record.type for record in log.read("taken")] == ["RunParked"]
    log.close()


def test_what_is_due_among_a_thousand_parked_runs_is_known_at_once(sqlite):
    for number in range(1000):
        sqlite.create_run(RunRow(f"r{number:04}", "n", "f", "running", 1.0))
        parked(sqlite, f"r{number:04}", due=float(number) if number % 100 == 0 else None)
    sqlite.post("r0777", "event", b"")

    times = []
    for _ in range(5):
        began = time.perf_counter()
        found = sqlite.due(500.0)
        times.append(time.perf_counter() - began)

    assert found == [*(f"r{number:04}" for number in range(0, 501, 100)), "r0777"]
    assert min(times) < 0.02


def test_a_store_of_the_first_schema_is_brought_up_to_date(tmp_path, monkeypatch, row, records):
    digest = hashlib.sha256(MIGRATIONS[0].encode()).hexdigest()
    assert digest[:16] == "d8e228bae9a24df3", "a released migration is never changed"
    monkeypatch.setattr(sqlite, "MIGRATIONS", MIGRATIONS[:1])
    old = SqliteLog(tmp_path, Durability.OFF)
    assert old._database.execute("PRAGMA user_version") == [(1,)]
    old.create_run(row())
    lease = old.acquire("r1", "me", 30)
    old.append("r1", lease.epoch, records(0, 3))
    old._database.execute(
        'INSERT INTO inbox(run, kind, at, payload, "check") VALUES(1, ?, 2.0, ?, ?)',
        ("cancel", b"why", row_check("r1", "cancel", 2.0, b"why")),
    )
    old.release(lease)
    old.close()
    monkeypatch.undo()

    log = SqliteLog(tmp_path, Durability.OFF)

    assert log.check() == []
    assert list(log.read("r1")) == records(0, 3)
    assert [message.payload for message in log.take("r1")] == [b"why"]
    assert log.due(1e12) == []
    parked(log, due=5.0)
    assert log.due(5.0) == ["r1"]
    log.close()


def test_a_damaged_announcement_is_left_out_and_told_by_a_check(sqlite):
    sqlite.announce("event", b"x")
    sqlite._database.execute("UPDATE inbox SET payload = x'00'")
    sqlite.announce("event", b"y")

    found = [(message.kind, message.payload) for message in sqlite.announced()]
    assert found == [("damaged", b""), ("event", b"y")]
    assert sqlite.check() == ["message 1 to the store is damaged: send it again"]
