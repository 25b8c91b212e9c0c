"""A bounded pool: when it is full, what does the least work for its bytes has to go."""

from __future__ import annotations

import heapq
from typing import Final, final

import msgspec

from .item import Item

__all__ = ["Counts", "Mempool"]


class Counts(msgspec.Struct):
    """What became of entries: taken, refused, driven out by better ones, too old, agreed on."""

    taken: int = 0
    refused: int = 0
    evicted: int = 0
    expired: int = 0
    agreed: int = 0


@final
class Mempool:
    """Waiting entries in lanes, one lane a sender, in the order of their nonces.

    Args:
        most: How many it holds.
        most_lane: How many of one sender.
        lifetime: For how many blocks one waits; there is no clock in what validators agree on.
        most_bytes: How many bytes all of them may have.

    Attributes:
        counts: What became of entries.
        driven_out: What had to go for the last one that came.
        size: Bytes of all that wait.
    """

    __slots__ = (
        "_arrived",
        "_heap",
        "_lanes",
        "_lifetime",
        "_most",
        "_most_bytes",
        "_most_lane",
        "counts",
        "driven_out",
        "size",
    )

    def __init__(
        self,
        most: int = 10_000,
        most_lane: int = 64,
        lifetime: int = 1_000,
        *,
        most_bytes: int = 64 << 20,
    ) -> None:
        self._most: Final = most
        self._most_bytes: Final = most_bytes
        self._most_lane: Final = most_lane
        self._lifetime: Final = lifetime
        # By digest, in the order of arrival: the item and the height at which it came.
        self._arrived: Final[dict[bytes, tuple[Item, int]]] = {}
        self._lanes: Final[dict[bytes, dict[int, Item]]] = {}
        # The worst first; what has left the pool stays here until it comes up, or is too much.
        self._heap: list[tuple[int, int, bytes]] = []
        self.counts: Final = Counts()
        self.driven_out: list[Item] = []
        self.size = 0

    def __len__(self) -> int:
        return len(self._arrived)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._arrived

    def add(self, item: Item, height: int) -> str:
        """Take an item that came at a height; return why not, or "" if it is in."""
        flaw, self.driven_out = self._why_not(item), []
        most, room = self._most, self._most_bytes - len(item.entry)
        while not flaw and (len(self._arrived) >= most or self.size > room):
            flaw = self._make_room(item)
        if flaw:
            self.counts.refused += 1
            return flaw
        self.counts.taken += 1
        self.size += len(item.entry)
        self._arrived[item.digest] = (item, height)
        self._lanes.setdefault(item.lane, {})[item.nonce] = item
        heapq.heappush(self._heap, (item.density, -self.counts.taken, item.digest))
        if len(self._heap) > 2 * len(self._arrived) + self._most_lane:
            self._heap = [one for one in self._heap if one[2] in self._arrived]
            heapq.heapify(self._heap)
        return ""

    def _why_not(self, item: Item) -> str:
        lane = self._lanes.get(item.lane, {})
        if item.digest in self._arrived:
            return "known"
        if item.nonce in lane:
            return "another entry of its sender waits with this nonce"
        if len(lane) >= self._most_lane:
            return "its sender has too many that wait"
        return "it is too long" if len(item.entry) > self._most_bytes else ""

    def _make_room(self, item: Item) -> str:
        """Drive out the worst, with those of its lane that come after it, for a better one."""
        while self._heap[0][2] not in self._arrived:
            heapq.heappop(self._heap)
        density, _, digest = self._heap[0]
        worst = self._arrived[digest][0]
        stranded = worst.lane == item.lane and worst.nonce < item.nonce
        if density >= item.density or stranded:
            return "the pool is full of better ones"
        for nonce in [nonce for nonce in self._lanes[worst.lane] if nonce >= worst.nonce]:
            self.counts.evicted += 1
            self.driven_out.append(self._lanes[worst.lane][nonce])
            self.remove(self.driven_out[-1].digest)
        return ""

    def remove(self, digest: bytes) -> None:
        """Forget an item, if it is there."""
        found = self._arrived.pop(digest, None)
        if found is not None:
            self.size -= len(found[0].entry)
            lane = self._lanes[found[0].lane]
            del lane[found[0].nonce]
            if not lane:
                del self._lanes[found[0].lane]

    def get(self, lane: bytes, nonce: int) -> Item | None:
        """Return the item at a place of a lane."""
        return self._lanes.get(lane, {}).get(nonce)

    def below(self, lane: bytes, nonce: int) -> list[Item]:
        """Return the items of a lane before a place: their time is over."""
        return [item for at, item in self._lanes.get(lane, {}).items() if at < nonce]

    def waiting(self, most: int) -> tuple[Item, ...]:
        """Return up to `most` items, those that came first."""
        return tuple(item for item, _ in list(self._arrived.values())[:most])

    def expire(self, height: int) -> list[Item]:
        """Forget what has waited too long by a height; return it."""
        found = []
        for item, came in self._arrived.values():
            if came + self._lifetime > height:
                break  # those after it came later
            found.append(item)
        for item in found:
            self.counts.expired += 1
            self.remove(item.digest)
        return found
