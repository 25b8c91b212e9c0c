"""Where others come in: who they are is known before anything of theirs is kept."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, final

import anyio
from anyio.abc import ByteStream, SocketAttribute

from ciranda_consensus.encoding import EncodingError
from ciranda_consensus.fields import WireError
from ciranda_consensus.node.answering import Answering
from ciranda_consensus.node.channel import Channel, answer
from ciranda_consensus.node.handshake import HandshakeError, Holds, Purpose
from ciranda_consensus.node.limits import Allowance, Bans, Limits
from ciranda_consensus.node.peers import GONE, NONSENSE
from ciranda_consensus.node.talk import Declined, Talk, say, understand
from ciranda_consensus.protocol.certificate import Verifies
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["Entrance"]

STRANGERS: Final = 64  # who have not said yet who they are
OF_ONE: Final = 32  # of these, from one address
REASONS: Final = 64  # that are counted one by one
IDLE: Final = 60.0  # seconds that somebody may think about his next question
PATIENCE: Final = 5.0  # seconds for them to say so
ASKING: Final = 2 << 20  # bytes of a question, at most


@final
class Entrance:
    """Takes connections: validators talk with `converse`, whoever asks is answered.

    Args:
        validators: The set.
        seat: The index of this node.
        signer: Holds its key.
        verifier: Checks signatures.
        answering: Answers questions.
        converse: Talks with a validator.
        bans: Remembers who sends nonsense.
        limits: What each may do.
        guests: Connections that those who are no validators may have.

    Attributes:
        refused: How many connections came to nothing, by the reason.
    """

    def __init__(
        self,
        validators: ValidatorSet,
        seat: int,
        signer: Holds,
        verifier: Verifies,
        answering: Answering,
        *,
        converse: Callable[[int, Channel], Awaitable[None]],
        bans: Bans,
        limits: Limits,
        guests: int,
    ) -> None:
        self._validators: Final = validators
        self._seat: Final = seat
        self._signer: Final = signer
        self._verifier: Final = verifier
        self._answering: Final = answering
        self._converse: Final = converse
        self._bans: Final = bans
        self._limits: Final = limits
        self._guests: Final = guests
        self._strangers: Final[dict[str, int]] = {}
        self._asking: Final[dict[bytes, int]] = {}
        self.refused: Final[dict[str, int]] = {}

    async def take(self, stream: ByteStream) -> None:
        """Talk with whoever came, until he goes or is sent away."""
        async with stream:
            channel = await self._greet(stream)
            if channel is None:
                return
            seat = self._validators.seat(channel.peer)
            if self._bans.banned(channel.peer):
                self._count("banned")
            elif channel.purpose is Purpose.ASK:
                await self._answer(channel, guest=seat is None)
            elif seat is None or seat == self._seat:
                self._count("no validator")
            else:
                await self._converse(seat, channel)

    def _count(self, reason: str) -> None:
        if reason not in self.refused and len(self.refused) >= REASONS:
            reason = "other"
        self.refused[reason] = self.refused.get(reason, 0) + 1

    async def _greet(self, stream: ByteStream) -> Channel | None:
        strangers = self._strangers
        where = str(stream.extra(SocketAttribute.remote_address, ("",))[0])
        if sum(strangers.values()) >= STRANGERS or strangers.get(where, 0) >= OF_ONE:
            self._count("too many at once")
            return None
        strangers[where] = strangers.get(where, 0) + 1
        try:
            with anyio.fail_after(PATIENCE):
                return await answer(stream, self._signer, self._validators.prefix, self._verifier)
        except HandshakeError as error:
            self._count(str(error))
        except GONE:
            self._count("left before it said who it is")
        finally:
            strangers[where] -= 1
            if not strangers[where]:
                del strangers[where]
        return None

    async def _answer(self, channel: Channel, *, guest: bool) -> None:
        """Answer questions; nonsense ends the connection, and bans who sends much of it."""
        asking, who = self._asking, channel.peer
        guests = sum(asking.values())
        if asking.get(who, 0) >= self._guests or (guest and guests >= self._guests):
            self._count("too many guests")
            return
        asking[who] = asking.get(who, 0) + 1
        count = Allowance(self._limits.messages, self._limits.messages, time.monotonic)
        try:
            while True:
                with anyio.fail_after(IDLE):
                    question = understand(await channel.receive(ASKING))
                await anyio.sleep(count.take(1))
                said = _said(await self._answering.answer(question))
                with anyio.fail_after(IDLE):  # one who does not read keeps his place no longer
                    await channel.send(said)
        except WireError:
            self._bans.blame(who, NONSENSE)
        except GONE:
            return
        finally:
            asking[who] -= 1
            if not asking[who]:
                del asking[who]


def _said(answer: Talk) -> bytes:
    try:
        return say(answer)
    except EncodingError as error:
        return say(Declined(str(error)))
