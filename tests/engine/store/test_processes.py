"""Real processes on one file: killed at any moment, contending, never in each other's way.

One helper process imports the store once and forks for every trial, so that a trial takes
milliseconds; each child opens the store for itself, as the rules ask.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from ciranda.errors import StoreError
from ciranda.store import Durability, Record, RunRow, SqliteLog

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

HELPER = '''
import json, os, sys
from pathlib import Path
from ciranda.errors import CirandaError, LeaseLostError
from ciranda.store import Durability, Record, RunRow, SqliteLog

def record(run, seq):
    size = 70_000 if seq % 25 == 24 else 20 + seq * 37 % 700
    return Record(run, seq, 1.0, "T", 1, bytes([seq % 251]) * size)

def write_for_ever(folder, durability, told, seq):
    """Append to one run and tell, outside of the store, what was acknowledged."""
    log = SqliteLog(folder, Durability(durability))
    log._database._writer.wal_autocheckpoint(20)
    lease = log.acquire("r1", "writer", 3600)
    out = os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while True:
        batch = [record("r1", seq + i) for i in range(1 + seq % 3)]
        log.append("r1", lease.epoch, batch)
        seq += len(batch)
        os.write(out, b"%d\\n" % seq)

def take_what_is_free(folder, runs, told):
    """Execute every run that can be had, and tell which."""
    log = SqliteLog(folder, Durability.PROCESS)
    mine = []
    for number in range(runs):
        run = f"run{number:03}"
        try:
            lease = log.acquire(run, "worker", 3600)
        except LeaseLostError:
            continue
        if log.run(run).status == "created":
            log.append(run, lease.epoch, [record(run, 0)])
            log.append(run, lease.epoch, [record(run, 1)], "completed", 2.0)
            mine.append(run)
        log.release(lease)
    Path(told).write_text(json.dumps(mine))
    log.close()

def serve():
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        if name == "wait":
            print(os.waitpid(arguments[0], 0)[1], flush=True)
            continue
        child = os.fork()
        if not child:
            try:
                globals()[name](Path(arguments[0]), *arguments[1:])
                os._exit(0)
            except CirandaError as error:
                print(error, file=sys.stderr, flush=True)
                os._exit(1)
        print(child, flush=True)

serve()
'''


class Helper:
    """The forking process."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HELPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *words):
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self):
        _, said = self.process.communicate()
        return said


@pytest.fixture(scope="module")
def helper():
    made = Helper()
    yield made
    assert made.close() == ""


def record(run: str, seq: int) -> Record:
    size = 70_000 if seq % 25 == 24 else 20 + seq * 37 % 700
    return Record(run, seq, 1.0, "T", 1, bytes([seq % 251]) * size)


@pytest.mark.parametrize("durability", [Durability.POWER, Durability.PROCESS])
def test_a_killed_writer_loses_nothing_acknowledged(tmp_path, helper, durability):
    chance = random.Random(11)
    log = SqliteLog(tmp_path)
    log.create_run(RunRow("r1", "n", "f", "running", 0.0))
    log.close()
    told = tmp_path / "told"
    count = acknowledged = 0

    for _ in range(30):
        before = told.stat().st_size if told.exists() else 0
        writer = helper.ask("write_for_ever", str(tmp_path), durability, str(told), count)
        while not told.exists() or told.stat().st_size == before:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.03)
        os.kill(writer, signal.SIGKILL)
        assert helper.ask("wait", writer) == signal.SIGKILL
        acknowledged = int(told.read_text().split()[-1])

        log = SqliteLog(tmp_path)
        new = list(log.read("r1", after=count - 1))
        assert new == [record("r1", count + i) for i in range(len(new))]
        count += len(new)
        assert acknowledged <= count <= acknowledged + 3
        log.close()

    log = SqliteLog(tmp_path)
    assert log.check() == []
    assert list(log.read("r1")) == [record("r1", seq) for seq in range(count)]
    assert count > 100
    log.close()


def test_every_run_is_executed_by_exactly_one_of_eight_processes(tmp_path, helper):
    runs = [f"run{number:03}" for number in range(120)]
    log = SqliteLog(tmp_path, Durability.PROCESS)
    for run in runs:
        log.create_run(RunRow(run, "n", "f", "created", 0.0))

    answers = [tmp_path / f"answer{number}" for number in range(8)]
    workers = [
        helper.ask("take_what_is_free", str(tmp_path), len(runs), str(answer)) for answer in answers
    ]
    endings = [helper.ask("wait", worker) for worker in workers]

    assert endings == [0] * 8  # nobody saw "locked" either
    done = Counter(run for answer in answers for run in json.loads(answer.read_text()))
    assert done == dict.fromkeys(runs, 1)
    for run in runs:
        assert list(log.read(run)) == [record(run, 0), record(run, 1)]
        assert log.run(run).status == "completed"
    assert log.check() == []
    log.close()


def test_a_stopped_owner_is_refused_when_it_comes_back(tmp_path, helper):
    log = SqliteLog(tmp_path)
    log.create_run(RunRow("r1", "n", "f", "running", 0.0))
    told = tmp_path / "told"
    writer = helper.ask("write_for_ever", str(tmp_path), "process", str(told), 0)
    while not told.exists() or not told.stat().st_size:
        time.sleep(0.001)
    stop_between_writes(log, writer)
    later = SqliteLog(tmp_path)
    steady = later._clock.steady() + 4000
    later._leases._clock = type(later._clock)(steady=lambda: steady)

    lease = later.acquire("r1", "new owner", 30)
    kept = sum(1 for _ in later.read("r1"))
    later.append("r1", lease.epoch, [record("r1", kept)])
    os.kill(writer, signal.SIGCONT)

    assert os.waitstatus_to_exitcode(helper.ask("wait", writer)) == 1
    assert "(new owner)" in helper.process.stderr.readline()
    assert sum(1 for _ in later.read("r1")) == kept + 1
    later.close()
    log.close()


def stop_between_writes(log: SqliteLog, writer: int):
    """Stop a process, but not inside a transaction, where it would keep everybody waiting."""
    impatient = SqliteLog(log.path.parent, busy=0.02)
    while True:
        os.kill(writer, signal.SIGSTOP)
        try:
            impatient.put_blob(b"")
            break
        except StoreError:
            os.kill(writer, signal.SIGCONT)
            time.sleep(0.001)
    impatient.close()
