"""Two ends of a connection in memory, with somebody in the middle."""

from __future__ import annotations

import anyio
from anyio.abc import ByteStream

from ciranda_consensus.node import Purpose
from ciranda_consensus.node.channel import answer, call


class End(ByteStream):
    """One end; `changed` makes of what is sent what arrives."""

    def __init__(self, send, receive):
        self._send, self._receive = send, receive
        self.changed = lambda data: [data]
        self.sent = []

    async def receive(self, max_bytes=65536):
        try:
            return await self._receive.receive()
        except anyio.EndOfStream:
            raise anyio.EndOfStream from None

    async def send(self, item):
        self.sent.append(item)
        for data in self.changed(item):
            await self._send.send(data)

    async def send_eof(self):
        self._send.close()

    async def aclose(self):
        self._send.close()
        self._receive.close()


def pipe():
    """Return two connected ends."""
    there = anyio.create_memory_object_stream[bytes](1000)
    back = anyio.create_memory_object_stream[bytes](1000)
    return End(there[0], back[1]), End(back[0], there[1])


async def met(caller, answerer, verifier, *, prefix=b"set", expected=None, purpose=Purpose.ASK):
    """Return both sides of a channel between two keys."""
    ends, found = pipe(), {}

    async def side(name, begin):
        found[name] = await begin

    async with anyio.create_task_group() as tasks:
        peer = expected or answerer.public
        tasks.start_soon(side, 0, call(ends[0], caller, prefix, verifier, peer, purpose))
        tasks.start_soon(side, 1, answer(ends[1], answerer, prefix, verifier))
    return found[0], found[1], ends
