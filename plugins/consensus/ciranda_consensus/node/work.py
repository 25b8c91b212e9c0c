"""The replica of a node at work, and what becomes of it when it is far behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, final

import anyio
import msgspec
from anyio import to_thread

from ciranda_consensus.driver import Carries, Driver, milliseconds
from ciranda_consensus.figures.meter import Meter
from ciranda_consensus.node.alarm import Alarm, Latency
from ciranda_consensus.node.inbox import Inbox
from ciranda_consensus.node.machine import Working
from ciranda_consensus.node.sync import Checkpoint
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.certificate import Verifies
from ciranda_consensus.protocol.messages import (
    Accused,
    Announce,
    Committed,
    Output,
    Persist,
    Promise,
    Receive,
    Restarted,
    Serve,
)
from ciranda_consensus.protocol.pacemaker import Pacing
from ciranda_consensus.protocol.replica import Replica
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.protocol.voice import Signs
from ciranda_consensus.store import Noted, States, Store

__all__ = ["Part", "Work"]

BATCH: Final = 128  # inputs that share one wait for the disk
PRUNED: Final = 8  # of so many blocks that are kept one may be too many, or a few


class Part(msgspec.Struct, frozen=True):
    """What a replica is made of, besides what its store has."""

    validators: ValidatorSet
    seat: int
    signer: Signs
    verifier: Verifies
    application: Working
    first: Block
    pacing: Pacing
    states: States


@final
class Work:
    """Takes inputs from the inbox, has the driver do what follows, waits for the disk in a thread.

    Args:
        part: Of the replica.
        store: Keeps what it must not lose.
        inbox: Has what comes.
        peers: Carry what goes.
        alarm: Takes its timers.
        latency: Learns how long the disk takes.
        checkpoint: A block that must be in the history.
        keep: Blocks that the store keeps; 0 keeps all.
        hear: Is told of what is agreed on and of evidence.
        clock: Tells milliseconds since the epoch.

    Attributes:
        tip: The last block agreed on, as far as it is durable.
        meter: Watches.
    """

    def __init__(
        self,
        part: Part,
        store: Store,
        inbox: Inbox,
        peers: Carries,
        alarm: Alarm,
        *,
        latency: Latency,
        checkpoint: Checkpoint | None = None,
        keep: int = 0,
        hear: Callable[[Committed | Accused], None] | None = None,
        clock: Callable[[], int] = milliseconds,
    ) -> None:
        self._part: Final = part
        self._store: Final = store
        self._inbox: Final = inbox
        self._peers: Final = peers
        self._alarm: Final = alarm
        self._latency: Final = latency
        self._checkpoint: Final = checkpoint
        self._keep: Final = keep
        self._hear: Final = hear
        self._clock: Final = clock
        found = store.recovered
        self.tip = found.tip
        application = part.application
        self.meter: Final = Meter(
            part.validators, found.tip, application.contents, part.states.tree, *store.figures()
        )
        self._driver = self._begin(found.tip, found.promise, found.blocks)

    @property
    def replica(self) -> Replica:
        """The replica; another one after a state was taken from a peer."""
        return self._driver.replica

    def _begin(self, tip: Committed, promise: Promise | None, blocks: tuple[Block, ...]) -> Driver:
        part = self._part
        replica = Replica(
            part.validators,
            part.seat,
            part.signer,
            part.verifier,
            part.application,
            first=part.first,
            tip=tip,
            promise=promise,
            blocks=blocks,
            pacing=part.pacing,
        )
        if tip.certificate.signers:  # it may be newer than the promise: its view is over
            self._inbox.push(Receive(part.seat, Announce(tip.certificate)))
        self._inbox.push(Restarted())
        return Driver(
            replica,
            self._store,
            self._peers,
            self._alarm.set,
            part.verifier,
            clock=self._clock,
            hear=self._hear,
        )

    @property
    def latency(self) -> float:
        """Seconds to a quorum of validators and to the disk there."""
        return self._latency.seconds

    def gauges(self) -> dict[str, int]:
        """Tell how much waits and how much was saved, by name."""
        return self._part.application.gauges()

    async def step(self) -> None:
        """Wait for inputs and do what follows from them.

        Raises:
            StoreError: The disk failed, or the replica has forgotten a vote.
            ForkError: A quorum certified a block that is wrong.
            SyncError: The history is not that of the checkpoint.
        """
        inputs = await self._inbox.take(BATCH)
        with anyio.CancelScope(shield=True):  # what the replica knows, the store must know too
            outputs = self._driver.think(inputs)
            self._require_checkpoint(outputs)
            notes = self.meter.watch(inputs, outputs, self._clock())
            self.meter.wait(pending=self._part.application.pending())
            if any(isinstance(one, Persist | Committed | Accused | Serve) for one in outputs):
                outputs = await to_thread.run_sync(self._kept, outputs, notes)
            for one in outputs:
                if isinstance(one, Committed):
                    self.tip = one
            self._driver.release(outputs)

    def _require_checkpoint(self, outputs: list[Output]) -> None:
        if self._checkpoint is not None:
            for one in outputs:
                if isinstance(one, Committed):
                    self._checkpoint.require(one.block)

    def _kept(self, outputs: list[Output], notes: list[Noted]) -> list[Output]:
        begun = time.perf_counter()
        left = self._driver.keep(outputs, notes)
        self._latency.kept(time.perf_counter() - begun)
        kept = self._store.height - self._store.base + 1
        if self._keep and kept > self._keep + self._keep // PRUNED:
            self._store.prune(self._keep)
        return left

    async def begin_from(self, tip: Committed) -> None:
        """Go on from a state that came from a peer; what was promised stays promised.

        Raises:
            StoreError: It could not be written.
        """
        await to_thread.run_sync(self._store.install, tip)
        self._part.application.adopt(tip.state, tip.block.header.height)
        self.tip = tip
        self.meter.jump(tip)
        self._driver = self._begin(tip, self._driver.replica.promise, ())
        if self._hear is not None:
            self._hear(tip)
