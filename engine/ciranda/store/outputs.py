"""What steps printed: the head and the tail of each, 1 MiB together."""

from __future__ import annotations

from typing import Final, final

from ciranda.errors import StoreError
from ciranda.store.checksum import row_check
from ciranda.store.database import Database
from ciranda.store.opening import Row
from ciranda.store.rows import OutputChunk
from ciranda.store.runs import Runs

HEAD: Final = 512 * 1024  # bytes kept from the start of a step's output
TAIL: Final = 448 * 1024  # bytes of the end never dropped
CHUNK: Final = 64 * 1024  # bytes a row; what is dropped is dropped in whole rows

_SELECT: Final = 'SELECT id, path, stream, at, start, data, "check" FROM outputs '


def pieces(data: bytes, offset: int) -> list[tuple[int, bytes]]:
    """Return the parts of new output worth storing, each with its offset.

    The middle of a burst longer than everything that is kept is left out at once.
    """
    end = offset + len(data)
    found: list[tuple[int, bytes]] = []
    start = offset
    while start < end:
        stop = min(start + CHUNK, end, HEAD if start < HEAD else end)
        if not is_dropped(start, stop, end):
            found.append((start, data[start - offset : stop - offset]))
        start = stop
    return found


def is_dropped(start: int, stop: int, end: int) -> bool:
    """Tell whether a chunk lies in the middle that is not kept, `end` being the newest byte."""
    return start >= HEAD and stop <= end - TAIL


@final
class Outputs:
    """The `outputs` table."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    def append(self, run: str, path: str, stream: str, data: bytes, at: float) -> None:
        """Add what a step printed; the middle of a long output gives way.

        Raises:
            RunNotFoundError: There is no such run.
        """
        if not data:
            return
        number = self._runs.key(run).number
        with self._database.transaction():
            offset = self._end(number, path)
            self._database.execute_many(
                'INSERT INTO outputs(run, path, start, stream, at, data, "check") '
                "VALUES(?,?,?,?,?,?,?)",
                [
                    (number, path, start, stream, at, part, self._check(path, stream, start, part))
                    for start, part in pieces(data, offset)
                ],
            )
            self._database.execute(
                "DELETE FROM outputs WHERE run = ?1 AND path = ?2 AND start >= ?3 "
                "AND start + length(data) <= ?4",
                (number, path, HEAD, offset + len(data) - TAIL),
            )

    def read(self, run: str, path: str | None, after: int) -> list[OutputChunk]:
        """Return kept output with a greater id, in the order it was printed.

        Raises:
            RunNotFoundError: There is no such run.
            StoreError: A chunk is damaged.
        """
        rows = self._database.query(
            f"{_SELECT} WHERE run = ?1 AND (?2 IS NULL OR path = ?2) AND id > ?3 ORDER BY id",
            (self._runs.key(run).number, path, after),
        )
        return [self._chunk(run, row) for row in rows]

    def _end(self, number: int, path: str) -> int:
        rows = self._database.execute(
            "SELECT start + length(data) FROM outputs WHERE run = ? AND path = ? "
            "ORDER BY start DESC LIMIT 1",
            (number, path),
        )
        return int(rows[0][0]) if rows else 0

    @staticmethod
    def _check(path: str, stream: str, start: int, data: bytes) -> int:
        return row_check(path, stream, start, data)

    def _chunk(self, run: str, row: Row) -> OutputChunk:
        number, path, stream, at, start, data, check = row
        if not isinstance(data, bytes) or check != self._check(path, stream, start, data):
            raise StoreError(f"the output of step {path} of run {run} is damaged at byte {start}")
        return OutputChunk(number, path, stream, at, start, data)
