"""Simulated losses of power: what was not synced lands or not, sector by sector.

A VFS notes every write, sync and name of a run; then, for many moments of that run, a disk is
made as a power loss at that moment might leave it, and opened like any other.
"""

import itertools
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

from ciranda.errors import CirandaError, RunNotFoundError
from ciranda.store import Durability, Record, RunRow, SqliteLog, opening

SEED = 20_260_313
SECTOR = 512
RECORDS = 60
VFS = "noting"


class NotingFile(apsw.VFSFile):
    """A file whose writes and syncs are noted."""

    def __init__(self, trace, name, flags):
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.trace, self.name = trace, os.path.basename(path)
        created = not os.path.exists(path)
        super().__init__("", name, flags)
        if created:
            trace.append(("create", self.name))

    def xWrite(self, data, offset):  # noqa: N802 -- apsw's name
        super().xWrite(data, offset)
        self.trace.append(("write", self.name, offset, bytes(data)))

    def xTruncate(self, size):  # noqa: N802
        super().xTruncate(size)
        self.trace.append(("truncate", self.name, size))

    def xSync(self, flags):  # noqa: N802
        self.trace.append(("sync", self.name))


class NotingVFS(apsw.VFS):
    """The system's VFS, noted."""

    def __init__(self, trace):
        self.trace = trace
        super().__init__(VFS, "")

    def xOpen(self, name, flags):  # noqa: N802
        return NotingFile(self.trace, name, flags)

    def xDelete(self, name, sync_folder):  # noqa: N802
        super().xDelete(name, sync_folder)
        self.trace.append(("delete", os.path.basename(name)))
        if sync_folder:
            self.trace.append(("sync folder",))


@dataclass
class Inode:
    """One file's bytes: what is on the platter, and what may be."""

    platter: bytearray = field(default_factory=bytearray)
    pending: list[tuple[Any, ...]] = field(default_factory=list)

    def sync(self):
        for change in self.pending:
            apply(self.platter, change)
        self.pending.clear()

    def after_loss(self, chance: random.Random) -> bytes:
        data = bytearray(self.platter)
        likely = chance.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        for change in self.pending:
            for part in sectors(change):
                if chance.random() < likely:
                    apply(data, part)
        return bytes(data)


def sectors(change):
    if change[0] == "truncate":
        yield change
        return
    _, offset, data = change
    start = 0
    while start < len(data):
        stop = min(len(data), (offset + start) // SECTOR * SECTOR + SECTOR - offset)
        yield ("write", offset + start, data[start:stop])
        start = stop


def apply(data: bytearray, change):
    if change[0] == "truncate":
        del data[change[1] :]
        return
    _, offset, new = change
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(new)] = new


class Disk:
    """A folder of files on a disk that keeps only what is synced."""

    def __init__(self):
        self.inodes: list[Inode] = []
        self.names: dict[str, int] = {}  # as running programs see them
        self.platter: dict[str, int] = {}
        self.pending: list[tuple[str, int | None]] = []

    def step(self, op):
        kind = op[0]
        if kind == "create":
            self.inodes.append(Inode())
            self.names[op[1]] = len(self.inodes) - 1
            self.pending.append((op[1], self.names[op[1]]))
        elif kind == "delete":
            self.names.pop(op[1], None)
            self.pending.append((op[1], None))
        elif kind == "sync folder":
            for name, inode in self.pending:
                self.link(self.platter, name, inode)
            self.pending.clear()
        elif kind == "sync":
            # A synced file has its name; what else happened in the folder is not yet safe.
            # Harder than Linux, where SQLite syncs the folder with each new journal.
            inode = self.names[op[1]]
            self.inodes[inode].sync()
            if (op[1], inode) in self.pending:
                self.pending.remove((op[1], inode))
                self.platter[op[1]] = inode
        elif kind == "write":
            self.inodes[self.names[op[1]]].pending.append(("write", op[2], op[3]))
        elif kind == "truncate":
            self.inodes[self.names[op[1]]].pending.append(("truncate", op[2]))

    @staticmethod
    def link(names, name, inode):
        if inode is None:
            names.pop(name, None)
        else:
            names[name] = inode

    def after_loss(self, chance: random.Random) -> dict[str, bytes]:
        names = dict(self.platter)
        likely = chance.choice([0.0, 0.5, 1.0])
        for name, inode in self.pending:
            if chance.random() < likely:
                self.link(names, name, inode)
        return {name: self.inodes[i].after_loss(chance) for name, i in names.items()}


