"""One writer a run, and nothing from any other."""

import os
import subprocess
import sys

import pytest

from ciranda.errors import LeaseLostError
from ciranda.store import Durability, MemoryLog, Process, SqliteLog


def test_a_taken_run_names_who_has_it(log, row):
    log.create_run(row())
    log.acquire("r1", "cli", 30)

    with pytest.raises(
        LeaseLostError, match=r"run r1 is being executed by pid \d+ on .+ since 20.+ \(cli\): wait"
    ):
        log.acquire("r1", "cli", 30)


def test_an_owner_that_is_named_by_its_pid_is_named_once(log, row):
    log.create_run(row())
    log.acquire("r1", f"pid {os.getpid()}", 30)

    with pytest.raises(LeaseLostError, match=r"by pid \d+ on \S+ since [-:\d ]+: wait"):
        log.acquire("r1", "cli", 30)


def test_nothing_is_written_without_a_lease(log, row, records):
    log.create_run(row())

    with pytest.raises(LeaseLostError, match="run r1 is not leased to this process: resume it"):
        log.append("r1", 0, records(0))
    with pytest.raises(LeaseLostError):
        log.set_status("r1", 1, "failed")


def test_an_owner_that_was_taken_over_can_write_nothing_more(log, row, records, now):
    log.create_run(row())
    old = log.acquire("r1", "old", 30)
    log.append("r1", old.epoch, records(0))
    now.pass_seconds(31)
    new = log.acquire("r1", "new", 30)

    for write in (
        lambda: log.append("r1", old.epoch, records(1)),
        lambda: log.append("r1", old.epoch, records(1, 5)),
        lambda: log.append("r1", old.epoch, records(1), "failed", 2.0),
        lambda: log.set_status("r1", old.epoch, "failed", 2.0),
        lambda: log.heartbeat(old),
    ):
        with pytest.raises(LeaseLostError, match=r"executed by .*\(new\)"):
            write()
    log.release(old)

    assert new.epoch > old.epoch
    log.append("r1", new.epoch, records(1))
    assert list(log.read("r1")) == records(0, 1)
    assert log.run("r1").status == "running"


def test_a_released_lease_ends_its_writes_and_frees_the_run(log, row, records):
    log.create_run(row())
    lease = log.acquire("r1", "me", 30)
    log.append("r1", lease.epoch, records(0))

    log.release(lease)

    with pytest.raises(LeaseLostError):
        log.append("r1", lease.epoch, records(1))
    again = log.acquire("r1", "me", 30)
    log.append("r1", again.epoch, records(1))


def test_a_late_owner_may_write_as_long_as_nobody_took_over(log, row, records, now):
    log.create_run(row())
    lease = log.acquire("r1", "me", 30)
    now.pass_seconds(1000)

    log.append("r1", lease.epoch, records(0))
    log.heartbeat(lease)

    with pytest.raises(LeaseLostError):
        log.acquire("r1", "other", 30)


def test_heartbeats_count_the_time_anew(log, row, now):
    log.create_run(row())
    lease = log.acquire("r1", "me", 30)
    for _ in range(5):
        now.pass_seconds(29)
        log.heartbeat(lease)

    now.pass_seconds(29)
    with pytest.raises(LeaseLostError):
        log.acquire("r1", "other", 30)
    now.pass_seconds(2)
    log.acquire("r1", "other", 30)


@pytest.mark.parametrize("jump", [-1e6, 1e6])
def test_a_jump_of_the_wall_clock_ends_no_lease(log, row, now, jump):
    if not Process().place:
        pytest.skip("the system does not tell one boot from another")
    log.create_run(row())
    log.acquire("r1", "me", 30)

    now.wall += jump

    with pytest.raises(LeaseLostError):
        log.acquire("r1", "other", 30)


@pytest.mark.parametrize(("seconds", "held"), [(29, True), (31, False), (-1e6, False)])
def test_a_lease_of_another_boot_is_judged_by_the_wall_clock(log, row, now, seconds, held):
    log.create_run(row())
    owner = Process(place="another boot")
    log._process = owner
    if isinstance(log, SqliteLog):
        log._leases._process = owner
    log.acquire("r1", "me", 30)
    after = Process()
    log._process = after
    if isinstance(log, SqliteLog):
        log._leases._process = after

    now.wall += seconds

    if held:
        with pytest.raises(LeaseLostError):
            log.acquire("r1", "other", 30)
    else:
        log.acquire("r1", "other", 30)


def test_an_owner_that_is_gone_is_taken_over_at_once(tmp_path, row, gone):
    if not Process().place:
        pytest.skip("the system does not tell whether a process is gone")
    with_gone = SqliteLog(tmp_path, Durability.OFF, process=gone)
    with_gone.create_run(row())
    old = with_gone.acquire("r1", "gone", 3600)

    new = SqliteLog(tmp_path, Durability.OFF)

    assert new.acquire("r1", "me", 30).epoch == old.epoch + 1
    with_gone.close()
    new.close()


def test_a_process_that_only_has_the_pid_of_the_owner_is_not_the_owner(row):
    if not Process().place:
        pytest.skip("the system does not tell when a process started")
    log = MemoryLog(process=Process(started="1"))  # this pid, but of an earlier process
    log.create_run(row())
    log.acquire("r1", "earlier", 3600)

    log.acquire("r1", "me", 30)


OWNER = """
import sys, time
from pathlib import Path
from ciranda.store import SqliteLog
log = SqliteLog(Path(sys.argv[1]))
print(log.acquire("r1", "other process", 3600).epoch, flush=True)
sys.stdin.read()
"""


def test_the_lease_of_a_killed_process_is_free_at_once(tmp_path, row, records):
    log = SqliteLog(tmp_path)
    log.create_run(row())
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        epoch = int(owner.stdout.readline())
        with pytest.raises(LeaseLostError, match=f"executed by pid {owner.pid} on"):
            log.acquire("r1", "me", 30)
        owner.kill()

    lease = log.acquire("r1", "me", 30)

    assert lease.epoch == epoch + 1
    with pytest.raises(LeaseLostError):
        log.append("r1", epoch, records(0))
    log.append("r1", lease.epoch, records(0))
    log.close()
