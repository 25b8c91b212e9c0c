"""Keeps the orders of many requests with one commit: a disk syncs one as slowly as all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

import anyio
import anyio.to_thread

from ciranda.errors import StoreError
from ciranda.serve.backlog import Backlog
from ciranda.serve.work import Accepted, Order

__all__ = ["Intake"]


class _Pending:
    """One order on its way into the backlog."""

    __slots__ = ("accepted", "error", "order", "settled")

    def __init__(self, order: Order) -> None:
        self.order: Final = order
        self.settled: Final = anyio.Event()
        self.accepted: Accepted | None = None
        self.error: StoreError | None = None


@final
class Intake:
    """Hands orders to the backlog, as many at once as came while it was writing.

    Args:
        backlog: What keeps them.
        wake: Called when there is work.
    """

    def __init__(self, backlog: Backlog, wake: Callable[[], None]) -> None:
        self._backlog: Final = backlog
        self._wake: Final = wake
        self._pending: list[_Pending] = []
        self._some = anyio.Event()

    async def accept(self, order: Order) -> Accepted | None:
        """Return what became of an order once it is durable; None if there is no room.

        Raises:
            StoreError: It is not kept.
        """
        pending = _Pending(order)
        self._pending.append(pending)
        self._some.set()
        await pending.settled.wait()
        if pending.error is not None:
            raise pending.error
        return pending.accepted

    async def work(self) -> None:
        """Keep what comes, until cancelled."""
        while True:
            await self._some.wait()
            self._some = anyio.Event()
            batch, self._pending = self._pending, []
            with anyio.CancelScope(shield=True):  # what is kept is also answered
                await self._keep(batch)
            self._wake()

    async def _keep(self, batch: list[_Pending]) -> None:
        orders = [pending.order for pending in batch]
        try:
            accepted = await anyio.to_thread.run_sync(self._backlog.accept, orders)
        except StoreError as error:
            for pending in batch:
                pending.error = error
        else:
            for pending, each in zip(batch, accepted, strict=True):
                pending.accepted = each
        for pending in batch:
            pending.settled.set()