def expected(seq: int) -> Record:
    size = 70_000 if seq % 20 == 19 else 10 + seq * 37 % 900
    return Record("r1", seq, seq / 4, "StepCompleted", 1, bytes([seq % 251]) * size)


def recorded_run(folder: Path, durability: Durability) -> list[tuple[Any, ...]]:
    """Return what a run did to the disk, with a note wherever it was told that it is safe."""
    trace: list[tuple[Any, ...]] = []
    vfs = NotingVFS(trace)
    log = SqliteLog(folder, durability, vfs=VFS)
    log._database._writer.wal_autocheckpoint(12)  # many checkpoints in a short run
    log.create_run(RunRow("r1", "n", "f", "running", 0.0))
    lease = log.acquire("r1", "me", 30)
    seq = 0
    for size in itertools.cycle([1, 1, 1, 5, 1, 2]):
        if seq >= RECORDS:
            break
        batch = [expected(number) for number in range(seq, min(seq + size, RECORDS))]
        log.append("r1", lease.epoch, batch)
        seq += len(batch)
        trace.append(("acknowledged", seq))
        if seq % 7 == 0:
            log.heartbeat(lease)
    log.close()
    vfs.unregister()
    return trace


def losses(tmp_path: Path, durability: Durability, points: int) -> Counter[str]:
    """Return how often a loss of power kept all, lost acknowledged records, or did damage."""
    trace = recorded_run(tmp_path / "run", durability)
    chance = random.Random(SEED)
    moments = sorted(chance.choices(range(len(trace) + 1), k=points))
    found: Counter[str] = Counter()
    disk, done, acknowledged = Disk(), 0, 0
    for number, moment in enumerate(moments):
        for op in trace[done:moment]:
            if op[0] == "acknowledged":
                acknowledged = op[1]
            else:
                disk.step(op)
        done = moment
        folder = tmp_path / str(number) / ".ciranda"
        folder.mkdir(parents=True)
        for name, data in disk.after_loss(chance).items():
            (folder / name).write_bytes(data)
        found[outcome(folder, acknowledged)] += 1
    return found


def outcome(folder: Path, acknowledged: int) -> str:
    try:
        log = SqliteLog(folder, Durability.OFF)
        try:
            if log.check():
                return "damaged"
            try:
                kept = list(log.read("r1"))
            except RunNotFoundError:
                kept = []
            if kept != [expected(seq) for seq in range(len(kept))]:
                return "damaged"
            if len(kept) < acknowledged:
                return "lost"
            return goes_on(log, len(kept)) if kept else "whole"
        finally:
            log.close()
    except CirandaError:
        return "damaged"


def goes_on(log: SqliteLog, count: int) -> str:
    log._leases._process = type(log._leases._process)(place="after the loss")
    log._clock = log._leases._clock = type(log._clock)(lambda: 1e12, lambda: 0.0)
    lease = log.acquire("r1", "resumed", 30)
    log.append("r1", lease.epoch, [expected(count)])
    return "whole" if log.record("r1", count) == expected(count) else "damaged"


@pytest.mark.uncounted
def test_at_power_no_acknowledged_record_is_lost(tmp_path):
    found = losses(tmp_path, Durability.POWER, 1000)

    assert found == {"whole": 1000}


@pytest.mark.uncounted
def test_at_process_only_an_end_is_lost_and_nothing_damaged(tmp_path):
    found = losses(tmp_path, Durability.PROCESS, 200)

    assert found["damaged"] == 0
    assert found["lost"] > 50


@pytest.mark.uncounted
def test_the_simulation_notices_a_store_that_never_syncs(tmp_path):
    found = losses(tmp_path, Durability.OFF, 200)

    assert found["damaged"] > 20


@pytest.mark.uncounted
def test_the_simulation_notices_a_switch_to_wal_that_forgets_the_folder(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    original = opening._set
    monkeypatch.setattr(
        opening,
        "_set",
        lambda connection, pragma: original(connection, pragma.replace("EXTRA", "FULL")),
    )

    found = losses(tmp_path, Durability.POWER, 200)

    assert found["lost"] > 20
