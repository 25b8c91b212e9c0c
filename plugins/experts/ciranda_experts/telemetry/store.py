"""Where telemetry lies: judgements in packs, and figures by the minute that are never dropped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import msgspec

from ciranda.store import Database

from .rollup import Rollup, Subject, rolled_up
from .sample import Role, Sample, SampleRow, Seen, row

__all__ = ["EVER", "FILE", "MIGRATIONS", "PERIOD", "Crisis", "Store", "Turn"]

FILE: Final = "experts-telemetry"
PERIOD: Final = 60  # seconds of one row of figures
EVER: Final = -1  # the period of the figures since the beginning
_DAY: Final = 86400.0

# One row a batch and not one a judgement: each statement gives the interpreter away, and in a
# busy process it takes 5 ms to get it back. `names` are ids and keys, so that one is found.
MIGRATIONS: Final = (
    """
    CREATE TABLE packs(
        id INTEGER PRIMARY KEY AUTOINCREMENT, first REAL NOT NULL, last REAL NOT NULL,
        count INTEGER NOT NULL, names BLOB NOT NULL, body BLOB NOT NULL);
    CREATE INDEX packs_by_time ON packs(last);
    CREATE TABLE rollups(
        start INTEGER NOT NULL, expert TEXT NOT NULL, role INTEGER NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (start, expert, role)) WITHOUT ROWID;
    CREATE TABLE crises(began REAL PRIMARY KEY, ended REAL, reason TEXT NOT NULL);
    CREATE TABLE meters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class Crisis:
    """A time in which the council was in crisis mode; unix seconds, `ended` None if it is now."""

    began: float
    ended: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A crisis began or ended; unix seconds."""

    at: float
    began: bool
    reason: str


@final
class Store:
    """The file; one process or several may write.

    Args:
        database: Of `MIGRATIONS`.
        days: Days that things are kept.
        rows: Judgements that are kept one by one at the most.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        days: float = 30.0,
        rows: int = 500_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database: Final = database
        self._days: Final = days
        self._rows: Final = rows
        self._clock: Final = clock
        self._encode: Final = msgspec.msgpack.Encoder().encode
        self._samples: Final = msgspec.msgpack.Decoder(list[Sample]).decode
        self._rollup: Final = msgspec.msgpack.Decoder(Rollup).decode

    def write(self, seen: Sequence[Seen], *, dropped: int = 0, failed: int = 0) -> None:
        """Write judgements and what was lost since the last time, all of it or nothing.

        Raises:
            StoreError: It cannot be written.
        """
        rows, body = self._packed([row(each) for each in seen if not each.late])
        late, _ = self._packed([row(each) for each in seen if each.late])
        failed += len(seen) - len(rows) - len(late)
        rollups = rolled_up(rows, PERIOD)
        for place, rollup in rolled_up(late, PERIOD, council=False).items():
            rollups.setdefault(place, Rollup()).merge(rollup)
        with self._database.transaction():
            if rows:
                times = [each[0] for each in rows]
                self._database.execute(
                    "INSERT INTO packs(first, last, count, names, body) VALUES (?, ?, ?, ?, ?)",
                    [min(times), max(times), len(rows), _names(rows), body],
                )
            for (start, expert, role), rollup in rollups.items():
                self._add(start, expert, role, rollup)
            ever: dict[Subject, Rollup] = {}
            for (_, expert, role), rollup in rollups.items():
                ever.setdefault((expert, role), Rollup()).merge(rollup)
            for (expert, role), rollup in ever.items():
                self._add(EVER, expert, role, rollup)
            for name, value in (
                ("written", len(rows) + len(late)), ("dropped", dropped), ("failed", failed)
            ):  # fmt: skip
                if value:
                    self._meter(name, value)

    def _packed(self, rows: list[SampleRow]) -> tuple[list[SampleRow], bytes]:
        """Return those that can be encoded, and their encoding: ids are whatever users write."""
        try:
            return rows, self._encode(rows)
        except (UnicodeEncodeError, OverflowError, TypeError):
            sound = [each for each in rows if self._encodes(each)]
            return sound, self._encode(sound)

    def _encodes(self, one: SampleRow) -> bool:
        try:
            self._encode(one)
        except (UnicodeEncodeError, OverflowError, TypeError):
            return False
        return True

    def _add(self, start: int, expert: str, role: Role, rollup: Rollup) -> None:
        found = self._database.execute(
            "SELECT body FROM rollups WHERE start = ? AND expert = ? AND role = ?",
            [start, expert, int(role)],
        )
        if found:
            former = self._rollup(found[0][0])
            former.merge(rollup)
            rollup = former
        self._database.execute(
            "INSERT INTO rollups VALUES (?, ?, ?, ?) "
            "ON CONFLICT (start, expert, role) DO UPDATE SET body = excluded.body",
            [start, expert, int(role), self._encode(rollup)],
        )

    def _meter(self, name: str, value: int) -> None:
        self._database.execute(
            "INSERT INTO meters VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            [name, value],
        )

    def crisis(self, turn: Turn) -> None:
        """Write that a crisis began or ended; one that goes on is not begun again."""
        with self._database.transaction():
            going = self._database.execute("SELECT 1 FROM crises WHERE ended IS NULL")
            if turn.began and not going:
                self._database.execute(
                    "INSERT OR IGNORE INTO crises VALUES (?, NULL, ?)", [turn.at, turn.reason]
                )
            elif not turn.began:
                self._database.execute(
                    "UPDATE crises SET ended = max(began, ?) WHERE ended IS NULL", [turn.at]
                )

    def forget(self) -> None:
        """Remove what is older than its days, and the oldest judgements beyond the limit."""
        before = self._clock() - self._days * _DAY
        with self._database.transaction():
            self._database.execute("DELETE FROM packs WHERE last < ?", [before])
            self._database.execute(
                "DELETE FROM rollups WHERE start <> ? AND start < ?",
                [EVER, math.floor(before) - PERIOD],
            )
            self._database.execute("DELETE FROM crises WHERE ended < ?", [before])
            # The first pack, from the newest on, with which there are too many.
            self._database.execute(
                "DELETE FROM packs WHERE id < (SELECT max(id) FROM packs) AND id <= (SELECT id "
                "FROM (SELECT id, sum(count) OVER (ORDER BY id DESC) AS newer FROM packs) "
                "WHERE newer > ? ORDER BY id DESC LIMIT 1)",
                [self._rows],
            )

    def find(self, judgement: str, key: str | None = None) -> Sample | None:
        """Return the newest judgement of an id, and of an intent's key if one is given.

        Judgements without an id are found by the key alone.

        Raises:
            StoreError: The file cannot be read.
        """
        name = judgement or key
        if not name:
            return None
        try:
            needle = f"\n{name}\n".encode()
        except UnicodeEncodeError:
            return None
        rows = self._database.query(
            "SELECT body FROM packs WHERE instr(names, ?) ORDER BY id DESC", [needle]
        )
        for (body,) in rows:
            for sample in reversed(self._samples(body)):
                if sample.id == judgement and key in (None, sample.key):
                    return sample
        return None

    def samples(self, since: float = 0.0) -> Iterator[Sample]:
        """Yield judgements since a time, the newest first."""
        rows = self._database.query(
            "SELECT body FROM packs WHERE last >= ? ORDER BY id DESC", [since]
        )
        for (body,) in rows:
            yield from (each for each in reversed(self._samples(body)) if each.at >= since)

    def rollups(self, since: float = 0.0) -> dict[Subject, list[tuple[int, Rollup]]]:
        """Return the figures of each subject by the start of their minute, oldest first."""
        rows = self._database.query(
            "SELECT start, expert, role, body FROM rollups WHERE start >= ? ORDER BY start",
            [max(0, math.floor(since) - PERIOD + 1)],
        )
        return self._by_subject(rows)

    def ever(self) -> dict[Subject, Rollup]:
        """Return the figures of each subject since the beginning."""
        rows = self._database.query(
            "SELECT start, expert, role, body FROM rollups WHERE start = ?", [EVER]
        )
        return {subject: only[0][1] for subject, only in self._by_subject(rows).items()}

    def _by_subject(
        self, rows: Iterable[tuple[Any, ...]]
    ) -> dict[Subject, list[tuple[int, Rollup]]]:
        found: dict[Subject, list[tuple[int, Rollup]]] = {}
        for start, expert, role, body in rows:
            found.setdefault((expert, Role(role)), []).append((start, self._rollup(body)))
        return found

    def crises(self, since: float = 0.0) -> list[Crisis]:
        """Return the crises that had not ended by a time, oldest first."""
        rows = self._database.query(
            "SELECT began, ended, reason FROM crises WHERE ended IS NULL OR ended >= ? "
            "ORDER BY began",
            [since],
        )
        return [Crisis(*row) for row in rows]

    def meters(self) -> dict[str, int]:
        """Return how many judgements were written, dropped and failed, ever."""
        rows = self._database.query("SELECT name, value FROM meters")
        return {"written": 0, "dropped": 0, "failed": 0} | dict(rows)


def _names(rows: Sequence[SampleRow]) -> bytes:
    """Return the ids and keys of judgements between line feeds; a match is looked at again."""
    return "\n".join(["", *(f"{each[1]}\n{each[2]}" for each in rows), ""]).encode()
