"""Strategies that say less than they should, or forget what they said."""

from __future__ import annotations

from typing import Final, final

from ciranda_consensus.protocol.messages import (
    Announce,
    Input,
    Output,
    Proposal,
    Receive,
    Restarted,
    Send,
    Vote,
)
from ciranda_consensus.simulation.byzantine.kit import Kit, spread

__all__ = ["Amnesia", "Silent", "Twins", "Withhold"]


@final
class Silent:
    """Says nothing at all."""

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return nothing."""
        return []


@final
class Withhold:
    """Keeps the rules, but some of its votes to itself, and tells only some of what it leads to."""

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._replica: Final = kit.make()

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return what a replica does, less some."""
        found: list[Output] = []
        for out in self._replica.handle(what, now):
            if type(out) is not Send:
                found.append(out)
            elif type(out.message) is Vote:
                found += [out] if self._kit.rng.random() < 0.5 else []  # noqa: PLR2004  (half)
            elif type(out.message) in (Proposal, Announce):
                found += spread(self._kit, out.message)
            else:
                found.append(out)
        return found


@final
class Amnesia:
    """Keeps the rules, but forgets what it promised from time to time."""

    OFTEN: Final = 0.05

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._replica = kit.make()

    def handle(self, what: Input, now: int) -> list[Output]:
        """Return what a replica does that knows nothing of before."""
        found: list[Output] = []
        if self._kit.rng.random() < self.OFTEN:
            self._replica = self._kit.make()
            found += self._replica.handle(Restarted(), now)
        return found + self._replica.handle(what, now)


@final
class Twins:
    """Two replicas with one key, each of which keeps the rules and talks to others in turn."""

    def __init__(self, kit: Kit) -> None:
        self._kit: Final = kit
        self._two: Final = (kit.make(), kit.make())
        self._side: Final[dict[int, int]] = {}
        self._heard = 0

    def handle(self, what: Input, now: int) -> list[Output]:
        """Give what comes from one side to the twin of that side."""
        rng, count = self._kit.rng, len(self._kit.validators)
        if not self._heard % (8 * count):
            self._side.update({seat: rng.randrange(2) for seat in range(count)})
        self._heard += 1
        sides = [self._side[what.sender]] if type(what) is Receive else [0, 1]
        found: list[Output] = []
        for side in sides:
            for out in self._two[side].handle(what, now):
                if type(out) is not Send or out.to >= 0:
                    found.append(out)
                else:
                    found += [
                        Send(seat, out.message)
                        for seat in range(count)
                        if seat != self._kit.seat and self._side[seat] == side
                    ]
        return found
