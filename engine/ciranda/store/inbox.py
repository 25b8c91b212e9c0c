"""The inbox: how another process tells a run to cancel, approve, or take an event."""

from __future__ import annotations

import threading
from typing import Final, final

from ciranda.store.checksum import row_check
from ciranda.store.database import Database
from ciranda.store.opening import Row
from ciranda.store.rows import Message
from ciranda.store.runs import Runs

_INSERT: Final = 'INSERT INTO inbox(run, kind, at, payload, topic, "check") VALUES(?,?,?,?,?,?)'
DAMAGED: Final = "damaged"  # the kind of a message of which nothing else is known
_STORE: Final = 0  # the number of no run: the message is for whoever listens to the store


@final
class Inbox:
    """The `inbox` table."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs
        self._posts = 0
        self._lock = threading.Lock()

    def post(self, run: str, kind: str, payload: bytes, at: float, topic: str) -> int:
        """Leave a message for a run and return its id.

        Raises:
            RunNotFoundError: There is no such run.
        """
        number = self._runs.key(run).number
        rows = self._database.execute(
            f"{_INSERT} RETURNING id",
            (number, kind, at, payload, topic, _check(run, kind, at, payload, topic)),
        )
        with self._lock:
            self._posts += 1
        return int(rows[0][0])

    def announce(self, kind: str, payload: bytes, at: float, topic: str) -> list[str]:
        """Leave a message for every open run and one for the store; return the runs."""
        with self._database.transaction():
            rows = self._database.execute(
                "SELECT number, id FROM runs WHERE status IN ('running', 'waiting') ORDER BY number"
            )
            self._database.execute_many(
                _INSERT,
                [
                    (number, kind, at, payload, topic, _check(run, kind, at, payload, topic))
                    for number, run in [*rows, (_STORE, "")]
                ],
            )
        with self._lock:
            self._posts += 1
        return [run for _, run in rows]

    def announced(self, after: int) -> list[Message]:
        """Return what was announced, with a greater id; a damaged message stops none after it."""
        return self._messages("", _STORE, after)

    def take(self, run: str, after: int) -> list[Message]:
        """Return a run's messages with a greater id, oldest first; they stay where they are.

        A damaged message stops none after it.

        Raises:
            RunNotFoundError: There is no such run.
        """
        return self._messages(run, self._runs.key(run).number, after)

    def forget(self, run: str, kept: int, kind: str, heard: int) -> None:
        """Remove the messages up to `kept`, and those of a kind up to `heard`.

        Raises:
            RunNotFoundError: There is no such run.
        """
        number = self._runs.key(run).number
        which = "WHERE run = ? AND id <= CASE kind WHEN ? THEN ? ELSE ? END"
        with self._database.transaction():
            # What is removed stays in the file as it was, unless it is written over first.
            self._database.execute(
                f"UPDATE inbox SET payload = zeroblob(length(payload)) {which}",
                (number, kind, heard, kept),
            )
            self._database.execute(f"DELETE FROM inbox {which}", (number, kind, heard, kept))

    def check(self) -> list[str]:
        """Return what is damaged, a sentence each."""
        rows = self._database.query(
            "SELECT inbox.id, kind, at, payload, topic, inbox.\"check\", coalesce(runs.id, '') "
            "FROM inbox LEFT JOIN runs ON runs.number = inbox.run ORDER BY inbox.id"
        )
        return [
            f"message {row[0]} to {f'run {run}' if run else 'the store'} is damaged: send it again"
            for *row, run in rows
            if self._message(run, tuple(row)).kind == DAMAGED
        ]

    def version(self) -> int:
        """Return a number that differs when somebody may have posted.

        SQLite counts only what others commit; the posts of this process are added.
        """
        return (self._database.data_version() << 32) + self._posts

    def _messages(self, run: str, number: int, after: int) -> list[Message]:
        rows = self._database.query(
            'SELECT id, kind, at, payload, topic, "check" FROM inbox '
            "WHERE run = ? AND id > ? ORDER BY id",
            (number, after),
        )
        return [self._message(run, row) for row in rows]

    def _message(self, run: str, row: Row) -> Message:
        number, kind, at, payload, topic, check = row
        if check != _check(run, kind, at, payload, topic):
            return Message(number, run, DAMAGED, b"", 0.0)
        return Message(number, run, kind, payload, at, topic)


def _check(run: str, kind: str, at: float, payload: bytes, topic: str) -> int:
    # Messages of the first schema have no topic.
    return row_check(run, kind, at, payload, *([topic] if topic else []))
