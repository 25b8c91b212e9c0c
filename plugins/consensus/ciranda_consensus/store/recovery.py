"""A store after its process ended, however it ended: what is there is checked before it is used."""

from __future__ import annotations

from typing import Any, Final, final

from ciranda.errors import StoreError
from ciranda.store import Database
from ciranda_consensus.fields import WireError
from ciranda_consensus.merkle.sparse import SparseTree
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.certificate import Phase, Verifies, check, origin
from ciranda_consensus.protocol.messages import Committed, Promise
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.store.keeping import States
from ciranda_consensus.store.writing import read_block, read_certificate, read_promise

__all__ = ["Recovery"]


@final
class Recovery:
    """Reads a store's file; refuses one that is another chain's, damaged or older than it was.

    Args:
        database: The file.
        validators: The set that it must be of.
        first: The first block that it must be of.
        states: Makes states of trees.
        verifier: Checks the certificate of the last block.
    """

    def __init__(
        self,
        database: Database,
        validators: ValidatorSet,
        first: Block,
        states: States,
        verifier: Verifies,
    ) -> None:
        self._database: Final = database
        self._validators: Final = validators
        self._first: Final = first
        self._states: Final = states
        self._verifier: Final = verifier

    def turn(self, mark: int) -> int:
        """Return how many transactions the file has seen; 0 if it is new.

        Args:
            mark: How many it had seen at least.

        Raises:
            StoreError: It has seen fewer, or is another chain's.
        """
        path = self._database.path
        rows = self._database.query("SELECT set_hash, first, turn FROM chain")
        turn = rows[0][2] if rows else 0
        if turn < mark:
            raise StoreError(
                f"{path} is older than it was (it has seen {turn} changes of {mark}): a validator "
                "that goes on from a backup votes twice and loses its stake; put the newest file "
                "back, or begin with a new key"
            )
        if rows and (rows[0][0], rows[0][1]) != (self._validators.hash, self._first.hash):
            raise StoreError(
                f"{path} is of another chain, epoch or set of validators than "
                f"{self._validators.chain!r}, epoch {self._validators.epoch}: "
                "use another folder, or the genesis file that it was made with"
            )
        return int(turn)

    def begin(self) -> None:
        """Write the first row of a new file, in the caller's transaction."""
        row = (self._validators.hash, self._first.hash)
        self._database.execute("INSERT INTO chain VALUES (1, ?, ?, 1, 0)", row)

    def recover(self) -> tuple[Committed, Promise | None, tuple[Block, ...]]:
        """Return the last block agreed on, the promise, and the blocks above.

        Raises:
            StoreError: Some of it is damaged; the text says what.
        """
        tip = self._tip()
        return tip, self._promise(), self._above(tip)

    def _damaged(self, what: str, why: object) -> StoreError:
        return StoreError(
            f"{self._database.path} is damaged: {what} is not what was written ({why}): remove "
            "the file and its mark, and have the validator begin with a new key"
        )

    def _tip(self) -> Committed:
        rows = self._database.query(
            "SELECT count(*), min(height), max(height), (SELECT base FROM chain) FROM blocks"
        )
        count, low, high, base = rows[0]
        if count and (low != base or high - low + 1 != count):
            raise self._damaged("the list of blocks", f"{count} from {low} to {high}")
        rows = self._database.query("SELECT key, value FROM state")
        tree = SparseTree.of(dict(rows))
        try:
            state = self._states.state(tree)
        except ValueError as error:
            raise self._damaged("the state", error) from error
        if not count:
            tip = Committed(self._first, origin(self._first), state)
        else:
            tip = self._last(high, state)
        if tree.root != tip.block.header.state_root:
            raise self._damaged("the state", f"its root is {tree.root.hex()[:16]}")
        return tip

    def _last(self, height: int, state: Any) -> Committed:
        rows = self._database.query(
            "SELECT hash, data, certificate FROM blocks WHERE height = ?", (height,)
        )
        name, data, certified = rows[0]
        try:
            block, certificate = read_block(data, name), read_certificate(certified or b"")
        except WireError as error:
            raise self._damaged(f"block {height}", error) from error
        flaw = check(certificate, self._validators, self._verifier)
        fits = (certificate.phase, certificate.block) == (Phase.COMMIT, block.hash)
        if flaw is not None or not fits:
            raise self._damaged(f"the certificate of block {height}", flaw or "another block's")
        return Committed(block, certificate, state)

    def _promise(self) -> Promise | None:
        rows = self._database.query("SELECT data, digest FROM promise")
        try:
            return read_promise(*rows[0]) if rows else None
        except WireError as error:
            raise self._damaged("the promise", error) from error

    def _above(self, tip: Committed) -> tuple[Block, ...]:
        rows = self._database.query("SELECT hash, data FROM open_blocks ORDER BY height, hash")
        try:
            return tuple(read_block(data, name) for name, data in rows)
        except WireError as error:
            height = tip.block.header.height
            raise self._damaged(f"a block above {height}", error) from error
