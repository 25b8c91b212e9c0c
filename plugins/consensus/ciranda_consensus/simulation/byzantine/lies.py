"""Strategies that say too much: two things at once, old things, wrong things, others' things."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any, Final, final

import msgspec

from ciranda_consensus.merkle import root_of
from ciranda_consensus.protocol import Certificate, Header, Phase, TimeoutCertificate
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.messages import (
    ALL,
    Announce,
    Input,
    Message,
    Output,
    Proposal,
    Receive,
    Send,
    Timeout,
    Vote,
)
from ciranda_consensus.simulation.byzantine.kit import Gleaner, Kit, spread
from ciranda_consensus.simulation.notes import BAD

__all__ = ["Equivocate", "Forge", "Invalid", "Replay", "Stale", "WrongView"]


@final
class Equivocate:
    """Proposes two blocks at once, votes for all that it hears of, and certifies what it can.

    Its partners see both, and each of the others hears of the certificates of its own block only.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._replica: Final = kit.make()
        self._gleaner: Final = Gleaner(kit)
        self._sides: Final[dict[bytes, list[int]]] = {}

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return two of everything."""
        kit, gleaner = self._kit, self._gleaner
        found = self._tell(gleaner.hear(what))
        if type(what) is Receive and type(what.message) is Proposal:
            header = what.message.block.header
            leader = kit.validators.leader(header.view)
            for phase in Phase:
                vote = gleaner.vote(header, phase)
                found += self._tell([made] if (made := gleaner.count(vote)) else [])
                found.append(Send(leader, vote))
        for out in self._replica.handle(what, now):
            if type(out) is Send and type(out.message) is Proposal:
                found += self._two(out.message)
            else:
                found.append(out)
        return found

    def _two(self, one: Proposal) -> list[Output]:
        block = one.block
        twin = Block(replace(block.header, time=block.header.time + 1), block.entries)
        other = self._gleaner.seal(twin, one)
        self._gleaner.headers[block.hash] = block.header
        for header in (block.header, twin.header):
            for phase in Phase:
                self._gleaner.count(self._gleaner.vote(header, phase))
        kit = self._kit
        found: list[Output] = []
        for seat in range(len(kit.validators)):
            if seat in kit.partners:
                found += [Send(seat, one), Send(seat, other)]
            elif seat != kit.seat:
                choice = kit.rng.choice((one, other))
                self._sides.setdefault(choice.block.hash, []).append(seat)
                found.append(Send(seat, choice))
        return found

    def _tell(self, made: list[Certificate]) -> list[Output]:
        found: list[Output] = []
        for one in made:
            side = self._sides.get(one.block)
            if side is None:
                found += self._gleaner.announce([one])
            else:
                found += [Send(seat, Announce(one)) for seat in side]
        return found


@final
class Stale:
    """Builds on certificates that are not the highest, and claims to know no higher ones."""

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._replica: Final = kit.make()
        self._gleaner: Final = Gleaner(kit)

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return old news."""
        gleaner = self._gleaner
        found = gleaner.announce(gleaner.hear(what))
        for out in self._replica.handle(what, now):
            if type(out) is Send and type(out.message) is Proposal:
                found += self._older(out.message)
            elif type(out) is Send and type(out.message) is Timeout:
                said = out.message
                old = gleaner.voice.timeout(said.view, self._pick(said.view), said.entry)
                found.append(Send(out.to, old))
            else:
                found.append(out)
        return found

    def _pick(self, below: int) -> Certificate:
        them = [one for one in self._gleaner.certificates.values() if one.view < below]
        return self._kit.rng.choice(them[:8])

    def _older(self, one: Proposal) -> list[Output]:
        gleaner, view = self._gleaner, one.block.header.view
        if one.entry is not None:
            gleaner.note(one.entry)
        made = gleaner.propose(view, self._pick(view))
        if made is None:
            return [Send(ALL, one)]
        for phase in Phase:
            gleaner.count(gleaner.vote(made.block.header, phase))
        return [Send(ALL, made)]


