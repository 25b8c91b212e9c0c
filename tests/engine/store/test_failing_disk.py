"""One failure at the N-th call to the disk, for every N of a short run: never a wrong result."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from ciranda.errors import CirandaError, LeaseLostError, RunNotFoundError, StoreError
from ciranda.store import Durability, Record, RunRow, SqliteLog

VFS = "failing"
RECORDS = [
    Record("r1", seq, 1.0, "T", 1, bytes([seq]) * (70_000 if seq == 3 else 50)) for seq in range(7)
]


class Failures:
    """Counts calls, and raises at the chosen ones."""

    def __init__(self):
        self.choose(apsw.IOError, 0, 0)

    def choose(self, error, first, last, only=""):
        self.calls, self.first, self.last, self.error, self.only = 0, first, last, error, only

    def step(self, call=""):
        if self.only and call != self.only:
            return
        self.calls += 1
        if self.first <= self.calls <= self.last:
            raise self.error("injected")


class FailingFile(apsw.VFSFile):
    """A file that fails when told to."""

    def __init__(self, failures, name, flags):
        self.failures = failures
        super().__init__("", name, flags)

    def xRead(self, amount, offset):  # noqa: N802 -- apsw's name
        self.failures.step()
        return super().xRead(amount, offset)

    def xWrite(self, data, offset):  # noqa: N802
        self.failures.step()
        super().xWrite(data, offset)

    def xLock(self, level):  # noqa: N802
        self.failures.step("lock")
        super().xLock(level)

    def xSync(self, flags):  # noqa: N802
        self.failures.step("sync")  # and no more: nobody pulls the plug here

    def xTruncate(self, size):  # noqa: N802
        self.failures.step()
        super().xTruncate(size)


class FailingVFS(apsw.VFS):
    """The system's VFS, failing when told to."""

    def __init__(self, failures):
        self.failures = failures
        super().__init__(VFS, "")

    def xOpen(self, name, flags):  # noqa: N802
        self.failures.step()
        return FailingFile(self.failures, name, flags)

    def xDelete(self, name, sync_folder):  # noqa: N802
        self.failures.step()
        super().xDelete(name, sync_folder)


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> Iterator[Failures]:
    # apsw also reports what a VFS raises where nobody could catch it; here that is on purpose.
    monkeypatch.setattr("sys.excepthook", lambda *_: None)
    monkeypatch.setattr("sys.unraisablehook", lambda *_: None)
    made = Failures()
    vfs = FailingVFS(made)
    yield made
    vfs.unregister()


def attempt(folder: Path, durability: Durability) -> int:
    """Run until something fails; return how many records were acknowledged."""
    acknowledged = 0
    log = None
    try:
        log = SqliteLog(folder, durability, vfs=VFS, busy=0.05)
        log._database._writer.wal_autocheckpoint(6)
        log.create_run(RunRow("r1", "n", "f", "running", 0.0))
        lease = log.acquire("r1", "me", 30)
        for batch in ([0], [1], [2, 3], [4], [5, 6]):
            log.append("r1", lease.epoch, [RECORDS[seq] for seq in batch])
            acknowledged = batch[-1] + 1
        assert list(log.read("r1")) == RECORDS
        log.release(lease)
    except StoreError:
        if log is not None:
            with contextlib.suppress(CirandaError):
                read = list(log.read("r1"))
                assert read == RECORDS[: len(read)]
                assert len(read) >= acknowledged
    finally:
        if log is not None:
            with contextlib.suppress(StoreError):
                log.close()
    return acknowledged


def reopened(folder: Path) -> list[Record]:
    log = SqliteLog(folder, Durability.OFF)
    try:
        assert log.check() == []
        return list(log.read("r1"))
    except RunNotFoundError:
        return []
    finally:
        log.close()


def calls_of_a_run(folder: Path, failures: Failures, only: str) -> int:
    failures.choose(apsw.IOError, 0, 0, only)
    assert attempt(folder, Durability.POWER) == len(RECORDS)
    return failures.calls


# Only a lock can be busy: SQLite takes a read that says so for a reader it need not wait for.
@pytest.mark.uncounted
@pytest.mark.parametrize(
    ("error", "only"), [(apsw.IOError, ""), (apsw.FullError, ""), (apsw.BusyError, "lock")]
)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_a_failure_at_any_call_loses_nothing_acknowledged(tmp_path, failures, error, only, lasting):
    total = calls_of_a_run(tmp_path / "sound", failures, only)
    assert total >= (5 if only else 150)

    for number in range(1, total + 1):
        folder = tmp_path / str(number)
        failures.choose(error, number, total * 9 if lasting else number, only)
        acknowledged = attempt(folder, Durability.PROCESS if number % 2 else Durability.POWER)
        failures.choose(error, 0, 0)
        kept = reopened(folder)
        assert kept == RECORDS[: len(kept)], f"call {number}"
        assert len(kept) >= acknowledged, f"call {number}"


def test_a_full_disk_leaves_the_log_readable_and_later_appends_work(tmp_path, failures):
    log = SqliteLog(tmp_path, vfs=VFS)
    log.create_run(RunRow("r1", "n", "f", "running", 0.0))
    lease = log.acquire("r1", "me", 30)
    log.append("r1", lease.epoch, RECORDS[:2])

    failures.choose(apsw.FullError, 1, 1 << 30)
    for batch in (RECORDS[2:3], RECORDS[2:5]):
        with pytest.raises(
            StoreError, match=r"the disk is full, so .*ciranda\.db cannot be written: free some"
        ):
            log.append("r1", lease.epoch, batch)
    failures.choose(apsw.FullError, 0, 0)

    assert list(log.read("r1")) == RECORDS[:2]
    log.append("r1", lease.epoch, RECORDS[2:])
    assert list(log.read("r1")) == RECORDS
    log.close()


def test_after_a_failed_sync_nothing_more_is_acknowledged(tmp_path, failures):
    log = SqliteLog(tmp_path, vfs=VFS)
    log.create_run(RunRow("r1", "n", "f", "running", 0.0))
    lease = log.acquire("r1", "me", 30)
    log.append("r1", lease.epoch, RECORDS[:1])

    failed = apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
    failures.choose(lambda _: failed, 1, 1, only="sync")
    with pytest.raises(StoreError, match="the disk failed under"):
        log.append("r1", lease.epoch, RECORDS[1:2])
    failures.choose(apsw.IOError, 0, 0)

    with pytest.raises(StoreError, match=r"the disk failed under .* check the disk, then resume"):
        log.append("r1", lease.epoch, RECORDS[1:2])
    log.close()
    assert reopened(tmp_path)[:1] == RECORDS[:1]


def test_a_stale_epoch_is_not_mistaken_for_a_failing_disk(tmp_path):
    log = SqliteLog(tmp_path, Durability.OFF)
    log.create_run(RunRow("r1", "n", "f", "running", 0.0))

    with pytest.raises(LeaseLostError):
        log.append("r1", 1, RECORDS[:1])
    log.close()
