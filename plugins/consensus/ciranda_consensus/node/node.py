"""One validator as a process."""

from __future__ import annotations

import random
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, final

import anyio
from anyio import to_thread
from anyio.abc import SocketAttribute, TaskStatus

from ciranda.errors import SettingsError
from ciranda.store import Durability
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.fields import WireError
from ciranda_consensus.figures import Figures, Round
from ciranda_consensus.figures.taking import Around, take
from ciranda_consensus.node.alarm import Alarm, Latency
from ciranda_consensus.node.answering import Answering
from ciranda_consensus.node.channel import Channel
from ciranda_consensus.node.configuration import Genesis, NodeSettings, address_of
from ciranda_consensus.node.dialing import Dialing
from ciranda_consensus.node.entrance import Entrance
from ciranda_consensus.node.inbox import Inbox
from ciranda_consensus.node.limits import Bans
from ciranda_consensus.node.machine import Subject
from ciranda_consensus.node.peers import GONE, Peers
from ciranda_consensus.node.sync import DeclinedError, SyncError, Syncing
from ciranda_consensus.node.talk import Status
from ciranda_consensus.node.work import Part, Work
from ciranda_consensus.protocol.block import genesis as first_block
from ciranda_consensus.protocol.evidence import Evidence
from ciranda_consensus.protocol.messages import Accused, Committed, Submit
from ciranda_consensus.store import Store

__all__ = ["Node", "open_node", "run_node"]

LOOK_EACH: Final = 0.5  # seconds between two looks at whether it is far behind
MOST_HANDED: Final = 64  # lists of entries that wait for the replica
BLAME: Final = 20.0  # points for a state that is not the agreed one


