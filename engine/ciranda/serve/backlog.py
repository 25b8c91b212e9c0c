"""Accepted work, durable and bounded; whoever takes some is told from all other servers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, final

import msgspec

from ciranda.serve.work import Accepted, Order, Work
from ciranda.store import Clock, Database, Process
from ciranda.store.holders import Holder, is_held, renewed

__all__ = ["KEPT", "SILENCE", "Backlog"]

SILENCE: Final = 30.0  # seconds after which a server that says nothing may be taken for dead
KEPT: Final = 7 * 86_400.0  # seconds for which an event is known again
_INSERT: Final = (
    "INSERT INTO work(run, flow, trigger, key, inputs, at, state) VALUES(?,?,?,?,?,?,'waiting')"
)


@final
class Backlog:
    """The work of all servers of a store, as one of them sees it.

    Args:
        book: The file that keeps it.
        limit: Accepted runs that may wait at most.
        process: This process.
        clock: Both clocks.
    """

    def __init__(
        self,
        book: Database,
        *,
        limit: int,
        process: Process | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._book: Final = book
        self._limit: Final = limit
        self._process: Final = process or Process()
        self._clock: Final = clock or Clock()
        self._me = self._register()

    # Accepting

    def accept(self, orders: Sequence[Order]) -> list[Accepted | None]:
        """Keep orders, all in one transaction; None stands for one that there is no room for.

        Raises:
            StoreError: Nothing is kept.
        """
        with self._book.transaction():
            return self.accept_within(orders)

    def accept_within(self, orders: Sequence[Order]) -> list[Accepted | None]:
        """Do as `accept` inside a transaction of the same file that is open already."""
        room = self._limit - self.waiting()
        found: list[Accepted | None] = []
        for order in orders:
            known = self._known(order.key)
            if known is not None:
                found.append(Accepted(known, duplicate=True))
            elif room <= 0:
                found.append(None)
            else:
                room -= 1
                packed = msgspec.msgpack.encode(order.inputs)
                at = self._clock.wall()
                self._book.execute(
                    _INSERT, (order.run, order.flow, order.trigger, order.key, packed, at)
                )
                found.append(Accepted(order.run))
        return found

    def waiting(self) -> int:
        """Return how many runs are to begin and wait."""
        rows = self._book.execute(
            "SELECT count(*) FROM work WHERE state = 'waiting' AND flow <> ''"
        )
        return int(rows[0][0])

    def strangers(self, flows: Iterable[str]) -> dict[str, int]:
        """Return how many runs wait for files that are not among `flows`, by file."""
        rows = self._book.query(
            "SELECT flow, count(*) FROM work WHERE state = 'waiting' AND flow <> '' "
            "AND flow NOT IN (SELECT value FROM json_each(?)) GROUP BY flow",
            (_listed(flows),),
        )
        return {flow: int(count) for flow, count in rows}

    def revive(self, runs: Sequence[str]) -> int:
        """Have runs that were begun gone on with; return how many were not to be already."""
        with self._book.transaction():
            return sum(
                self._book.change(
                    "INSERT INTO work(run, flow, trigger, at, state) VALUES(?,'','',?,'waiting') "
                    "ON CONFLICT(run) DO UPDATE SET flow = '', state = 'waiting', after = 0 "
                    "WHERE state = 'done'",
                    (run, self._clock.wall()),
                )
                for run in runs
            )

    # Taking

    def take(self, flows: Iterable[str]) -> Work | None:
        """Take what waits longest and can be done by one who serves `flows`."""
        rows = self._book.execute(
            "UPDATE work SET state = 'taken', server = ?1 WHERE number = ("
            "SELECT number FROM work WHERE state = 'waiting' AND after <= ?2 "
            "AND (flow = '' OR flow IN (SELECT value FROM json_each(?3))) ORDER BY number LIMIT 1"
            ") RETURNING number, run, flow, trigger, inputs",
            (self._me, self._clock.wall(), _listed(flows)),
        )
        return Work(*rows[0]) if rows else None

    def done(self, work: Work) -> None:
        """Note that there is nothing more to do; nothing happens if it was taken over."""
        self._book.change(
            "UPDATE work SET state = 'done', inputs = NULL, server = NULL, at = ? "
            "WHERE number = ? AND server = ?",
            (self._clock.wall(), work.number, self._me),
        )

    def give_back(self, work: Work, pause: float = 0.0) -> None:
        """Have it done later, by whoever takes it; nothing happens if it was taken over.

        Args:
            work: What was taken.
            pause: Seconds for which nobody is to take it.
        """
        after = self._clock.wall() + pause if pause else 0.0
        self._book.change(
            "UPDATE work SET state = 'waiting', server = NULL, after = ? "
            "WHERE number = ? AND server = ?",
            (after, work.number, self._me),
        )

    # Living

    def beat(self) -> bool:
        """Tell others that this server lives; False if it was taken for dead meanwhile."""
        with self._book.transaction():
            rows = self._book.execute("SELECT holder FROM servers WHERE number = ?", (self._me,))
            if rows:
                held = renewed(msgspec.json.decode(rows[0][0], type=Holder), self._clock)
                self._book.execute(
                    "UPDATE servers SET holder = ? WHERE number = ?", (_text(held), self._me)
                )
                return True
            self._me = self._register()
            return False

    def bury(self) -> list[str]:
        """Take the work of dead servers from them; return the runs that it is about."""
        rows = self._book.query("SELECT number, holder FROM servers WHERE number <> ?", (self._me,))
        freed: list[str] = []
        for number, text in rows:
            holder = msgspec.json.decode(text, type=Holder)
            if is_held(holder, self._process, self._clock):
                continue
            with self._book.transaction():
                # Asked again: it may have said something since.
                freed += self._freed(number, text)
        return freed

    def _freed(self, number: int, text: str) -> list[str]:
        gone = self._book.change(
            "DELETE FROM servers WHERE number = ? AND holder = ?", (number, text)
        )
        if not gone:
            return []
        rows = self._book.execute(
            "UPDATE work SET state = 'waiting', server = NULL "
            "WHERE state = 'taken' AND server = ? RETURNING run",
            (number,),
        )
        return [run for (run,) in rows]

    def forget(self) -> int:
        """Remove what ended so long ago that it need not be known again."""
        return self._book.change(
            "DELETE FROM work WHERE state = 'done' AND at < ?", (self._clock.wall() - KEPT,)
        )

    def leave(self) -> None:
        """Say that this server ends; what it took and has not ended is free."""
        with self._book.transaction():
            rows = self._book.execute("SELECT holder FROM servers WHERE number = ?", (self._me,))
            for (text,) in rows:
                self._freed(self._me, text)

    def _register(self) -> int:
        hold = self._process.hold(f"serve, pid {self._process.pid}", SILENCE, self._clock)
        rows = self._book.execute(
            "INSERT INTO servers(holder) VALUES(?) RETURNING number", (_text(hold),)
        )
        return int(rows[0][0])

    def _known(self, key: str | None) -> str | None:
        if key is None:
            return None
        rows = self._book.execute("SELECT run FROM work WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None


def _text(holder: Holder) -> str:
    return msgspec.json.encode(holder).decode()


def _listed(names: Iterable[str]) -> str:
    return msgspec.json.encode(list(names)).decode()
