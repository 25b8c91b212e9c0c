"""Validators that run by themselves, reached by the addresses of their set."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Final, TypeVar, final

import anyio
from msgspec.structs import replace

from ciranda.errors import CirandaError, SettingsError
from ciranda_consensus.applications import Subject
from ciranda_consensus.cluster.found import Found, RefusedError, Shown, TooLateError
from ciranda_consensus.cluster.parts import parts_of
from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.fields import WireError
from ciranda_consensus.figures import read_figures
from ciranda_consensus.incidents import Incident
from ciranda_consensus.incidents.checking import check_incident, incidents_of
from ciranda_consensus.merkle import SparseTree, verify
from ciranda_consensus.node import Channel, DeclinedError, Dialing, Genesis, ask
from ciranda_consensus.node.peers import GONE
from ciranda_consensus.node.sync import SyncError, Syncing
from ciranda_consensus.node.talk import (
    Agreed,
    AskBlock,
    AskEntry,
    AskFigures,
    AskHeaders,
    AskIncidents,
    AskState,
    AskStatus,
    Handed,
    Headers,
    Incidents,
    State,
    Status,
    Taken,
    Told,
)
from ciranda_consensus.protocol import (
    Block,
    Certificate,
    Header,
    Phase,
    Validator,
    ValidatorSet,
    check,
)
from ciranda_consensus.standing import Standing
from ciranda_consensus.state import Checked
from ciranda_consensus.wire import evidence_of, read

__all__ = ["Remote"]

POLL: Final = 0.05  # seconds between two questions whether a block is there, at first
MOST_POLL: Final = 1.0
LAGGING: Final = 1.0  # seconds after which another is asked besides
Answer = TypeVar("Answer")


@final
class Remote:
    """Asks validators of a set, one after the other; believes what a quorum signed.

    Args:
        genesis: Names them and their addresses.
        signer: Whose key the connections are opened with; a new one by default.

    Raises:
        SettingsError: None of them has an address.
    """

    def __init__(self, genesis: Genesis, signer: Signer | None = None) -> None:
        self.validators: Final[ValidatorSet] = genesis.set()
        self._genesis: Final = genesis
        self._verifier: Final = Verifier()
        self._there: Final = [one for one in self.validators.members if one.address]
        if not self._there:
            raise SettingsError(
                f"no validator of {genesis.chain!r} has an address: write `address` beside "
                "`public` of those that others may ask"
            )
        self._dialing: Final = Dialing(
            signer or Signer.generate(), self.validators.prefix, self._verifier
        )

    async def _of_each(
        self, question: Callable[[Channel], Awaitable[Answer]], enough: int
    ) -> list[Answer]:
        """Ask until so many have answered; return what they said.

        One that takes its time, or never answers, keeps nobody from asking the next.

        Raises:
            TooLateError: None did.
        """
        found: list[Answer] = []
        faults: list[str] = []
        send, receive = anyio.create_memory_object_stream[Validator](math.inf)

        async def look(one: Validator) -> None:
            try:
                async with self._dialing.open(one.address, one.public) as channel:
                    found.append(await question(channel))
            except (*GONE, WireError, DeclinedError, SyncError) as error:
                faults.append(f"{one.address}: {_said(error)}")
            await send.send(one)

        left, asked = deque(self._there), list[Validator]()
        with send, receive:
            async with anyio.create_task_group() as tasks:
                while len(found) < enough and (left or asked):
                    if left:
                        asked.append(left.popleft())
                        tasks.start_soon(look, asked[-1])
                    with anyio.move_on_after(LAGGING if left else math.inf):
                        asked.remove(await receive.receive())
                        continue
                    self._there.remove(asked[-1])  # it is asked last from now on
                    self._there.append(asked[-1])
                tasks.cancel_scope.cancel()
        if not found:
            raise TooLateError(
                f"none of the {len(self._there)} validators of {self.validators.chain!r} answers "
                f"({'; '.join(faults[:3])})"
            )
        return found

    async def standing(self, *, figures: bool = False) -> list[Standing]:
        """Return how each validator is that has an address, with its figures if asked for."""
        found: dict[int, Standing] = {}

        async def look(seat: int, one: Validator) -> None:
            who = Standing(seat=seat, public=one.public.hex(), address=one.address)
            found[seat] = await self._standing(who, one, figures=figures)

        async with anyio.create_task_group() as tasks:
            for seat, one in enumerate(self.validators.members):
                tasks.start_soon(look, seat, one)
        return [found[seat] for seat in sorted(found)]

    async def _standing(self, who: Standing, one: Validator, *, figures: bool) -> Standing:
        if not one.address:
            return replace(who, fault="it has no address")
        try:
            async with self._dialing.open(one.address, one.public) as channel:
                said = await ask(channel, AskStatus(), Status)
                told = (
                    read_figures((await ask(channel, AskFigures(), Told)).figures)
                    if figures
                    else None
                )
        except (*GONE, WireError, DeclinedError) as error:
            return replace(who, fault=_said(error))
        return replace(
            who,
            height=said.height,
            tip=said.tip.hex(),
            base=said.base,
            view=said.view,
            peers=said.peers,
            figures=told,
        )

    async def incidents(self) -> tuple[Incident, ...]:
        """Return the evidence that validators have, each once; what does not hold is left out.

        Raises:
            TooLateError: No validator answers.
        """

        async def question(channel: Channel) -> tuple[Incident, ...]:
            said = await ask(channel, AskIncidents(), Incidents)
            evidence = [evidence_of(read(one)) for one in said.evidence]
            return incidents_of(evidence, said.lies, self.validators)

        answers = await self._of_each(question, len(self._there))
        found = {one.id: one for answer in answers for one in answer}
        return tuple(
            one
            for one in found.values()
            if not check_incident(one, self.validators, self._verifier)
        )

    async def find(self, entry: bytes) -> Found | None:
        """Return the block that holds an entry, and what agrees on it; None if none does.

        One validator may be behind, or lie that there is none: more than may be faulty are asked.

        Raises:
            TooLateError: No validator answers.
        """
        return await self.locate(sha256(entry).digest())

    async def locate(self, digest: bytes) -> Found | None:
        """Do the same for an entry of which only the SHA-256 is known.

        Raises:
            TooLateError: No validator answers.
        """

        async def question(channel: Channel) -> Found | None:
            said = await ask(channel, AskEntry(digest), Agreed)
            if said.block is None or said.certificate is None:
                return None
            above = await self._above(channel, said.block, said.certificate)
            found = Found(said.block, above, said.certificate)
            self._require(found)
            digests = [sha256(one).digest() for one in said.block.entries]
            if not said.block.whole() or digest not in digests:
                raise WireError("the block does not hold the entry")
            return found

        for answer in await self._of_each(question, self._faulty() + 1):
            if answer is not None:
                return answer
        return None

    def _faulty(self) -> int:
        """Return how many validators may lie: as many as have a third of the stake, at most."""
        stakes = sorted(one.stake for one in self.validators.members)
        count = weight = 0
        for stake in stakes:
            weight += stake
            if weight > self.validators.faulty:
                break
            count += 1
        return count

    async def _above(
        self, channel: Channel, block: Block, certificate: Certificate
    ) -> tuple[Header, ...]:
        height = block.header.height
        if certificate.height <= height:
            return ()
        said = await ask(channel, AskHeaders(height), Headers)
        return tuple(one.header for one in said.headers[: certificate.height - height])

    def _require(self, found: Found) -> None:
        """Refuse a block that no quorum has agreed on.

        Raises:
            WireError: It has not.
        """
        known, one, top = self.validators, found.certificate, found.block.header
        for header in found.above:
            if (header.parent, header.height) != (top.hash, top.height + 1):
                raise WireError("headers that do not stand on each other")
            top = header
        header = found.block.header
        if (header.chain, header.epoch, header.set_hash) != (known.chain, known.epoch, known.hash):
            raise WireError("a block of another chain")
        if (one.block, one.height) != (top.hash, top.height):
            raise WireError("a block that is not the one that was signed")
        if one.phase != Phase.COMMIT or check(one, known, self._verifier) is not None:
            raise WireError("a certificate that is none")

    async def show(self, keys: Sequence[bytes]) -> Shown:
        """Return what the newest state that somebody has says of keys, with a proof.

        Raises:
            TooLateError: No validator answers.
            RefusedError: Nothing is agreed on yet.
        """

        async def question(channel: Channel) -> Shown:
            said = await ask(channel, AskState(tuple(keys)), State)
            found = Found(said.top, (), said.certificate)
            self._require(found)
            values = dict(zip(keys, said.values, strict=False))
            if len(values) != len(said.values) or verify(
                said.top.header.state_root, said.proof, values
            ):
                raise WireError("a proof of another state")
            return Shown(found, values, said.proof)

        answers = await self._of_each(question, self._faulty() + 1)
        return max(answers, key=lambda one: one.where.block.header.height)

    async def last(self) -> tuple[Found, SparseTree]:
        """Return the last block of the epoch, or the newest where it has no end, and its state.

        Raises:
            TooLateError: No validator has them, or none answers.
        """
        states = Subject(self._genesis, self._verifier, _unchecked).states
        syncing, end = Syncing(self.validators, self._verifier, states), self._genesis.blocks

        async def question(channel: Channel) -> tuple[Found, SparseTree]:
            tip = await syncing.take(channel, max(end - 1, 0))
            if not end or tip.block.header.height == end:
                return Found(tip.block, (), tip.certificate), tip.state
            said = await ask(channel, AskBlock(end), Agreed)  # empty ones came after it
            if said.block is None or said.certificate is None:
                raise WireError(f"block {end} is not there any more")
            found = Found(
                said.block,
                await self._above(channel, said.block, said.certificate),
                said.certificate,
            )
            self._require(found)
            if found.block.header.height != end:
                raise WireError("another block than the one that was asked for")
            return found, tip.state

        answers = await self._of_each(question, 1 if end else self._faulty() + 1)
        return max(answers, key=lambda one: one[0].block.header.height)

    async def commit(self, entries: Sequence[bytes], patience: float) -> list[Found]:
        """Have entries agreed on; return where each is.

        Args:
            entries: Any number.
            patience: Seconds after which it is given up.

        Raises:
            TooLateError: They were not agreed on in time, or nobody answers.
            RefusedError: No validator takes them.
        """
        found: dict[bytes, Found] = {}
        for part in parts_of(dict.fromkeys(entries)):
            found.update(await self._commit(part, patience))
        return [found[one] for one in entries]

    async def _commit(self, entries: Sequence[bytes], patience: float) -> dict[bytes, Found]:
        async def hand(channel: Channel) -> int:
            return (await ask(channel, Handed(tuple(waiting)), Taken)).count

        found: dict[bytes, Found] = {}
        waiting = list(entries)
        wait, handed = POLL, False
        with anyio.move_on_after(patience):
            while True:
                while waiting and (where := await self.find(waiting[0])) is not None:
                    within = set(where.block.entries)  # others are there too, most likely
                    found.update({one: where for one in waiting if one in within})
                    waiting = [one for one in waiting if one not in within]
                if not waiting:
                    return found
                if not handed:
                    counts = await self._of_each(hand, self._faulty() + 1)
                    handed = True
                    if not any(counts):
                        raise RefusedError("no validator takes more entries now: try again later")
                await anyio.sleep(wait)
                wait = min(2 * wait, MOST_POLL)
        raise TooLateError(
            f"{len(waiting)} entries were not agreed on in {patience:g} s: too few validators are "
            "there, or they do not take them (a key that was used before, a proof that does not "
            "hold)"
        )


async def _unchecked(_: str) -> Checked | None:
    return None


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, CirandaError):
        return str(error)
    for one in (error, error.__cause__):  # anyio names only that it did not work
        if isinstance(one, OSError) and one.errno is not None:
            return os.strerror(one.errno).lower()
    return "nobody can be reached there" if type(error) is OSError else "the connection was cut"