@final
class Node:
    """A validator: its replica, its store, its peers.

    Args:
        settings: Its own.
        genesis: What all share.
        signer: Holds its key.
        subject: What is agreed on.
        hear: Is told of what is agreed on and of evidence, once it is durable.
        durability: What a finished transaction survives.
        chance: Gives numbers from 0 to 1.

    Raises:
        SettingsError: The key is none of the validators'.
        StoreError: The store is not to be used.
    """

    def __init__(
        self,
        settings: NodeSettings,
        genesis: Genesis,
        signer: Signer,
        subject: Subject,
        *,
        hear: Callable[[Committed | Accused], None] | None = None,
        durability: Durability = Durability.POWER,
        chance: Callable[[], float] = random.random,
    ) -> None:
        validators = genesis.set()
        seat = validators.seat(signer.public)
        if seat is None:
            raise SettingsError(
                f"the key {signer.public.hex()[:16]}… is none of the {len(validators)} validators "
                f"of {genesis.chain!r}: use the key file of one of them"
            )
        self.validators: Final = validators
        self.seat: Final = seat
        states = subject.states
        self._settings: Final = settings
        verifier, begin = Verifier(), subject.begin()
        self._verifier: Final = verifier
        first = first_block(
            genesis.chain,
            genesis.epoch,
            validators.hash,
            states.tree(begin).root,
            after=bytes.fromhex(genesis.after),
        )
        self.store: Final = Store(
            Path(settings.folder),
            validators,
            first,
            begin,
            states,
            verifier,
            durability=durability,
        )
        self._subject: Final = subject
        self._hear: Final = hear
        tip = self.store.recovered.tip
        application = subject.start(tip.state, tip.block.header.height)
        self._inbox: Final = Inbox(len(validators), settings.limits.waiting)
        self._bans: Final = Bans(settings.limits)
        stakes = [one.stake for one in validators.members]
        latency = Latency(stakes, seat, validators.quorum)
        self.peers: Final = Peers(
            validators,
            seat,
            self._inbox,
            self._bans,
            settings.limits,
            latency,
            standing=lambda: (self.store.height, self.store.base),
            inspect=subject.inspect,
            quiet=settings.quiet,
        )
        self._alarm: Final = Alarm(settings.pacing, latency, self._inbox.push)
        self._work: Final = Work(
            Part(validators, seat, signer, verifier, application, first, settings.pacing, states),
            self.store,
            self._inbox,
            self.peers,
            self._alarm,
            latency=latency,
            checkpoint=settings.point(),
            keep=settings.keep,
            hear=self._heard,
        )
        self._dialing: Final = Dialing(signer, validators.prefix, verifier, settings.redial, chance)
        self._syncing: Final = Syncing(validators, verifier, states, settings.point())
        answering = Answering(
            self.store,
            states,
            lambda: self._work.tip,
            self.status,
            self.submit,
            figures=self.figures,
        )
        self.entrance: Final = Entrance(
            validators,
            seat,
            signer,
            verifier,
            answering,
            converse=self.peers.converse,
            bans=self._bans,
            limits=settings.limits,
            guests=settings.guests,
        )

    def status(self) -> Status:
        """Return how the node is."""
        tip, view = self._work.tip.block, self._work.replica.view
        return Status(tip.header.height, tip.hash, self.store.base, view, len(self.peers.connected))

    def figures(self) -> Figures:
        """Return what the node tells of itself; it reads the store."""
        tip, bans = self._work.tip, self._bans
        known = [one.public for one in self.validators.members]
        around = Around(
            seat=self.seat,
            gauges=self._work.gauges(),
            peers=self.peers.connected,
            ahead=self._others(),
            banned=tuple(one.hex() for one in known if bans.banned(one)),
            refused=self.entrance.refused,
            latency=self._work.latency,
            solver=self._subject.strange,
        )
        tree = self._subject.states.tree(tip.state)
        return take(
            self._work.meter,
            self.store,
            self._verifier,
            tree,
            tip.block.header.height,
            self.validators,
            around,
        )

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The figures of the last blocks."""
        return tuple(self._work.meter.rounds)

    def _others(self) -> int:
        """Return the height that more stake than may be faulty tells of."""
        weight = 0
        for seat, (height, _) in sorted(self.peers.standings.items(), key=lambda one: -one[1][0]):
            weight += self.validators.members[seat].stake
            if weight > self.validators.faulty:
                return height
        return 0

    def _heard(self, one: Committed | Accused) -> None:
        if isinstance(one, Accused):
            self._accuse(one.evidence)
        if self._hear is not None:
            self._hear(one)

    def _accuse(self, evidence: Evidence) -> None:
        if entries := self._subject.accuse(evidence):
            self._inbox.push(Submit(entries))

    async def submit(self, *entries: bytes) -> int:
        """Have entries agreed on; return how many wait now, none if too many do already."""
        if self._inbox.own >= MOST_HANDED:
            return 0
        await self._subject.inspect(entries)
        self._inbox.push(Submit(entries))
        return len(entries)

    async def run(self, *, task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED) -> None:
        """Work until cancelled; started with the port that it listens on.

        Raises:
            StoreError: The disk failed, or the store is an older one.
            ForkError: A quorum certified a block that is wrong.
            SyncError: The history is not that of the checkpoint.
            OSError: The address cannot be listened on.
        """
        own = self.validators.members[self.seat].address
        host, port = address_of(self._settings.listen or own)
        async with (
            await anyio.create_tcp_listener(local_host=host, local_port=port) as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, self.entrance.take)
            tasks.start_soon(self._alarm.run)
            for seat in range(self.seat + 1, len(self.validators)):
                if address := self._address(seat):
                    tasks.start_soon(self._dial, seat, address)
            for evidence in self.store.evidence()[:MOST_HANDED]:  # some may not have been heard
                self._accuse(evidence)
            task_status.started(listener.extra(SocketAttribute.local_port))
            while True:
                await self._work_until_behind()
                await self._take_state()

    def _address(self, seat: int) -> str:
        one = self.validators.members[seat]
        for beginning, address in self._settings.addresses.items():
            if one.public.hex().startswith(beginning):
                return address
        return one.address

    async def _dial(self, seat: int, address: str) -> None:
        async def converse(channel: Channel) -> None:
            if not self._bans.banned(channel.peer):
                await self.peers.converse(seat, channel)

        await self._dialing.keep(address, self.validators.members[seat].public, converse)

    # Far behind

    async def _work_until_behind(self) -> None:
        async with anyio.create_task_group() as tasks:

            async def look() -> None:
                while True:
                    await anyio.sleep(LOOK_EACH)
                    if self._far_behind():
                        tasks.cancel_scope.cancel()

            tasks.start_soon(look)
            while True:
                await self._work.step()

    def _far_behind(self) -> bool:
        return self._weight(self._ahead()) > self.validators.faulty

    def _ahead(self) -> list[int]:
        """Return those whose blocks do not lead on from ours, or not soon."""
        height, gap = self.store.height, self._settings.gap
        return [
            seat
            for seat, (agreed, base) in self.peers.standings.items()
            if agreed > height and (base > height + 1 or agreed - height > gap)
        ]

    def _weight(self, seats: list[int]) -> int:
        return sum(self.validators.members[seat].stake for seat in seats)

    async def _take_state(self) -> None:
        """Take the state from one of those who are ahead; whoever lies is not asked again soon."""
        for seat in sorted(self._ahead(), key=self.peers.standings.__getitem__, reverse=True):
            public, address = self.validators.members[seat].public, self._address(seat)
            if not address or self._bans.banned(public):
                continue
            try:
                async with self._dialing.open(address, public) as channel:
                    with anyio.fail_after(60 * self._settings.quiet):
                        tip = await self._syncing.take(channel, self.store.height)
            except (SyncError, WireError):
                self._bans.blame(public, BLAME)
            except (*GONE, DeclinedError):
                continue
            else:
                await self._work.begin_from(tip)
                return
        await anyio.sleep(LOOK_EACH)


@asynccontextmanager
async def open_node(
    settings: NodeSettings,
    genesis: Genesis,
    signer: Signer,
    subject: Subject,
    *,
    hear: Callable[[Committed | Accused], None] | None = None,
    durability: Durability = Durability.POWER,
) -> AsyncIterator[Node]:
    """Open a node's store and close it at the end, whatever happens; `Node.run` works."""
    node = await to_thread.run_sync(
        lambda: Node(settings, genesis, signer, subject, hear=hear, durability=durability)
    )
    try:
        yield node
    finally:
        node.store.close()


