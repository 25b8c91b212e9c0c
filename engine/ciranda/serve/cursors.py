"""How far triggers are, durable, moved together with what they bring about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, final

from ciranda.serve.backlog import Backlog
from ciranda.serve.filewatch import Change, Look
from ciranda.serve.work import Accepted, Order
from ciranda.store import Database

__all__ = ["Cursors"]


@final
class Cursors:
    """The places of triggers by name.

    Args:
        book: The file that keeps them.
        backlog: Takes what they bring about; in the same file.
    """

    def __init__(self, book: Database, backlog: Backlog) -> None:
        self._book: Final = book
        self._backlog: Final = backlog

    def at(self, name: str, first: Callable[[], float]) -> float:
        """Return where a trigger is; `first` tells it from now on if the trigger is new."""
        rows = self._book.query("SELECT at FROM cursors WHERE name = ?", (name,))
        if not rows:
            self._book.execute("INSERT OR IGNORE INTO cursors VALUES(?, ?)", (name, first()))
            rows = self._book.execute("SELECT at FROM cursors WHERE name = ?", (name,))
        return float(rows[0][0])

    def advance(
        self, name: str, since: float, until: float, order: Order | None = None
    ) -> list[Accepted] | None:
        """Move a trigger on and accept the run that is due, both or neither.

        Returns:
            What was accepted; None if there is no room for it, or if another server was here
            first: then nothing happened.

        Raises:
            StoreError: Nothing happened.
        """
        with self._book.transaction():
            rows = self._book.execute("SELECT at FROM cursors WHERE name = ?", (name,))
            if not rows or rows[0][0] != since:
                return None
            accepted = self._accepted(order)
            if accepted is not None:
                self._book.execute("UPDATE cursors SET at = ? WHERE name = ?", (until, name))
        return accepted

    # Files

    def files(self, watch: str) -> dict[str, tuple[int, int]] | None:
        """Return what was told of a watch's files; None if it is new."""
        if not self._book.query("SELECT 1 FROM cursors WHERE name = ?", (watch,)):
            return None
        rows = self._book.query("SELECT path, size, modified FROM files WHERE watch = ?", (watch,))
        return {path: (size, modified) for path, size, modified in rows}

    def begin(self, watch: str, found: Look, now: float) -> None:
        """Take what is there already as known, for a watch that is new."""
        with self._book.transaction():
            self._book.execute("INSERT OR IGNORE INTO cursors VALUES(?, ?)", (watch, now))
            for path, (size, modified) in found.items():
                self._keep(watch, path, size, modified)

    def tell(self, watch: str, change: Change, order: Order | None) -> list[Accepted] | None:
        """Note a change and accept the run that it begins, both or neither.

        Args:
            watch: The trigger's name.
            change: What came or changed.
            order: None if it begins no run.

        Returns:
            What was accepted; None if there is no room for it: then nothing happened.
        """
        with self._book.transaction():
            accepted = self._accepted(order)
            if accepted is not None:
                self._keep(watch, change.path, change.size, change.modified)
        return accepted

    def drop(self, watch: str, paths: Iterable[str]) -> None:
        """Forget files that are gone."""
        with self._book.transaction():
            for path in paths:
                self._book.execute("DELETE FROM files WHERE watch = ? AND path = ?", (watch, path))

    def _keep(self, watch: str, path: str, size: int, modified: int) -> None:
        self._book.execute(
            "INSERT OR REPLACE INTO files VALUES(?,?,?,?)", (watch, path, size, modified)
        )

    def _accepted(self, order: Order | None) -> list[Accepted] | None:
        """Accept an order; called inside a transaction."""
        if order is None:
            return []
        (accepted,) = self._backlog.accept_within([order])
        return None if accepted is None else [accepted]
