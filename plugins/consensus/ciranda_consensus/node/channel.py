"""A connection that only two can read and write, and whose ends know each other."""

from __future__ import annotations

import math
from typing import Final, final

import anyio
from anyio.abc import ByteStream

from ciranda_consensus.node.handshake import (
    ANSWER_BYTES,
    CALL_BYTES,
    PROOF_BYTES,
    Cipher,
    Handshake,
    HandshakeError,
    Holds,
    Purpose,
)
from ciranda_consensus.protocol.certificate import Verifies

__all__ = ["MOST_FRAME", "Channel", "answer", "call"]

MOST_FRAME: Final = (8 << 20) + 64
LENGTH: Final = 4
TAG: Final = 16
CHUNK: Final = 65_536


@final
class Channel:
    """Sends and receives whole messages, encrypted and in order.

    One task may send and another receive at the same time, not two of a kind.

    Attributes:
        peer: The key of the other side.
        purpose: What the connection is for.
    """

    def __init__(
        self,
        stream: ByteStream,
        rest: bytes,
        peer: bytes,
        purpose: Purpose,
        ciphers: tuple[Cipher, Cipher],
    ) -> None:
        self.peer: Final = peer
        self.purpose: Final = purpose
        self._stream: Final = stream
        self._buffer: Final = bytearray(rest)
        self._out: Final = ciphers[0]
        self._in: Final = ciphers[1]

    async def send(self, *messages: bytes) -> None:
        """Send messages, with one write.

        Raises:
            HandshakeError: One is too long.
            anyio.BrokenResourceError: The connection is cut.
        """
        parts = []
        for message in messages:
            if len(message) + TAG > MOST_FRAME:
                raise HandshakeError(f"a message of {len(message)} bytes is too long")
            length = (len(message) + TAG).to_bytes(LENGTH, "big")
            parts += [length, self._out.seal(message, length)]
        await self._stream.send(b"".join(parts))

    async def receive(self, most: int = MOST_FRAME) -> bytes:
        """Return the next message.

        Args:
            most: Bytes that it may have; memory is taken as they come, not as they are announced.

        Raises:
            HandshakeError: It is too long, or was tampered with.
            anyio.EndOfStream: The other side is gone.
            anyio.BrokenResourceError: The connection is cut.
        """
        length = await self._exactly(LENGTH)
        size = int.from_bytes(length, "big")
        if not TAG <= size <= most + TAG:
            raise HandshakeError(f"a message of {size} bytes, where {most} are allowed")
        return self._in.open(await self._exactly(size), length)

    async def _exactly(self, size: int) -> bytes:
        return await _exactly(self._stream, self._buffer, size)

    async def close(self) -> None:
        """Close the connection, at once."""
        with anyio.CancelScope(shield=True, deadline=-math.inf):
            await self._stream.aclose()


async def _exactly(stream: ByteStream, buffer: bytearray, size: int) -> bytes:
    while len(buffer) < size:
        buffer += await stream.receive(CHUNK)
    found = bytes(buffer[:size])
    del buffer[:size]
    return found


async def call(
    stream: ByteStream,
    own: Holds,
    prefix: bytes,
    verifier: Verifies,
    expected: bytes,
    purpose: Purpose,
) -> Channel:
    """Begin a connection with the holder of the key `expected`.

    Raises:
        HandshakeError: The other side is somebody else.
        anyio.EndOfStream: It does not want to.
        anyio.BrokenResourceError: The connection is cut.
    """
    side, buffer = Handshake(own, prefix, verifier), bytearray()
    await stream.send(side.call())
    proof, *ciphers = side.prove(await _exactly(stream, buffer, ANSWER_BYTES), expected, purpose)
    await stream.send(proof)
    return Channel(stream, bytes(buffer), side.peer, side.purpose, (ciphers[0], ciphers[1]))


async def answer(stream: ByteStream, own: Holds, prefix: bytes, verifier: Verifies) -> Channel:
    """Answer a connection, from whoever holds the key that it shows.

    Raises:
        HandshakeError: It does not hold it, or speaks another protocol.
        anyio.EndOfStream: It is gone.
        anyio.BrokenResourceError: The connection is cut.
    """
    side, buffer = Handshake(own, prefix, verifier), bytearray()
    await stream.send(side.answer(await _exactly(stream, buffer, CALL_BYTES)))
    ciphers = side.finish(await _exactly(stream, buffer, PROOF_BYTES))
    return Channel(stream, bytes(buffer), side.peer, side.purpose, ciphers)
