"""Reaching others: again and again, later and later, never all at the same moment."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, final

import anyio

from ciranda_consensus.node.channel import Channel, call
from ciranda_consensus.node.configuration import address_of
from ciranda_consensus.node.handshake import Holds, Purpose
from ciranda_consensus.node.peers import GONE
from ciranda_consensus.protocol.certificate import Verifies

__all__ = ["Dialing"]

PATIENCE: Final = 5.0  # seconds for a connection to come about
SETTLED: Final = 2.0  # seconds after which a connection was a good one


@final
class Dialing:
    """Opens connections to those whose keys and addresses are known.

    Args:
        signer: Holds the key of whoever calls.
        prefix: What names chain, epoch and set.
        verifier: Checks signatures.
        redial: Seconds between two tries, at first and at most.
        chance: Gives numbers from 0 to 1, so that nodes do not call in step.
    """

    def __init__(
        self,
        signer: Holds,
        prefix: bytes,
        verifier: Verifies,
        redial: tuple[float, float] = (0.1, 5.0),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._signer: Final = signer
        self._prefix: Final = prefix
        self._verifier: Final = verifier
        self._redial: Final = redial
        self._chance: Final = chance

    @asynccontextmanager
    async def open(
        self, address: str, public: bytes, purpose: Purpose = Purpose.ASK
    ) -> AsyncIterator[Channel]:
        """Call the holder of a key; the connection is closed at the end.

        Raises:
            HandshakeError: Somebody else answers.
            OSError: Nobody does. What `channel.call` raises, too.
            TimeoutError: Not in time.
        """
        host, port = address_of(address)
        with anyio.fail_after(PATIENCE):
            stream = await anyio.connect_tcp(host, port)
        async with stream:
            with anyio.fail_after(PATIENCE):
                channel = await call(
                    stream, self._signer, self._prefix, self._verifier, public, purpose
                )
            yield channel

    async def keep(
        self, address: str, public: bytes, converse: Callable[[Channel], Awaitable[None]]
    ) -> None:
        """Keep a connection with a validator, for ever."""
        first, most = self._redial
        wait = first
        while True:
            begun = anyio.current_time()
            try:
                async with self.open(address, public, Purpose.AGREE) as channel:
                    await converse(channel)
            except GONE:
                pass  # the next try comes
            if anyio.current_time() - begun > SETTLED:
                wait = first
            await anyio.sleep(wait * (0.5 + self._chance() / 2))
            wait = min(2 * wait, most)