@final
class Invalid:
    """Proposes blocks that are wrong in one way or another, correctly signed."""

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._replica: Final = kit.make()
        self._gleaner: Final = Gleaner(kit)

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return what a replica does, its blocks spoilt."""
        found = self._gleaner.announce(self._gleaner.hear(what))
        for out in self._replica.handle(what, now):
            if type(out) is Send and type(out.message) is Proposal:
                made = self._gleaner.seal(self._spoil(out.message.block), out.message)
                for phase in Phase:
                    self._gleaner.count(self._gleaner.vote(made.block.header, phase))
                found.append(Send(ALL, made))
            else:
                found.append(out)
        return found

    def _spoil(self, block: Block) -> Block:
        header, entries = block.header, block.entries
        wrong: list[dict[str, Any]] = [
            {"state_root": bytes([1]) * 32},
            {"entries_root": bytes([2]) * 32},
            {"height": header.height + 1},
            {"height": header.height - 1},
            {"parent": self._kit.first.hash},
            {"parent_view": header.parent_view + 1},
            {"excuse": bytes([3]) * 32},
            {"proposer": (header.proposer + 1) % len(self._kit.validators)},
            {"time": -1},
            {"set_hash": bytes([4]) * 32},
            {"chain": "another"},
            {"epoch": header.epoch + 1},
        ]
        chance = self._kit.rng.randrange(len(wrong) + 3)
        if chance < len(wrong):
            return Block(replace(header, **wrong[chance]), entries)
        more = ((*entries, BAD), (*entries, *entries), entries[:-1])[chance - len(wrong)]
        return self._filled(header, more)

    def _filled(self, header: Header, entries: tuple[bytes, ...]) -> Block:
        return Block(replace(header, entries_root=root_of(entries)), entries)


@final
class WrongView:
    """Says in other views what it says in this one."""

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._replica: Final = kit.make()
        self._gleaner: Final = Gleaner(kit)

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return what a replica does, in the wrong view as well."""
        gleaner, rng = self._gleaner, self._kit.rng
        found = gleaner.announce(gleaner.hear(what))
        for out in self._replica.handle(what, now):
            found.append(out)
            if type(out) is not Send or rng.random() < 0.5:  # noqa: PLR2004  (half of the time)
                continue
            message, by = out.message, rng.choice((-2, -1, 1, 2, 1000))
            if type(message) is Vote and message.view + by > 0:
                vote = gleaner.voice.vote(
                    message.view + by, message.phase, message.height, message.block
                )
                found += [Send(out.to, vote), Send(ALL, vote)]
            elif type(message) is Timeout and message.view + by > 0:
                said = gleaner.voice.timeout(message.view + by, message.high, message.entry)
                found += spread(self._kit, said)
            elif type(message) is Proposal and message.block.header.view + by > 0:
                header = message.block.header
                made = replace(header, view=header.view + by)
                found += spread(
                    self._kit, gleaner.seal(Block(made, message.block.entries), message)
                )
        return found


@final
class Replay:
    """Says again what it heard, to anybody and at any time."""

    MOST: Final = 200

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._replica: Final = kit.make()
        self._heard: Final[deque[Message]] = deque(maxlen=self.MOST)

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return what a replica does, and something from before."""
        if type(what) is Receive:
            self._heard.append(what.message)
        found = self._replica.handle(what, now)
        if self._heard and self._kit.rng.random() < 0.3:  # noqa: PLR2004  (every third time)
            again = self._kit.rng.choice(self._heard)
            found = [*found, *spread(self._kit, again, 0.3)]
        return found


@final
class Forge:
    """Changes what others said and passes it on: votes, certificates and timeouts."""

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._replica: Final = kit.make()
        self._gleaner: Final = Gleaner(kit)

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return what a replica does, and forgeries."""
        gleaner, rng = self._gleaner, self._kit.rng
        found: list[Output] = []
        for made in gleaner.hear(what):
            found += spread(self._kit, Announce(self._relabel(made)), 0.8)
        found += self._replica.handle(what, now)
        if type(what) is not Receive or rng.random() < 0.5:  # noqa: PLR2004  (half of the time)
            return found
        message = what.message
        if type(message) is Vote:
            other = rng.randrange(len(self._kit.validators))
            for vote in (
                msgspec.structs.replace(message, signer=other),
                msgspec.structs.replace(message, phase=Phase(3 - message.phase)),
                message,
            ):
                found.append(Send(self._kit.validators.leader(message.view), vote))
        elif type(message) is Announce and isinstance(message.certificate, Certificate):
            found += spread(self._kit, Announce(self._relabel(message.certificate)))
        elif type(message) is Announce:
            excuse = message.certificate
            assert isinstance(excuse, TimeoutCertificate)  # there is no other
            lower = tuple(0 for _ in excuse.highs)
            found += spread(self._kit, Announce(msgspec.structs.replace(excuse, highs=lower)))
        return found

    def _relabel(self, one: Certificate) -> Certificate:
        rng, count = self._kit.rng, len(self._kit.validators)
        full = (1 << count) - 1
        wrong: list[dict[str, Any]] = [
            {"phase": Phase.COMMIT},
            {"phase": Phase.COMMIT},
            {"view": one.view + 1},
            {"height": one.height + 1},
            {"block": bytes([5]) * 32},
            {"signers": full, "signatures": (*one.signatures, *one.signatures)[:count]},
            {"signers": one.signers << count},
            {"signers": one.signers & one.signers - 1, "signatures": one.signatures[1:]},
            {"signers": -1},
        ]
        return msgspec.structs.replace(one, **rng.choice(wrong))
