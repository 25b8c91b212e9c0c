"""A replica at work: what it wants kept is durable before what it says is heard.

The replica itself is a function from inputs to outputs; this is the shell around it. Transport,
store, clock and alarm come from outside: nodes and clusters in one process share it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, final

from ciranda_consensus.memory import require_memory
from ciranda_consensus.protocol.certificate import Verifies
from ciranda_consensus.protocol.messages import (
    Accused,
    Blocks,
    Committed,
    Input,
    Message,
    Output,
    Persist,
    Receive,
    Refused,
    Send,
    Serve,
    SetTimer,
)
from ciranda_consensus.protocol.replica import Replica
from ciranda_consensus.store.keeping import Keeps, Noted

__all__ = ["Carries", "Driver", "milliseconds"]


class Carries(Protocol):
    """Carries messages to other validators; hears which of theirs were refused."""

    def send(self, to: int, message: Message) -> None:
        """Take a message for a validator or `ALL` others; it never waits, and may lose some."""

    def refused(self, sender: int, reason: str) -> None:
        """Hear that a message was not taken."""


def milliseconds() -> int:
    """Return the time of the wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


MOST_SENT: Final = 4 << 20  # bytes of blocks in one message


def _large(found: Blocks) -> bool:
    return sum(len(entry) for block in found.blocks for entry in block.entries) > MOST_SENT


@final
class Driver:
    """Gives inputs to a replica and does what it says, in three steps.

    `think` computes, `keep` waits for the disk (it may run in another thread, while nothing else
    of the driver does), `release` lets the outputs out. Many inputs share one wait. What an
    exception leaves behind is not to be used any further.

    Args:
        replica: The replica.
        store: Keeps what it must not lose.
        transport: Carries its messages.
        alarm: Takes the timers that it sets; each replaces the one before.
        verifier: Checks signatures.
        clock: Tells milliseconds since the epoch.
        hear: Is told of blocks that are agreed on and of evidence, once they are durable.
    """

    __slots__ = ("_alarm", "_clock", "_hear", "_store", "_transport", "_verifier", "replica")

    def __init__(
        self,
        replica: Replica,
        store: Keeps,
        transport: Carries,
        alarm: Callable[[SetTimer], None],
        verifier: Verifies,
        *,
        clock: Callable[[], int] = milliseconds,
        hear: Callable[[Committed | Accused], None] | None = None,
    ) -> None:
        self.replica: Final = replica
        self._store: Final = store
        self._transport: Final = transport
        self._alarm: Final = alarm
        self._verifier: Final = verifier
        self._clock: Final = clock
        self._hear: Final = hear

    def take(self, inputs: Iterable[Input]) -> None:
        """Do all three steps for these inputs.

        Raises:
            StoreError: The disk failed, or the replica has forgotten a vote.
            ForkError: A quorum certified a block that is wrong.
        """
        self.release(self.keep(self.think(inputs)))

    def think(self, inputs: Iterable[Input]) -> list[Output]:
        """Return what follows from inputs; nothing of it has happened yet.

        Raises:
            StoreError: The replica has forgotten a vote.
            ForkError: A quorum certified a block that is wrong.
        """
        replica, now = self.replica, self._clock()
        found: list[Output] = []
        for one in inputs:
            if type(one) is Receive:
                require_memory(
                    one.message, replica.promise, replica.seat, replica.validators, self._verifier
                )
            found += replica.handle(one, now)
        return found

    def keep(self, outputs: list[Output], notes: Sequence[Noted] = ()) -> list[Output]:
        """Make durable what must be, and what is noted beside; return what is left to do.

        Raises:
            StoreError: It could not be written.
        """
        kept = [one for one in outputs if isinstance(one, Persist | Committed | Accused)]
        self._store.keep([*kept, *notes])
        return [self._served(one) for one in outputs]

    def _served(self, one: Output) -> Output:
        """Return what to send in place of a wish for the store, or of more than fits a message."""
        if isinstance(one, Serve):
            wish = one
        elif isinstance(one, Send) and isinstance(one.message, Blocks) and _large(one.message):
            wish = Serve(one.to, one.message.blocks[0].header.height - 1)
        else:
            return one
        found = self._store.above(wish.height)
        # One that wants what is forgotten here asks others, or for the state (node/sync.py).
        return Send(wish.to, found if found is not None else Blocks((), None))

    def release(self, outputs: list[Output]) -> None:
        """Let out what is durable."""
        for one in outputs:
            if isinstance(one, Send):
                self._transport.send(one.to, one.message)
            elif isinstance(one, SetTimer):
                self._alarm(one)
            elif isinstance(one, Committed | Accused):
                if self._hear is not None:
                    self._hear(one)
            elif isinstance(one, Refused):
                self._transport.refused(one.sender, one.reason)
