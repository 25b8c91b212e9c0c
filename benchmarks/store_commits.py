"""What an append costs beside a bare SQLite commit of the same bytes, interleaved.

Run alone: `python benchmarks/store_commits.py [rounds]`. Microseconds, medians; the ratios are
of one run and carry over between machines, the times do not.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from ciranda.store import Durability, MemoryLog, Record, RunRow, SqliteLog

Commit = Callable[[], object]
PAYLOAD = os.urandom(150)
BATCH = 100
SYNCHRONOUS = {Durability.POWER: "FULL", Durability.PROCESS: "NORMAL"}
INSERT = "INSERT INTO records VALUES(?,?,?,?,?)"


def bare_commits(folder: Path, durability: Durability) -> tuple[Commit, Commit]:
    """Return a single commit and a batch, on a table as plain as can be."""
    connection = apsw.Connection(str(folder / "bare.db"))
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    connection.execute(f"PRAGMA synchronous={SYNCHRONOUS[durability]}").fetchall()
    connection.execute(
        "CREATE TABLE records(id INTEGER PRIMARY KEY, at REAL, type TEXT, version INT, payload)"
    )
    cursor = connection.cursor()
    seq = iter(range(1 << 40))

    def row():
        return (next(seq), 1.5, "StepCompleted", 1, PAYLOAD)

    def single():
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(INSERT, row())
        cursor.execute("COMMIT")

    def batch():
        cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(INSERT, [row() for _ in range(BATCH)])
        cursor.execute("COMMIT")

    return single, batch


def log_commits(log) -> tuple[Commit, Commit]:
    """Return an append of one record and one of a batch."""
    run = "01J9ZK5T0QZ8X7V6B5N4M3K2J1"
    log.create_run(RunRow(run, "bench", "bench.yaml", "running", 0.0))
    epoch = log.acquire(run, "bench", 3600).epoch
    seq = iter(range(1 << 31))

    def records(count):
        return [Record(run, next(seq), 1.5, "StepCompleted", 1, PAYLOAD) for _ in range(count)]

    return (
        lambda: log.append(run, epoch, records(1)),
        lambda: log.append(run, epoch, records(BATCH)),
    )


def interleaved(calls: list[Commit], rounds: int) -> list[float]:
    """Return the median microseconds of each call, one of each in turn."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) * 1e6 for taken in times]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(f"{'level':8} {'shape':10} {'bare us':>9} {'ours us':>9} {'ratio':>6} {'added':>22}")
    for durability in SYNCHRONOUS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            log = SqliteLog(folder, durability)
            bare, ours = bare_commits(folder, durability), log_commits(log)
            for shape, index, count in (("single", 0, 1), (f"batch {BATCH}", 1, BATCH)):
                turns = rounds if count == 1 else max(50, rounds // 10)
                plain, own = interleaved([bare[index], ours[index]], turns)
                added = (own - plain) / count
                print(
                    f"{durability:8} {shape:10} {plain:9.1f} {own:9.1f} {own / plain:6.2f} "
                    f"{added:9.2f} us a record {own / count:7.2f} in all"
                )
            log.close()
    single, batch = interleaved(list(log_commits(MemoryLog())), rounds)
    print(f"{'off':8} single {single:.2f} us, batch {batch / BATCH:.2f} us a record")


if __name__ == "__main__":
    main()
