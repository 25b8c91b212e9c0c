"""The other validators, as far as this node can reach them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, final

import anyio

from ciranda_consensus.encoding import EncodingError
from ciranda_consensus.fields import WireError
from ciranda_consensus.node.alarm import Latency
from ciranda_consensus.node.channel import Channel
from ciranda_consensus.node.handshake import HandshakeError
from ciranda_consensus.node.inbox import Inbox
from ciranda_consensus.node.limits import Allowance, Bans, Limits
from ciranda_consensus.node.outbox import Outbox
from ciranda_consensus.node.talk import Ping, Pong, Talk, say, understand
from ciranda_consensus.protocol.certificate import Flaw
from ciranda_consensus.protocol.messages import ALL, Entries, Fetch, Message, Proposal
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["GONE", "NONSENSE", "Peers"]

GONE: Final = (
    anyio.EndOfStream,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    OSError,
    HandshakeError,
    TimeoutError,
)
SERVED: Final = 1 << 20  # bytes that a question for blocks counts for
NONSENSE: Final = 10.0  # points for bytes that no node sends
# Points for messages that no honest replica sends; others are old, late or early.
_POINTS: Final = {
    Flaw.BAD_SIGNATURE: 10.0,
    Flaw.NO_QUORUM: 10.0,
    Flaw.UNKNOWN_SIGNER: 10.0,
    Flaw.MALFORMED: 5.0,
    Flaw.WRONG_LEADER: 5.0,
}


@final
class Peers:
    """One connection with each; carries the replica's messages.

    Args:
        validators: The set.
        seat: The index of this node.
        inbox: Takes what they say.
        bans: Remembers who sends nonsense, by key.
        limits: What each may do.
        latency: Learns how long messages take.
        standing: Tells the height that is agreed on here and the lowest that is kept.
        inspect: Looks into entries; says whether a vote for them can be right.
        quiet: Seconds without a word after which a connection is given up.
        clock: Tells seconds.

    Attributes:
        standings: What each told of itself last: the height agreed on, the lowest kept.
        unsaid: Messages that were too large to send.
    """

    def __init__(
        self,
        validators: ValidatorSet,
        seat: int,
        inbox: Inbox,
        bans: Bans,
        limits: Limits,
        latency: Latency,
        *,
        standing: Callable[[], tuple[int, int]],
        inspect: Callable[[tuple[bytes, ...]], Awaitable[bool]],
        quiet: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._validators: Final = validators
        self._seat: Final = seat
        self._inbox: Final = inbox
        self._bans: Final = bans
        self._limits: Final = limits
        self._latency: Final = latency
        self._standing: Final = standing
        self._inspect: Final = inspect
        self._quiet: Final = quiet
        self._clock: Final = clock
        self._boxes: Final = [Outbox(limits.outgoing) for _ in validators.members]
        self._links: Final[dict[int, anyio.CancelScope]] = {}
        self.unsaid = 0
        self.standings: Final[dict[int, tuple[int, int]]] = {}

    @property
    def connected(self) -> tuple[int, ...]:
        """The indices of those with whom there is a connection."""
        return tuple(sorted(self._links))

    def send(self, to: int, message: Message) -> None:
        """Take a message for one or `ALL` others."""
        try:
            data = say(message)
        except EncodingError:  # larger than any message may be: lost, as if the network had
            self.unsaid += 1
            return
        for seat in range(len(self._boxes)) if to == ALL else (to,):
            if seat != self._seat:
                self._boxes[seat].put(data)

    def refused(self, sender: int, reason: str) -> None:
        """Hold a message against its sender, and cut the connection when it is too much."""
        points = _POINTS.get(Flaw(reason), 0.0) if reason in set(Flaw) else 0.0
        if points and sender != self._seat:
            self._blame(sender, points)

    def _blame(self, seat: int, points: float) -> None:
        public = self._validators.members[seat].public
        if self._bans.blame(public, points) and seat in self._links:
            self._links[seat].cancel()

    async def converse(self, seat: int, channel: Channel) -> None:
        """Talk with a peer until the connection ends; a newer connection takes the place."""
        if seat in self._links:
            self._links[seat].cancel()
        box = self._boxes[seat]
        with anyio.CancelScope() as scope:
            self._links[seat] = scope
            box.open()
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._write, box, channel, scope)
                    tasks.start_soon(self._ping, box)
                    await self._read(seat, box, channel)
                    scope.cancel()
            finally:
                if self._links.get(seat) is scope:
                    del self._links[seat]
                    box.close()
                await channel.close()

    async def _write(self, box: Outbox, channel: Channel, scope: anyio.CancelScope) -> None:
        try:
            while True:
                await channel.send(*await box.take())
        except GONE:
            scope.cancel()

    async def _ping(self, box: Outbox) -> None:
        while True:
            box.put(say(Ping(int(self._clock() * 1e6), *self._standing())))
            await anyio.sleep(self._quiet / 4)

    async def _read(self, seat: int, box: Outbox, channel: Channel) -> None:
        limits = self._limits
        count = Allowance(limits.messages, limits.messages * limits.burst, self._clock)
        size = Allowance(limits.bytes, limits.bytes * limits.burst, self._clock)
        try:
            while True:
                with anyio.fail_after(self._quiet):
                    data = await channel.receive()
                wait = max(count.take(1), size.take(len(data)))
                if wait:
                    await anyio.sleep(wait)
                try:
                    message = understand(data)
                    if isinstance(message, Fetch):  # a few bytes, for which it gets many
                        await anyio.sleep(size.take(SERVED))
                    await self._heard(seat, box, message, len(data))
                except WireError:
                    self._blame(seat, NONSENSE)
        except GONE:
            return

    async def _heard(self, seat: int, box: Outbox, message: Message | Talk, size: int) -> None:
        if isinstance(message, Ping):
            self.standings[seat] = (message.height, message.base)
            box.put(say(Pong(message.stamp)))
        elif isinstance(message, Pong):
            taken = self._clock() - message.stamp / 1e6
            if 0 <= taken < self._quiet:
                self._latency.there_and_back(seat, taken)
        elif isinstance(message, Message):
            if isinstance(message, Entries):
                await self._inspect(message.entries)
            elif isinstance(message, Proposal) and not await self._inspect(message.block.entries):
                return  # this view ends without a vote of ours
            await self._inbox.put(seat, message, size)
        else:
            raise WireError("a question on a connection that is for agreeing")