async def run_node(
    settings: NodeSettings,
    genesis: Genesis,
    signer: Signer,
    subject: Subject,
    *,
    hear: Callable[[Committed | Accused], None] | None = None,
    listening: Callable[[int], None] | None = None,
    watch: Callable[[Node], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Run a node until the process is told to stop (SIGTERM, SIGINT).

    Args:
        settings: Its own.
        genesis: What all share.
        signer: Holds its key.
        subject: What is agreed on.
        hear: Is told of what is agreed on and of evidence, once it is durable.
        listening: Is told the port, once it listens.
        watch: Looks at the node for as long as it runs.

    Raises:
        SettingsError: The key is none of the validators'.
        StoreError: The store is not to be used, or the disk failed.
        ForkError: A quorum certified a block that is wrong.
        SyncError: The history is not that of the checkpoint.
        OSError: The address cannot be listened on.
    """
    try:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async with (
                open_node(settings, genesis, signer, subject, hear=hear) as node,
                anyio.create_task_group() as tasks,
            ):
                port = await tasks.start(node.run)
                if listening is not None:
                    listening(port)
                if watch is not None:
                    tasks.start_soon(watch, node)
                async for _ in signals:
                    tasks.cancel_scope.cancel()
                    break
    except BaseExceptionGroup as group:  # task groups wrap what their tasks raise
        found = _faults(group)
        raise found[0] if found else group from None


def _faults(error: BaseException) -> list[Exception]:
    if isinstance(error, BaseExceptionGroup):
        return [fault for inner in error.exceptions for fault in _faults(inner)]
    return [error] if isinstance(error, Exception) else []
