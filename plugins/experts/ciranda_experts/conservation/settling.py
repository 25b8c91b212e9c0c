"""Settling together: whoever waits for the same disk shares its sync."""

from __future__ import annotations

from typing import Final, final

import anyio
import anyio.to_thread

from ciranda.store import Durability

from .spent import Conflict, Reservation, Spent

__all__ = ["Settling"]


class _Waiting:
    """An approval to be settled, and what came of it."""

    __slots__ = ("conflict", "done", "reservation")

    def __init__(self, reservation: Reservation) -> None:
        self.reservation: Final = reservation
        self.conflict: Conflict | None = None
        self.done = False


@final
class Settling:
    """Reserves and settles without stopping the event loop for a disk.

    The first who settles commits for all who came by then, in a thread; those who come meanwhile
    are the next lot. A commit that needs no sync takes microseconds and is made at once. For one
    event loop.
    """

    def __init__(self, spent: Spent) -> None:
        self._spent: Final = spent
        self._synced: Final = spent.durability is Durability.POWER
        self._lock: Final = anyio.Lock()
        self._waiting: list[_Waiting] = []

    async def reserve(self, transaction: str, digest: str, step: str) -> Reservation | Conflict:
        """Take the id of a transaction, or say who has it.

        Raises:
            StoreError: The file cannot be written.
        """
        if self._lock.locked():  # a thread has the file: wait for it here, not in the store
            async with self._lock:
                return self._spent.reserve(transaction, digest, step)
        return self._spent.reserve(transaction, digest, step)

    async def settle(self, reservation: Reservation, approved: bool) -> Conflict | None:
        """End a reservation; is not cut short by a cancellation.

        Raises:
            StoreError: The file cannot be written; the approval may not be relied upon.
        """
        with anyio.CancelScope(shield=True):
            if self._synced and approved:
                conflict = await self._together(_Waiting(reservation))
            else:
                async with self._lock:
                    conflict = self._spent.settle([(reservation, approved)])[0]
        return conflict

    async def _together(self, mine: _Waiting) -> Conflict | None:
        self._waiting.append(mine)
        async with self._lock:
            if not mine.done:
                await self._commit(mine)
        return mine.conflict

    async def _commit(self, mine: _Waiting) -> None:
        lot = tuple(self._waiting)
        pairs = [(each.reservation, True) for each in lot]
        try:
            conflicts = await anyio.to_thread.run_sync(self._spent.settle, pairs)
        except BaseException:
            self._waiting.remove(mine)  # the others try for themselves
            raise
        del self._waiting[: len(lot)]
        for each, conflict in zip(lot, conflicts, strict=True):
            each.conflict = conflict
            each.done = True
