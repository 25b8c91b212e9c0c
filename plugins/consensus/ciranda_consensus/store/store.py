"""The file of one validator: nothing that it said is forgotten, nothing agreed on is lost."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, final

import msgspec

from ciranda.store import Database, Durability
from ciranda_consensus.encoding import encode
from ciranda_consensus.merkle.sparse import SparseTree
from ciranda_consensus.protocol.block import Block, Header
from ciranda_consensus.protocol.certificate import Certificate, Verifies
from ciranda_consensus.protocol.evidence import Evidence
from ciranda_consensus.protocol.messages import Accused, Blocks, Committed, Persist, Promise
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.store.keeping import Noted, Record, States
from ciranda_consensus.store.mark import Mark
from ciranda_consensus.store.recovery import Recovery
from ciranda_consensus.store.schema import MIGRATIONS
from ciranda_consensus.store.writing import (
    block_bytes,
    certificate_bytes,
    promise_bytes,
    read_block,
    read_certificate,
)
from ciranda_consensus.wire import evidence_of, evidence_row, opening_row, read

__all__ = ["Recovered", "Store"]

APPLICATION: Final = 0x43495243  # "CIRC"
MOST_SERVED: Final = 64
MOST_SERVED_BYTES: Final = 2 << 20
MOST_READ: Final = 16  # blocks read at once for their headers
MOST_READ_BYTES: Final = 8 << 20
MOST_EVIDENCE: Final = 1000  # of one signer
MOST_FIGURES: Final = 1000  # blocks whose figures are kept
MOST_LIES: Final = 10_000


class Recovered(msgspec.Struct, frozen=True):
    """What a replica goes on with.

    Attributes:
        tip: The last block agreed on, its certificate, the state after it.
        promise: What it promised; None if it is new.
        blocks: Blocks above the tip, parents first.
    """

    tip: Committed
    promise: Promise | None
    blocks: tuple[Block, ...]


@final
class Store:
    """Keeps promises, blocks, certificates, evidence and the state of the last block agreed on.

    `keep` writes all that it is given in one transaction; when it returns, that survives what
    `durability` says. The state lies there as rows, each block changes a few of them.

    Args:
        folder: The project's folder, or its `.ciranda`.
        validators: The set of the epoch.
        first: The block that all begin with.
        begin: The state after it.
        states: Makes trees of states.
        verifier: Checks the certificate of the last block.
        name: Of the file, without `.db`.
        durability: What a finished transaction survives.
        vfs: Name of a registered apsw VFS, for tests.

    Raises:
        StoreError: The file is another chain's, damaged, older than it was, or in use.
    """

    def __init__(
        self,
        folder: Path,
        validators: ValidatorSet,
        first: Block,
        begin: Any,
        states: States,
        verifier: Verifies,
        *,
        name: str = "consensus",
        durability: Durability = Durability.POWER,
        vfs: str | None = None,
    ) -> None:
        self._states: Final = states
        mark = f"{name}.mark"
        self._database: Final = Database(
            name,
            MIGRATIONS,
            folder=folder,
            durability=durability,
            application=APPLICATION,
            vfs=vfs,
            later=[mark],
        )
        try:
            self._mark: Final = Mark(self._database.path.with_name(mark))
        except BaseException:
            self._database.close()
            raise
        recovery = Recovery(self._database, validators, first, states, verifier)
        try:
            self._turn = recovery.turn(self._mark.read())
            if self._turn == 0:
                with self._database.transaction():
                    recovery.begin()
                    self._put_state(SparseTree(), begin)
                    self._count()
                self._turn = 1
                self._mark.write(1)
            self.recovered: Final = Recovered(*recovery.recover())
        except BaseException:
            self.close()
            raise
        self._tree = states.tree(self.recovered.tip.state)
        self.height = self.recovered.tip.block.header.height

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._database.path

    @property
    def base(self) -> int:
        """The lowest height whose block is kept."""
        return int(self._database.query("SELECT base FROM chain")[0][0])

    def keep(self, records: Sequence[Record]) -> None:
        """Make records durable, all of them or, on an error, none.

        Raises:
            StoreError: They could not be written.
        """
        if not records:
            return
        agreed = [one for one in records if isinstance(one, Committed)]
        promises = [one for one in records if isinstance(one, Persist)]
        with self._database.transaction():
            for one in records:
                if isinstance(one, Accused):
                    self._accuse(one.evidence)
                elif isinstance(one, Noted):
                    self._note(one)
            for promised in promises:
                self._promised(promised)
            if promises:
                self._promise(promises[-1].promise)
            for done in agreed:
                self._agree(done)
            if agreed:
                self._put_state(self._tree, agreed[-1].state)
                self._database.execute(
                    "DELETE FROM open_blocks WHERE height <= ?", (agreed[-1].block.header.height,)
                )
            self._count()
        self._turn += 1
        if agreed:
            self._tree = self._states.tree(agreed[-1].state)
            self.height = agreed[-1].block.header.height
        self._mark.write(self._turn)

    def _count(self) -> None:
        self._database.execute("UPDATE chain SET turn = turn + 1")

    def _promised(self, one: Persist) -> None:
        for block in one.blocks:
            self._database.execute(
                "INSERT OR IGNORE INTO open_blocks VALUES (?, ?, ?)",
                (block.hash, block.header.height, block_bytes(block)),
            )
        if one.excuse is not None:
            self._database.execute(
                "INSERT OR IGNORE INTO excuses VALUES (?, ?)",
                (one.excuse.view, encode(opening_row(one.excuse))),
            )

    def _promise(self, promise: Promise) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO promise VALUES (1, ?, ?)", promise_bytes(promise)
        )

    def _agree(self, done: Committed) -> None:
        block, own = done.block, done.certificate.block == done.block.hash
        certificate = certificate_bytes(done.certificate) if own else None
        height = block.header.height
        self._database.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?)",
            (height, block.hash, block_bytes(block), certificate),
        )
        for entry in block.entries:
            self._database.execute(
                "INSERT OR IGNORE INTO entries VALUES (?, ?)", (sha256(entry).digest(), height)
            )

    def _accuse(self, evidence: Evidence) -> None:
        count = "SELECT count(*) FROM evidence WHERE signer = ?"
        if self._database.execute(count, (evidence.signer,))[0][0] < MOST_EVIDENCE:
            self._database.execute(
                "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?)",
                (
                    evidence.signer,
                    evidence.first.view,
                    int(evidence.first.kind),
                    encode(evidence_row(evidence)),
                ),
            )

    def _note(self, one: Noted) -> None:
        put = "INSERT OR REPLACE INTO figures VALUES (?, ?)"
        self._database.execute(put, (0, one.totals))
        self._database.execute(put, (one.height, one.figures))
        self._database.execute(
            "DELETE FROM figures WHERE height BETWEEN 1 AND ?", (one.height - MOST_FIGURES,)
        )
        for digest, data in one.lies.items():
            if self._database.execute("SELECT count(*) FROM lies")[0][0] < MOST_LIES:
                self._database.execute(
                    "INSERT OR IGNORE INTO lies VALUES (?, ?, ?)", (digest, one.height, data)
                )

    def figures(self) -> tuple[bytes | None, tuple[bytes, ...]]:
        """Return the totals, None if there are none, and the figures of the last blocks."""
        rows = self._database.query("SELECT height, data FROM figures ORDER BY height")
        totals = rows[0][1] if rows and rows[0][0] == 0 else None
        return totals, tuple(data for height, data in rows if height)

    def lies(self) -> tuple[bytes, ...]:
        """Return the attestations that were shown to be wrong, in the order of their blocks."""
        rows = self._database.query("SELECT data FROM lies ORDER BY height, digest")
        return tuple(data for (data,) in rows)

    def _put_state(self, before: SparseTree, after: Any) -> None:
        for key, value in before.changes(self._states.tree(after)).items():
            if value is None:
                self._database.execute("DELETE FROM state WHERE key = ?", (key,))
            else:
                self._database.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))

    def above(self, height: int) -> Blocks | None:
        """Return agreed blocks above a height, a commit certificate of the last with them.

        None when the first of them is not kept; no blocks when there are none.

        Raises:
            StoreError: They cannot be read.
        """
        if height + 1 < self.base:
            return None
        rows = self._database.query(
            "SELECT hash, data, certificate FROM blocks WHERE height > ? ORDER BY height LIMIT ?",
            (height, MOST_SERVED),
        )
        size, end = 0, 0
        for at, (_, data, certificate) in enumerate(rows, 1):
            size += len(data)
            if size > MOST_SERVED_BYTES and end:
                break
            if certificate is not None:
                end = at
        blocks = tuple(read_block(data, name) for name, data, _ in rows[:end])
        return Blocks(blocks, read_certificate(rows[end - 1][2]) if end else None)

    def find(self, entry: bytes) -> tuple[Block, Certificate] | None:
        """Return the block that holds an entry and the certificate that agrees on it.

        The certificate is the block's own, or that of a later block.

        Args:
            entry: Its SHA-256.
        """
        rows = self._database.query("SELECT height FROM entries WHERE digest = ?", (entry,))
        return self.at(rows[0][0]) if rows else None

    def at(self, height: int) -> tuple[Block, Certificate] | None:
        """Return the block of a height and its certificate, or that of the next that has one."""
        rows = self._database.query("SELECT hash, data FROM blocks WHERE height = ?", (height,))
        later = self._database.query(
            "SELECT certificate FROM blocks WHERE height >= ? AND certificate IS NOT NULL "
            "ORDER BY height LIMIT 1",
            (height,),
        )
        if not rows or not later:
            return None
        return read_block(rows[0][1], rows[0][0]), read_certificate(later[0][0])

    def headers(self, height: int, most: int) -> tuple[Header, ...]:
        """Return the headers of up to `most` agreed blocks above a height.

        Fewer where the blocks are large: whoever asks makes nobody read all that there is.
        """
        found: list[Header] = []
        size, step = 0, min(most, MOST_READ)
        while len(found) < most and size < MOST_READ_BYTES:
            rows = self._database.query(
                "SELECT hash, data FROM blocks WHERE height > ? ORDER BY height LIMIT ?",
                (height + len(found), min(step, most - len(found))),
            )
            found += [read_block(data, name).header for name, data in rows]
            size += sum(len(data) for _, data in rows)
            if len(rows) < step:
                break
        return tuple(found)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the evidence that is kept, by signer and view."""
        rows = self._database.query("SELECT data FROM evidence ORDER BY signer, view, kind")
        return tuple(evidence_of(read(data)) for (data,) in rows)

    def install(self, tip: Committed) -> None:
        """Begin again from a block and a state that came from others; promises stay.

        The caller has checked the certificate, and the state against the header.

        Raises:
            StoreError: It could not be written; all is as before.
        """
        height = tip.block.header.height
        with self._database.transaction():
            for table in ("blocks", "state", "entries"):
                self._database.execute(f"DELETE FROM {table}")
            self._database.execute("DELETE FROM open_blocks WHERE height <= ?", (height,))
            self._agree(tip)
            self._put_state(SparseTree(), tip.state)
            self._database.execute("UPDATE chain SET base = ?", (height,))
            self._count()
        self._turn += 1
        self._mark.write(self._turn)
        self._tree, self.height = self._states.tree(tip.state), height

    def prune(self, keep: int) -> int:
        """Forget blocks but the last `keep`; return how many are gone.

        The lowest that stays has a certificate of its own.

        Raises:
            StoreError: They could not be removed.
        """
        low = self.height - keep + 1
        rows = self._database.query(
            "SELECT max(height) FROM blocks WHERE height <= ? AND certificate IS NOT NULL", (low,)
        )
        base = rows[0][0]
        if base is None or base <= self.base:
            return 0
        with self._database.transaction():
            gone = self._database.change("DELETE FROM blocks WHERE height < ?", (base,))
            self._database.execute("DELETE FROM entries WHERE height < ?", (base,))
            lowest = self.at(base)
            if lowest is not None:
                view = lowest[0].header.view
                self._database.execute("DELETE FROM excuses WHERE view < ?", (view,))
            self._database.execute("UPDATE chain SET base = ?", (base,))
            self._count()
        self._turn += 1
        self._mark.write(self._turn)
        return gone

    def close(self) -> None:
        """Close the file and let others open it; closing again does nothing.

        Raises:
            StoreError: The journal could not be folded into the file; it stays beside it, whole.
        """
        try:
            self._database.close()
        finally:
            self._mark.close()
