"""The records of runs: appended under a fence, read back with nothing missing or altered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, final

import apsw
import msgspec

from ciranda.errors import LeaseLostError, StoreError
from ciranda.store.blobs import SPILL, Blobs, digest_of
from ciranda.store.checksum import record_check
from ciranda.store.database import Database
from ciranda.store.opening import Row
from ciranda.store.rows import Examined, Record
from ciranda.store.runs import RunKey, Runs

_PAGE: Final = 500  # records a query: no read transaction outlives one, so checkpoints pass
_INSERT: Final = "INSERT INTO records VALUES(?,?,?,?,?,?,?)"
_FENCE: Final = "SELECT 1 FROM leases WHERE run = ? AND epoch = ? AND holder <> ''"
# The fence and a few records in one statement, which is one transaction; by their number.
_FENCED: Final = [
    "INSERT INTO records "
    + " UNION ALL ".join([f"SELECT ?,?,?,?,?,?,? WHERE EXISTS({_FENCE})"] * count)
    for count in range(4)
]
_SELECT: Final = 'SELECT id, at, type, version, spilled, payload, "check" FROM records '


def require_sequence(run: str, tail: int, records: Sequence[Record]) -> None:
    """Refuse records of another run, or that do not follow on the last one.

    Raises:
        StoreError: Naming the run and the place.
    """
    expected = tail + 1
    for record in records:
        if record.run != run:
            raise StoreError(f"a record of run {record.run} cannot be appended to run {run}")
        if record.seq != expected:
            raise StoreError(
                f"record {record.seq} cannot be appended to run {run}: "
                f"the next one is {expected}; read the log again"
            )
        expected += 1


@final
class Records:
    """The `records` table."""

    def __init__(self, database: Database, runs: Runs, blobs: Blobs) -> None:
        self._database = database
        self._runs = runs
        self._blobs = blobs
        self._tails: dict[str, int] = {}  # last seq of the runs this process writes

    def append(self, run: str, epoch: int, records: Sequence[Record]) -> None:
        """Add records in one transaction, durable on return.

        Raises:
            LeaseLostError: The epoch is not the run's any more; nothing is added.
            StoreError: A record does not follow on the last, or the file cannot be written.
        """
        if not records:
            return
        key = self._runs.key(run)
        last = records[-1]
        tail = self._tails.get(run)
        if tail is None or records[0].seq != tail + 1:
            tail = self._last(key)  # the first append, another writer's turn, or a mistake
        require_sequence(run, tail, records)
        try:
            if len(records) < len(_FENCED) and all(len(one.payload) <= SPILL for one in records):
                cells: list[Any] = []
                for record in records:
                    cells += (*self._row(key, record), key.number, epoch)
                if not self._database.change(_FENCED[len(records)], cells):
                    raise LeaseLostError(run)  # noqa: TRY301 -- both ways lose the tail alike
            else:
                with self._database.transaction():
                    self.require(run, epoch)
                    rows = [self._row(key, record) for record in records]
                    self._database.execute_many(_INSERT, rows)
        except StoreError as error:
            self._tails.pop(run, None)
            if isinstance(error.__cause__, apsw.ConstraintError):
                raise StoreError(
                    f"record {last.seq} of run {run} is there already: read the log again"
                ) from error
            raise
        except LeaseLostError:
            self._tails.pop(run, None)
            raise
        self._tails[run] = last.seq

    def require(self, run: str, epoch: int) -> None:
        """Check the fence inside an open transaction.

        Raises:
            LeaseLostError: The epoch is not the run's any more.
        """
        number = self._runs.key(run).number
        if not self._database.execute(_FENCE, (number, epoch)):
            raise LeaseLostError(run)

    def read(self, run: str, after: int, limit: int | None) -> Iterator[Record]:
        """Yield the records of a run in order, each checked.

        Raises:
            RunNotFoundError: There is no such run.
            StoreError: A record is missing or damaged; the text names run and seq.
        """
        key = self._runs.key(run)
        seen, left = after, limit if limit is not None else 1 << 62
        while left > 0:
            wanted = min(left, _PAGE)
            rows, fault = self._database.query_sound(
                f"{_SELECT} WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
                (key.first + seen, key.first + (1 << 32), wanted),
            )
            for row in rows:
                yield self._record(run, key, seen + 1, row)
                seen += 1
            if fault:
                raise StoreError(f"run {run} cannot be read after record {seen}: {fault}")
            left -= len(rows)
            if len(rows) < wanted and self._is_all(run, key, seen):
                return

    def one(self, run: str, seq: int) -> Record:
        """Return one record, checked.

        Raises:
            RunNotFoundError: There is no such run.
            StoreError: There is no such record, or it is damaged.
        """
        key = self._runs.key(run)
        rows = self._database.query(f"{_SELECT} WHERE id = ?", (key.first + seq,))
        if not rows:
            raise StoreError(f"run {run} has no record {seq}")
        return self._record(run, key, seq, rows[0])

    def examine(self, run: str) -> Iterator[Examined]:
        """Yield whatever records of a run are there, in order, sound or not.

        Raises:
            RunNotFoundError: There is no such run.
            StoreError: The file itself cannot be read.
        """
        key = self._runs.key(run)
        last = key.first - 1
        while True:
            bounds = (last, key.first + (1 << 32))
            rows, fault = self._database.query_sound(
                f"{_SELECT} WHERE id > ? AND id < ? ORDER BY id LIMIT {_PAGE}", bounds
            )
            for row in rows:
                last = row[0]
                yield self._examined(run, key, row)
            if not fault:
                if len(rows) < _PAGE:
                    return
                continue
            # One that cannot even be read: its key alone, which may fail for good.
            found = self._database.query(
                "SELECT id FROM records WHERE id > ? AND id < ? ORDER BY id LIMIT 1",
                (last, bounds[1]),
            )
            if not found:
                raise fault
            last = found[0][0]
            yield Examined(last - key.first, None, None, None, "", str(fault))

    def _examined(self, run: str, key: RunKey, row: Row) -> Examined:
        id_, at, kind, version, spilled, payload, _ = row
        seq, fault = id_ - key.first, ""
        try:
            self._record(run, key, seq, row)
        except StoreError as error:
            fault = str(error)
        if spilled == 1 and isinstance(payload, bytes):
            digest = payload.hex()
        else:
            digest = digest_of(payload).hex() if isinstance(payload, bytes) else ""
        return Examined(seq, at, kind, version, digest, fault)

    def mark_tail(self, run: str) -> None:
        """Note how far a run's log reaches, so that a lost end is noticed when it is read."""
        key = self._runs.key(run)
        self._database.execute(
            "UPDATE runs SET tail = max(tail, (SELECT coalesce(max(id) - ?1, -1) FROM records "
            "WHERE id >= ?1 AND id < ?2)) WHERE number = ?3",
            (key.first, key.first + (1 << 32), key.number),
        )

    def forget(self, run: str) -> None:
        """Drop what is remembered of a run that this process is done with."""
        self._tails.pop(run, None)

    def _last(self, key: RunKey) -> int:
        rows = self._database.query(
            "SELECT coalesce(max(id) - ?1, -1) FROM records WHERE id >= ?1 AND id < ?2",
            (key.first, key.first + (1 << 32)),
        )
        return int(rows[0][0])

    def _row(self, key: RunKey, record: Record) -> Row:
        payload = record.payload
        spilled = len(payload) > SPILL
        if spilled:
            payload = self._blobs.put(payload, key.number)
        check = record_check(key.sum, record, payload, spilled)
        return (
            key.first + record.seq,
            record.at,
            record.type,
            record.version,
            spilled,
            payload,
            check,
        )

    def _record(self, run: str, key: RunKey, seq: int, row: Row) -> Record:
        found, at, kind, version, spilled, payload, check = row
        if found != key.first + seq:
            raise StoreError(
                f"record {seq} of run {run} is missing (the next one there is "
                f"{found - key.first}): {self._database.path} is damaged"
            )
        record = Record(run, seq, at, kind, version, payload)
        sound = (
            isinstance(at, float)
            and isinstance(kind, str)
            and isinstance(version, int)
            and isinstance(payload, bytes)
            and spilled in {0, 1}
            and check == record_check(key.sum, record, payload, bool(spilled))
        )
        if not sound:
            raise StoreError(
                f"record {seq} ({kind}) of run {run} is damaged: "
                f"its bytes in {self._database.path} do not fit their checksum"
            )
        if spilled:
            return msgspec.structs.replace(record, payload=self._blobs.get(payload.hex()))
        return record

    def _is_all(self, run: str, key: RunKey, seen: int) -> bool:
        """Say whether a run has no more records than were seen; more may have come meanwhile.

        Raises:
            StoreError: It had more, and they are gone.
        """
        rows = self._database.query("SELECT tail FROM runs WHERE number = ?", (key.number,))
        if not rows or rows[0][0] <= seen:
            return True
        if self._database.query(f"{_SELECT} WHERE id = ?", (key.first + seen + 1,)):
            return False
        raise StoreError(
            f"run {run} ends at record {seen}, but it once reached {rows[0][0]}: "
            f"{self._database.path} is damaged"
        )
