"""An application for replicas: rules, the last agreed state, and a pool of waiting entries."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final, final

import msgspec

from ciranda.errors import CirandaError
from ciranda_consensus.figures.contents import Contents
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.pool import Item, Mempool
from ciranda_consensus.protocol.application import Outcome

from .book import Book
from .claims import Claim, Claims
from .ready import Ready
from .rules import Rules

__all__ = ["Machine"]

REMEMBERED: Final = 64  # outcomes of blocks that are not agreed on yet
PARSED: Final = 4_096  # entries that are not read twice
SHORT: Final = 4_096  # bytes up to which they are not
AHEAD: Final = 64  # how far a nonce may be ahead


@final
class Machine:
    """Agrees on what its rules allow.

    Args:
        rules: What entries there are, and what they do.
        state: The state at the tip.
        height: The height of the tip.
        pool: Where entries wait.
        claims: What was found of proofs; who fills it is the shell.
        before: How many blocks the epochs before had; for the rules heights go on from there.
        last: The height after which the epoch has no entries any more; 0 for no end.
        most: How many entries a block may have.
        most_bytes: How many bytes they may have together.

    Attributes:
        state: The last state agreed on, as far as it was told.
        height: Its height.
        pool: Where entries wait.
        claims: What was found of proofs.
    """

    __slots__ = (
        "_before",
        "_hits",
        "_last",
        "_most",
        "_most_bytes",
        "_outcomes",
        "_parsed",
        "_ready",
        "_rules",
        "claims",
        "height",
        "pool",
        "state",
    )

    def __init__(
        self,
        rules: Rules,
        state: SparseTree,
        *,
        height: int = 0,
        pool: Mempool | None = None,
        claims: Claims | None = None,
        before: int = 0,
        last: int = 0,
        most: int = 1_000,
        most_bytes: int = 1 << 20,
    ) -> None:
        self._rules: Final = rules
        self._before: Final = before
        self._last: Final = last
        self._most: Final = most
        self._most_bytes: Final = most_bytes
        self._parsed: Final[OrderedDict[bytes, Item]] = OrderedDict()
        self._outcomes: Final[OrderedDict[tuple[bytes, int, tuple[bytes, ...]], Outcome]] = (
            OrderedDict()
        )
        # Lanes whose next entry waits and fits on the agreed state: only these are work to do.
        self._ready: Final = Ready()
        self._hits: Final = dict.fromkeys(
            ("entries_hits", "entries_misses", "blocks_hits", "blocks_misses"), 0
        )
        self.state = state
        self.height = height
        self.pool: Final = pool if pool is not None else Mempool()
        self.claims: Final = claims if claims is not None else Claims()

    # The pool

    def submit(self, entry: bytes) -> str:
        """Take an entry into the pool; return why not, or "" if it is in."""
        if self._over(self.height + 1):
            return f"the epoch ended with block {self._last}"
        if len(entry) > self._most_bytes:
            return f"its {len(entry)} bytes do not fit into a block"
        try:
            item = self._read(entry)
        except CirandaError as error:
            return str(error)
        if item.digest in self.pool:
            return "known"
        claim = self._rules.claim(item)
        if claim is not None and (right := self.claims.verdict(claim)) is not True:
            return "what it says of a proof " + ("is wrong" if right is False else "is not checked")
        return self._take(item)

    def _take(self, item: Item) -> str:
        book = Book(self.state)
        expected = self._rules.next_nonce(book, item)
        if item.nonce < expected:
            return "agreed"
        if item.nonce > expected + AHEAD:
            return f"its nonce is {item.nonce}, too far ahead of {expected}"
        if item.nonce == expected and (flaw := self._try(book, item, self.height + 1)):
            return flaw
        flaw = self.pool.add(item, self.height)
        for gone in self.pool.driven_out:
            if self._ready.head(gone.lane) is gone:
                self._ready.discard(gone.lane)
        if not flaw and item.nonce == expected:
            self._ready.add(item, self._rules.marks(item))
        return flaw

    def _read(self, entry: bytes) -> Item:
        item = self._parsed.get(entry)
        self._hits["entries_misses" if item is None else "entries_hits"] += 1
        if item is None:
            item = self._rules.read(entry)
            if len(entry) <= SHORT:
                self._parsed[entry] = item
            if len(self._parsed) > PARSED:
                self._parsed.popitem(last=False)
        return item

    def _try(self, book: Book, item: Item, height: int) -> str:
        """Apply an entry and keep it, or drop it; return why."""
        try:
            self._rules.apply(book, item, self._before + height)
        except CirandaError as error:
            book.drop()
            return str(error)
        book.keep()
        return ""

    def _refresh(self, lane: bytes, item: Item) -> None:
        """Look anew at what of a lane fits on the agreed state; drop what never will."""
        self._ready.discard(lane)
        book = Book(self.state)
        nonce = self._rules.next_nonce(book, item)
        for old in self.pool.below(lane, nonce):
            self.pool.remove(old.digest)
        head = self.pool.get(lane, nonce)
        if head is None:
            return
        if self._try(book, head, self.height + 1):
            self.pool.remove(head.digest)
        else:
            self._ready.add(head, self._rules.marks(head))

    def pending(self) -> bool:
        """Say whether entries wait that could be agreed on now."""
        return len(self._ready) > 0 and not self._over(self.height + 1)

    def _over(self, height: int) -> bool:
        """Say whether the epoch has ended before a height: there are empty blocks alone."""
        return 0 < self._last < height

    def waiting(self, most: int) -> tuple[bytes, ...]:
        """Return up to `most` waiting entries, those that came first."""
        return tuple(item.entry for item in self.pool.waiting(most))

    # Proofs and signatures, which the shell has checked

    def fresh(self, entries: Sequence[bytes]) -> tuple[bytes, ...]:
        """Return those of entries that were not read yet."""
        return tuple(entry for entry in entries if entry not in self._parsed)

    def unchecked(self, entries: Sequence[bytes]) -> tuple[str, ...]:
        """Return the proofs in entries that must be checked before they are handed in.

        What is no entry says nothing of proofs: it is refused later.
        """
        found: dict[str, None] = {}
        for claim in self._claims_of(entries):
            if self.claims.verdict(claim) is None:
                found[claim.proof] = None
        return tuple(found)

    def disputed(self, entries: Sequence[bytes]) -> bool:
        """Say whether entries say what is wrong of a proof; a vote for them would be a lie."""
        return any(self.claims.verdict(claim) is False for claim in self._claims_of(entries))

    def _claims_of(self, entries: Sequence[bytes]) -> Iterator[Claim]:
        for entry in entries:
            try:
                claim = self._rules.claim(self._read(entry))
            except CirandaError:
                continue  # no entry: that is told when it is handed in
            if claim is not None:
                yield claim

    # Blocks

    def propose(self, state: SparseTree, height: int) -> tuple[bytes, ...]:
        """Return entries that fit on a state, the most work for their bytes first."""
        if self._over(height):
            return ()
        book, size = Book(state), 0
        found: list[bytes] = []
        heap: list[tuple[int, int, Item]] = []
        for turn, head in enumerate(self._ready):
            item: Item | None = head
            while item is not None and item.nonce < self._rules.next_nonce(book, item):
                item = self.pool.get(item.lane, item.nonce + 1)  # in an open block already
            if item is not None:
                heap.append((-item.density, turn, item))
        heapq.heapify(heap)
        failed: list[Item] = []
        while heap and len(found) < self._most:
            _, turn, item = heapq.heappop(heap)
            if size + len(item.entry) > self._most_bytes:
                continue
            if self._try(book, item, height):
                failed.append(item)
                continue
            found.append(item.entry)
            size += len(item.entry)
            after = self.pool.get(item.lane, item.nonce + 1)
            if after is not None:
                heapq.heappush(heap, (-after.density, turn, after))
        for item in failed:
            self._refresh(item.lane, item)
        return tuple(found)

    def execute(self, state: SparseTree, height: int, entries: tuple[bytes, ...]) -> Outcome:
        """Apply entries to a state."""
        key = (state.root, height, entries)
        known = self._outcomes.get(key)
        self._hits["blocks_misses" if known is None else "blocks_hits"] += 1
        if known is not None:
            return known
        outcome = self._execute(state, height, entries)
        self._outcomes[key] = outcome
        if len(self._outcomes) > REMEMBERED:
            self._outcomes.popitem(last=False)
        return outcome

    def _execute(self, state: SparseTree, height: int, entries: tuple[bytes, ...]) -> Outcome:
        if len(entries) > self._most or sum(map(len, entries)) > self._most_bytes:
            return Outcome(None, b"", "the block has too many entries")
        if entries and self._over(height):
            return Outcome(None, b"", f"the epoch ended with block {self._last}")
        book, items = Book(state), []
        for at, entry in enumerate(entries):
            try:
                item = self._read(entry)
            except CirandaError as error:
                return Outcome(None, b"", f"entry {at}: {error}")
            if flaw := self._try(book, item, height):
                return Outcome(None, b"", f"entry {at}: {flaw}")
            items.append(item)
        self._rules.close(book, items, self._before + height)
        book.keep()
        after = book.state()
        return Outcome(after, after.root)

    def committed(self, entries: tuple[bytes, ...]) -> None:
        """Go on to the state after a block that is agreed on; forget its entries."""
        outcome = self.execute(self.state, self.height + 1, entries)
        if outcome.flaw:
            raise ValueError(f"a block was agreed on that cannot be: {outcome.flaw}")
        self.state, self.height = outcome.state, self.height + 1
        items = [self._read(entry) for entry in entries]
        for item in items:
            self.pool.counts.agreed += item.digest in self.pool
            self.pool.remove(item.digest)
        look = {item.lane: item for item in items}
        for item in items:
            lanes = [*self._rules.touches(item), *self._ready.excluded(self._rules.marks(item))]
            for lane in lanes:
                if (head := self._ready.head(lane)) is not None:
                    look.setdefault(lane, head)
        for old in self.pool.expire(self.height):
            look.setdefault(old.lane, old)
        for lane, item in look.items():
            self._refresh(lane, item)

    # For whoever looks after validators

    def contents(
        self, entries: tuple[bytes, ...], before: SparseTree, after: SparseTree
    ) -> Contents:
        """Tell what a block that was agreed on was about."""
        return self._rules.tell([self._read(entry) for entry in entries], before, after)

    def gauges(self) -> dict[str, int]:
        """Tell how full the pool is, what became of entries, and how often work was saved."""
        pool, claims = self.pool, self.claims
        return {
            "waiting": len(pool),
            "ready": len(self._ready),
            "bytes": pool.size,
            **msgspec.structs.asdict(pool.counts),
            **self._hits,
            "proofs_hits": claims.hits,
            "proofs_misses": claims.misses,
        }

    # The store

    def adopt(self, state: SparseTree, height: int) -> None:
        """Go on from a state that came from a snapshot; the pool is looked through anew."""
        self.state, self.height = state, height
        self._outcomes.clear()
        for item in self.pool.waiting(len(self.pool)):
            self._refresh(item.lane, item)
