"""How long a validator takes to begin with the state of another, over a socket, all of it checked.

Run alone: `python benchmarks/consensus_sync.py [keys]`. A server and a client in two processes on
the loopback; connection, handshake, certificate, every part and the root of the whole tree are in
the time, and so is what the client writes to its disk, told apart. Milliseconds, of five rounds.
"""

import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketAttribute

from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.node.answering import Answering
from ciranda_consensus.node.channel import answer, call
from ciranda_consensus.node.handshake import Purpose
from ciranda_consensus.node.sync import Syncing
from ciranda_consensus.node.talk import Status, say, understand
from ciranda_consensus.protocol import (
    Block,
    Certificate,
    Phase,
    Statement,
    Validator,
    ValidatorSet,
    genesis,
    statement,
)
from ciranda_consensus.protocol.messages import Committed
from ciranda_consensus.store import Store

SIGNERS = [Signer(bytes([seat]) * 32) for seat in range(4)]
SET = ValidatorSet("bench", 1, [Validator(one.public, 1) for one in SIGNERS])
ROUNDS = 5


class Plain:
    """States that are trees."""

    def tree(self, state: Any) -> SparseTree:
        """Return the state."""
        return state  # type: ignore[no-any-return]

    def state(self, tree: SparseTree) -> Any:
        """Return the tree."""
        return tree


def agreed(keys: int) -> Committed:
    """Return a block that a quorum signed, on a state of so many keys."""
    tree = SparseTree.of({b"account/%d" % key: b"%060d" % key for key in range(keys)})
    header = genesis("bench", 1, SET.hash, tree.root).header
    fields = {name: getattr(header, name) for name in header.__slots__ if name != "hash"}
    block = Block(type(header)(**{**fields, "height": 1, "view": 1}), ())
    data = statement(SET, Statement.VOTE, 1, Phase.COMMIT, 1, block.hash)
    signatures = tuple(one.sign(data) for one in SIGNERS[:3])
    return Committed(block, Certificate(1, Phase.COMMIT, 1, block.hash, 0b111, signatures), tree)


def store_of(folder: str) -> Store:
    """Return an empty store."""
    begin = SparseTree()
    first = genesis("bench", 1, SET.hash, begin.root)
    return Store(Path(folder), SET, first, begin, Plain(), Verifier())


def serve(keys: int, ports: Any) -> None:
    """Answer questions until killed."""
    tip = agreed(keys)

    async def none(*_: bytes) -> int:
        return 0

    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            status = Status(1, tip.block.hash, 1, 2, 0)
            server = Answering(store_of(folder), Plain(), lambda: tip, lambda: status, none)

            async def take(stream: ByteStream) -> None:
                channel = await answer(stream, SIGNERS[0], SET.prefix, Verifier())
                try:
                    while True:
                        question = understand(await channel.receive())
                        await channel.send(say(await server.answer(question)))
                except anyio.EndOfStream:
                    await stream.aclose()

            listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
            ports.put(listener.extra(SocketAttribute.local_port))
            await listener.serve(take)

    anyio.run(main)


async def begin_anew(port: int) -> tuple[float, float]:
    """Return the seconds that the state took, and those until it was on disk."""
    with tempfile.TemporaryDirectory() as folder:
        store = store_of(folder)
        begun = time.perf_counter()
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            channel = await call(
                stream, SIGNERS[1], SET.prefix, Verifier(), SIGNERS[0].public, Purpose.ASK
            )
            tip = await Syncing(SET, Verifier(), Plain()).take(channel, 0)
        taken = time.perf_counter()
        store.install(tip)
        kept = time.perf_counter()
        store.close()
        return taken - begun, kept - begun


def main() -> None:
    """Print the figures."""
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    server = context.Process(target=serve, args=(keys, ports), daemon=True)
    server.start()
    try:
        port = ports.get(timeout=30)
        rounds = [anyio.run(begin_anew, port) for _ in range(ROUNDS)]
    finally:
        server.kill()
        server.join()
    for name, at in (("taken and checked", 0), ("and on disk", 1)):
        values = [one[at] * 1000 for one in rounds]
        print(f"{keys} keys, {name}: {statistics.median(values):.0f} ms (of {min(values):.0f})")


if __name__ == "__main__":
    main()
