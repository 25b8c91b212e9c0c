"""Messages within one process: handed over as they are, in order, to whoever has a place there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

from ciranda_consensus.node.inbox import Inbox
from ciranda_consensus.protocol.messages import ALL, Message, Receive

__all__ = ["Wires"]


@final
class Wires:
    """What one validator of a cluster sends through.

    Args:
        seat: Its index.
        inboxes: Of all validators.
        refuse: Hears of messages that a validator did not take.
    """

    __slots__ = ("_inboxes", "_refuse", "_seat")

    def __init__(
        self, seat: int, inboxes: Sequence[Inbox], refuse: Callable[[int, int, str], None]
    ) -> None:
        self._seat: Final = seat
        self._inboxes: Final = inboxes
        self._refuse: Final = refuse

    def send(self, to: int, message: Message) -> None:
        """Hand a message to a validator or to `ALL` others."""
        what = Receive(self._seat, message)
        for seat in range(len(self._inboxes)) if to == ALL else (to,):
            if seat != self._seat:
                self._inboxes[seat].push(what)

    def refused(self, sender: int, reason: str) -> None:
        """Tell of a message that this validator did not take."""
        self._refuse(self._seat, sender, reason)
