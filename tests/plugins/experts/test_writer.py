"""The writer: nobody waits for it, and it loses nothing that it does not count."""

import os
import signal
import subprocess
import sys
import threading

import anyio
import pytest

from ciranda.errors import StoreError
from ciranda.store import Database
from ciranda_experts.telemetry.rollup import COUNCIL
from ciranda_experts.telemetry.sample import Role
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.store import FILE, MIGRATIONS, Store
from ciranda_experts.telemetry.telemetry import open_telemetry
from ciranda_experts.telemetry.writer import Tally, Writer

from .judging import ABSTAINED, REJECTED, UNCERTAIN, judgement, opinion


def three(number=1, **fields):
    experts = [opinion(), opinion("security", REJECTED, 0.7), opinion("money", ABSTAINED, 0.0)]
    return judgement(number, UNCERTAIN, experts, **fields)


# The queue


class Gate:
    """What writes, once it is let."""

    def __init__(self, fault=None):
        self.open = threading.Event()
        self.begun = threading.Event()
        self.batches = []
        self.fault = fault

    def __call__(self, batch):
        self.begun.set()
        assert self.open.wait(10)
        if self.fault:
            raise self.fault
        self.batches.append(batch)


def test_what_finds_the_queue_full_is_dropped_and_counted_exactly(warnings):
    gate = Gate()
    writer = Writer(gate, warnings.append, limit=100, batch=10)
    for number in range(10):
        writer.put(number)
    assert gate.begun.wait(10)

    for number in range(250):
        writer.put(number)

    assert writer.tally == Tally(written=0, waiting=110, dropped=150, failed=0)
    gate.open.set()
    assert writer.close() == Tally(written=110, waiting=0, dropped=150, failed=0)
    assert sum(map(len, gate.batches)) == 110
    assert max(map(len, gate.batches)) == 10


def test_the_counts_are_exact_with_many_threads(warnings):
    gate = Gate()
    gate.open.set()
    writer = Writer(gate, warnings.append, limit=50, batch=7, delay=0.001)

    def put():
        for number in range(2000):
            writer.put(number)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally = writer.close()

    assert tally.written + tally.dropped == 8000
    assert tally.written == sum(map(len, gate.batches))
    assert (tally.waiting, tally.failed) == (0, 0)


@pytest.mark.parametrize("fault", [StoreError("the disk is full"), ValueError("no")])
def test_what_the_disk_does_not_take_is_counted_and_told_once(warnings, fault):
    gate = Gate(fault)
    gate.open.set()
    writer = Writer(gate, warnings.append, batch=2)
    for number in range(5):
        writer.put(number)

    assert writer.close() == Tally(written=0, waiting=0, dropped=0, failed=5)
    assert writer.tally.lost == 5
    assert len(warnings) == 1
    assert str(fault) in warnings[0]
    assert "judging goes on" in warnings[0]


def test_what_comes_after_the_end_is_dropped_and_counted(warnings):
    writer = Writer(Gate(), warnings.append)
    writer.close()

    writer.put(1)

    assert writer.tally == Tally(0, 0, 1, 0)


def test_a_disk_that_hangs_does_not_hang_the_end(warnings):
    gate = Gate()
    writer = Writer(gate, warnings.append)
    writer.put(1)

    assert not writer.flush(0.01)
    assert writer.close(0.01).waiting == 1
    assert "1 could not be written" in warnings[0]
    gate.open.set()
    assert writer.close().written == 1


def test_drops_are_in_the_file_for_others_to_see(recording, tmp_path):
    telemetry = recording(queue=5, batch=5)
    with telemetry.store._database.transaction():  # the writer waits for it
        for number in range(40):
            telemetry.record(judgement(number))
        tally = telemetry.tally
    telemetry.close()

    reading = Database(FILE, MIGRATIONS, folder=tmp_path, reading=True)
    meters = Store(reading).meters()
    reading.close()

    assert meters == {"written": tally.waiting, "dropped": tally.dropped, "failed": 0}
    assert tally.waiting + tally.dropped == 40
    assert tally.waiting <= 10  # five in the queue, five in the writer's hands


