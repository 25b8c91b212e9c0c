"""Nodes in one process, on real sockets of the loopback."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio

from ciranda.store import Durability
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.node import Dialing, Genesis, Node, NodeSettings, Seat, open_node
from ciranda_consensus.protocol import Pacing
from tests.plugins.consensus.notebook import Notebook

SIGNERS = [Signer(bytes([seat]) * 32) for seat in range(7)]
GUEST = Signer(b"g" * 32)


def ports(count):
    """Return ports that are free, and held by nobody else as long as they are asked for at once."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return found


def genesis_of(count):
    """Return a genesis with free ports of the loopback."""
    seats = zip(SIGNERS[:count], ports(count), strict=True)
    return Genesis(
        "t", 1, tuple(Seat(one.public.hex(), 1, f"127.0.0.1:{port}") for one, port in seats)
    )


class Nodes:
    """Nodes of a chain, started and stopped one by one."""

    def __init__(self, folder, count=4, first=None, genesis=None, subject=None, **settings):
        self.folder, self.count, self.first = folder, count, first
        self.genesis, self.subject = genesis or genesis_of(count), subject
        self.settings = {"pacing": Pacing(0.3, 1.5, 5.0), "redial": (0.02, 0.2), **settings}
        self.nodes: dict[int, Node] = {}
        self.scopes: dict[int, anyio.CancelScope] = {}
        self.set = self.genesis.set()
        self.closed: dict[int, anyio.Event] = {}
        self.tasks: Any = None

    async def start(self, seat, **settings):
        """Start a node; it is in `nodes` when it listens."""

        closed = self.closed[seat] = anyio.Event()

        async def live(*, task_status):
            folder = self.folder / str(seat)
            given = NodeSettings(
                genesis="", key="", folder=str(folder), **{**self.settings, **settings}
            )
            machine = self.subject() if self.subject else Notebook(first=self.first)
            with anyio.CancelScope() as scope:
                async with open_node(
                    given, self.genesis, SIGNERS[seat], machine, durability=Durability.OFF
                ) as node:
                    self.nodes[seat], self.scopes[seat] = node, scope
                    await node.run(task_status=task_status)
            closed.set()

        await self.tasks.start(live)
        return self.nodes[seat]

    async def stop(self, seat):
        """Stop a node; its store is closed then."""
        self.scopes.pop(seat).cancel()
        del self.nodes[seat]
        await self.closed.pop(seat).wait()

    async def until(self, condition, seconds=20):
        """Wait for a condition; sockets have no virtual time."""
        with anyio.fail_after(seconds):
            while not condition():  # noqa: ASYNC110  (of nodes, which know no events)
                await anyio.sleep(0.005)

    def same(self, height):
        """Say whether all nodes are at a height, with the same block."""
        found = [node.status() for node in self.nodes.values()]
        return min(one.height for one in found) >= height and len({one.tip for one in found}) == 1

    @asynccontextmanager
    async def guest(self, seat, signer=GUEST, named=None, **options):
        """Open a connection for asking, or for what else is said."""
        one = self.set.members[seat]
        dialing = Dialing(signer, self.set.prefix, Verifier())
        public = SIGNERS[seat if named is None else named].public
        async with dialing.open(one.address, public, **options) as channel:
            yield channel


@asynccontextmanager
async def running(folder, count=4, only=None, **options):
    """Run nodes until the end of the block."""
    made = Nodes(folder, count, **options)
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(anyio.create_task_group())
        made.tasks = tasks
        for seat in only or range(count):
            await made.start(seat)
        try:
            yield made
        finally:
            tasks.cancel_scope.cancel()
