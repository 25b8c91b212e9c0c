"""All validators of a chain in one process: the code of nodes, without sockets between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, final

import anyio
from anyio import to_thread

from ciranda.errors import CirandaError
from ciranda.store import Durability
from ciranda_consensus.applications import Check, Subject, first_of
from ciranda_consensus.cluster.found import Found, RefusedError, Shown, TooLateError
from ciranda_consensus.cluster.keys import Household
from ciranda_consensus.cluster.parts import parts_of
from ciranda_consensus.cluster.wires import Wires
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.driver import milliseconds
from ciranda_consensus.figures import Figures, Round
from ciranda_consensus.figures.taking import Around, take
from ciranda_consensus.incidents import Incident
from ciranda_consensus.incidents.checking import incidents_of
from ciranda_consensus.node.alarm import Alarm, Latency
from ciranda_consensus.node.inbox import Inbox
from ciranda_consensus.node.work import Part, Work
from ciranda_consensus.protocol import ForkError, Pacing
from ciranda_consensus.protocol.messages import Accused, Committed, Entries, Receive
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.standing import Standing
from ciranda_consensus.state import Book
from ciranda_consensus.store import Store

__all__ = ["Embedded", "open_embedded"]

MOST_WAITING: Final = 16 << 20
PACING: Final = Pacing(base=1.0)


@final
class Embedded:
    """A cluster whose keys are all here. What it signs vouches for one process, not for several.

    Args:
        home: Genesis and keys.
        stores: Of the validators, in order.
        subject: What is agreed on; all of them share it.
        verifier: Checks signatures, for all of them too.
        clock: Tells milliseconds since the epoch.
        pacing: How long validators wait for each other.

    Attributes:
        validators: The set.
        refused: Messages that a validator did not take, by their sender and the reason.
    """

    def __init__(
        self,
        home: Household,
        stores: Sequence[Store],
        subject: Subject,
        verifier: Verifier,
        *,
        clock: Callable[[], int] = milliseconds,
        pacing: Pacing = PACING,
    ) -> None:
        self.validators: Final[ValidatorSet] = home.genesis.set()
        self._subject: Final = subject
        self._stores: Final = stores
        self._verifier: Final = verifier
        self._tip = stores[0].recovered.tip
        self._changed = anyio.Event()
        self._failure: BaseException | None = None
        self.refused: Final[dict[str, int]] = {}
        stakes = [one.stake for one in self.validators.members]
        inboxes = [Inbox(len(stakes), MOST_WAITING) for _ in stakes]
        self._inboxes: Final = inboxes
        first = first_of(home.genesis, subject.begin())
        self._work: Final[list[Work]] = []
        self._alarms: Final[list[Alarm]] = []
        for seat, store in enumerate(stores):
            tip = store.recovered.tip
            machine = subject.start(tip.state, tip.block.header.height)
            latency = Latency(stakes, seat, self.validators.quorum)
            alarm = Alarm(pacing, latency, inboxes[seat].push)
            part = Part(
                self.validators, seat, home.signers[seat], verifier, machine, first, pacing,
                subject.states,
            )  # fmt: skip
            wires = Wires(seat, inboxes, self._count)
            hear = self._hear if seat == 0 else None
            self._alarms.append(alarm)
            self._work.append(
                Work(
                    part, store, inboxes[seat], wires, alarm, latency=latency, hear=hear,
                    clock=clock,
                )
            )  # fmt: skip

    def _count(self, _: int, sender: int, reason: str) -> None:
        name = f"{sender}: {reason}"
        self.refused[name] = self.refused.get(name, 0) + 1

    def _hear(self, one: Committed | Accused) -> None:
        if isinstance(one, Committed):
            self._tip = one
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def run(self) -> None:
        """Work until cancelled, or until something breaks: whoever waits then hears of it."""
        try:
            async with anyio.create_task_group() as tasks:
                for work, alarm in zip(self._work, self._alarms, strict=True):
                    tasks.start_soon(alarm.run)
                    tasks.start_soon(partial(_for_ever, work))
        except* (CirandaError, ForkError, OSError) as group:
            self._failure = _first(group)
            self._wake()

    @property
    def broken(self) -> bool:
        """Whether it stopped, and nothing will be agreed on any more."""
        return self._failure is not None

    # Questions

    @property
    def rounds(self) -> Sequence[Round]:
        """The figures of the last blocks, as the first validator saw them."""
        return tuple(self._work[0].meter.rounds)

    async def standing(self, *, figures: bool = False) -> list[Standing]:
        """Return how each validator is, with its figures if they are asked for."""
        found = []
        for seat, (work, store) in enumerate(zip(self._work, self._stores, strict=True)):
            tip = work.replica.chain.tip.block
            found.append(
                Standing(
                    seat=seat,
                    public=self.validators.members[seat].public.hex(),
                    height=tip.header.height,
                    tip=tip.hash.hex(),
                    base=store.base,
                    view=work.replica.view,
                    peers=len(self._stores) - 1,
                    figures=await to_thread.run_sync(self._figures, seat) if figures else None,
                )
            )
        return found

    def _figures(self, seat: int) -> Figures:
        work, store = self._work[seat], self._stores[seat]
        around = Around(
            seat=seat,
            gauges=work.gauges(),
            latency=work.latency,
            solver=self._subject.strange,
        )
        tip = work.tip
        tree = self._subject.states.tree(tip.state)
        height = tip.block.header.height
        return take(work.meter, store, self._verifier, tree, height, self.validators, around)

    async def incidents(self) -> tuple[Incident, ...]:
        """Return the evidence that validators have, each once."""
        evidence = [one for store in self._stores for one in store.evidence()]
        lies = [one for store in self._stores for one in store.lies()]
        return incidents_of(evidence, lies, self.validators)

    def why_not(self, entry: bytes) -> str:
        """Return why an entry cannot be agreed on as things are; "" if it can, or was."""
        try:
            item = self._subject.rules.read(entry)
            claim = self._subject.rules.claim(item)
            if claim is not None and (right := self._subject.claims.verdict(claim)) is not True:
                if right is None and self._subject.strange:
                    return self._subject.strange
                return "its proof " + ("does not hold" if right is False else "was not checked")
            book = Book(self._tip.state)
            self._subject.rules.apply(book, item, self._tip.block.header.height + 1)
        except CirandaError as error:
            return str(error)
        return ""

    async def find(self, entry: bytes) -> Found | None:
        """Return the block that holds an entry, and what agrees on it; None if none does."""
        return await self.locate(sha256(entry).digest())

    async def locate(self, digest: bytes) -> Found | None:
        """Do the same for an entry of which only the SHA-256 is known."""
        return await to_thread.run_sync(self._locate, digest)

    def _locate(self, digest: bytes) -> Found | None:
        store = self._stores[0]
        found = store.find(digest)
        if found is None:
            return None
        block, certificate = found
        height = block.header.height
        above = store.headers(height, certificate.height - height)
        return Found(block, above, certificate)

    async def show(self, keys: Sequence[bytes]) -> Shown:
        """Return what the newest state says of keys, with a proof.

        Raises:
            RefusedError: Nothing is agreed on yet.
        """
        tip = self._tip
        if not tip.certificate.signers:
            raise RefusedError("nothing is agreed on yet, so there is no state to show")
        values = {key: tip.state.get(key) for key in keys}
        return Shown(Found(tip.block, (), tip.certificate), values, tip.state.prove(keys))

    async def commit(self, entries: Sequence[bytes], patience: float) -> list[Found]:
        """Have entries agreed on, those that are not yet; return where each is.

        Args:
            entries: Any number.
            patience: Seconds without a block after which it is given up.

        Raises:
            RefusedError: An entry cannot be agreed on.
            TooLateError: There was no block in time.
            CirandaError: The cluster broke.
        """
        found = await to_thread.run_sync(self._found, entries)
        waiting = [one for one in dict.fromkeys(entries) if one not in found]
        await self._subject.inspect(tuple(waiting))
        for one in waiting:
            if flaw := self.why_not(one):
                raise RefusedError(flaw, at=entries.index(one), entry=one)
        for part in parts_of(waiting):
            found.update(await self._commit(part, patience))
        await self._shown(max((one.block.header.height for one in found.values()), default=0))
        return [found[one] for one in entries]

    async def _shown(self, height: int) -> None:
        """Wait until `show` knows a block: a store has it a moment before it is told of it."""
        while self._tip.block.header.height < height and self._failure is None:
            await self._changed.wait()

    def _found(self, entries: Sequence[bytes]) -> dict[bytes, Found]:
        """Return where entries are that were agreed on; each block is read once."""
        found: dict[bytes, Found] = {}
        left = dict.fromkeys(entries)
        while left:
            one = next(iter(left))
            where = self._locate(sha256(one).digest())
            for each in (one, *(where.block.entries if where is not None else ())):
                if each in left:
                    del left[each]
                    if where is not None:
                        found[each] = where
        return found

    async def _commit(self, entries: Sequence[bytes], patience: float) -> dict[bytes, Found]:
        handed = Entries(tuple(entries))
        for seat, inbox in enumerate(self._inboxes):  # nobody has to tell anybody
            inbox.push(Receive(seat, handed))
        found: dict[bytes, Found] = {}
        while True:
            changed = self._changed
            if self._failure is not None:
                raise CirandaError(f"the cluster stopped: {self._failure}") from self._failure
            waiting = [one for one in entries if one not in found]
            found.update(await to_thread.run_sync(self._found, waiting))
            if len(found) == len(entries):
                return found
            with anyio.move_on_after(patience) as scope:
                await changed.wait()
            if scope.cancelled_caught:
                raise TooLateError(
                    f"{len(entries) - len(found)} entries were not agreed on in {patience:g} s"
                )


async def _for_ever(work: Work) -> None:
    while True:
        await work.step()


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@asynccontextmanager
async def open_embedded(
    home: Household,
    folder: Path,
    name: str,
    check: Check,
    *,
    durability: Durability = Durability.POWER,
    clock: Callable[[], int] = milliseconds,
    pacing: Pacing = PACING,
) -> AsyncIterator[Embedded]:
    """Open the stores of a cluster, and have it work until the block ends.

    Args:
        home: Genesis and keys.
        folder: The project's folder, or its `.ciranda`.
        name: What the stores' names begin with.
        check: Checks proofs that entries carry.
        durability: What a finished transaction survives.
        clock: Tells milliseconds since the epoch.
        pacing: How long validators wait for each other.

    Raises:
        StoreError: A store is not to be used.
        SettingsError: The genesis names no application.
    """
    verifier = Verifier()
    subject = Subject(home.genesis, verifier, check)
    with ExitStack() as stack:
        stores = await to_thread.run_sync(
            _stores, stack, home, subject, verifier, folder, name, durability
        )
        cluster = Embedded(home, stores, subject, verifier, clock=clock, pacing=pacing)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cluster.run)
            yield cluster
            tasks.cancel_scope.cancel()


def _stores(  # noqa: PLR0917  (one call, in a thread)
    stack: ExitStack,
    home: Household,
    subject: Subject,
    verifier: Verifier,
    folder: Path,
    name: str,
    durability: Durability,
) -> list[Store]:
    begin = subject.begin()
    validators, first = home.genesis.set(), first_of(home.genesis, begin)
    found = []
    for seat in range(len(validators)):
        store = Store(
            folder, validators, first, begin, subject.states, verifier,
            name=f"{name}-{seat}", durability=durability,
        )  # fmt: skip
        stack.callback(store.close)
        found.append(store)
    return found