# The end


@pytest.mark.anyio
async def test_what_was_accepted_is_in_the_file_when_it_is_cancelled(tmp_path, warnings):
    with anyio.CancelScope() as scope:
        settled = TelemetrySettings(delay=60.0)
        async with open_telemetry(tmp_path, settled, warn=warnings.append) as telemetry:
            for number in range(300):
                telemetry.record(judgement(number))
            scope.cancel()
            await anyio.sleep_forever()

    assert scope.cancelled_caught
    assert telemetry.tally == Tally(300, 0, 0, 0)
    again = Database(FILE, MIGRATIONS, folder=tmp_path)
    assert Store(again).meters()["written"] == 300
    again.close()


def test_closing_twice_is_closing_once(recording):
    telemetry = recording()
    telemetry.record(judgement())

    assert telemetry.close() == telemetry.close() == Tally(1, 0, 0, 0)


WRITER = """
import sys
from pathlib import Path
from ciranda.events.judging import Judgement, Verdict
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.telemetry import Telemetry

settings = TelemetrySettings(batch=20, delay=0.001)
telemetry = Telemetry(Path(sys.argv[1]), settings, warn=print)
number = 0
while True:
    for _ in range(50):
        telemetry.record(Judgement(
            id=f"j{number}", verdict=Verdict.APPROVED, confidence=1.0, reason="proved", message=""
        ))
        number += 1
    telemetry.flush()
    print(number, flush=True)
"""


@pytest.fixture
def writing(tmp_path):
    arguments = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def test_a_writer_that_is_killed_loses_only_what_was_not_flushed(writing, tmp_path):
    for _ in range(20):
        acknowledged = int(writing.stdout.readline())
    os.kill(writing.pid, signal.SIGKILL)
    writing.wait()
    acknowledged = max([acknowledged, *map(int, writing.stdout.read().split())])

    database = Database(FILE, MIGRATIONS, folder=tmp_path)
    store = Store(database)
    found = [sample.id for sample in store.samples()]
    meters, ever, broken = store.meters(), store.ever(), database.check()
    database.close()

    assert broken == []
    assert len(found) >= acknowledged >= 1000
    assert sorted(found, key=lambda each: int(each[1:])) == [f"j{n}" for n in range(len(found))]
    assert meters["written"] == ever[COUNCIL, Role.COUNTED].count == len(found)


def test_it_is_read_while_another_process_writes(writing, tmp_path):
    reading, store = None, None
    for _ in range(6):
        acknowledged = int(writing.stdout.readline())
        if store is None:
            reading = Database(FILE, MIGRATIONS, folder=tmp_path, reading=True)
            store = Store(reading)
        assert store.meters()["written"] >= acknowledged
        assert store.find(f"j{acknowledged - 1}")
    assert reading is not None
    reading.close()


def test_two_writers_count_together(recording, tmp_path):
    first, second = recording(), recording()
    for _ in range(10):
        first.record(judgement())
        second.record(judgement())
        first.flush()
        second.flush()

    assert first.store.ever()[COUNCIL, Role.COUNTED].count == 20
    assert first.store.meters() == second.store.meters() == {
        "written": 20, "dropped": 0, "failed": 0,
    }  # fmt: skip


def test_a_thousand_judgements_are_a_few_commits(recording):
    telemetry = recording(delay=60.0, batch=500)
    commits = []

    def count():
        commits.append(1)
        return False

    telemetry.store._database._writer.set_commit_hook(count)
    for number in range(1000):
        telemetry.record(three(number))
    telemetry.flush()

    assert len(commits) <= 4  # one of them forgets what is old
    assert telemetry.store.meters()["written"] == 1000


def test_a_disk_that_fails_at_the_end_is_told_and_ends_nothing(recording, warnings):
    telemetry = recording()

    def fail(*_, **__):
        raise StoreError("the disk is full")

    telemetry.store.write = fail
    telemetry.record(judgement())

    assert telemetry.close() == Tally(0, 0, 0, 1)
    assert len(warnings) == 2
    assert "the disk is full" in warnings[1]
