"""Blocks: what is agreed on, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final

from ciranda_consensus.encoding import encode
from ciranda_consensus.merkle.history import root_of

__all__ = ["GENESIS_VIEW", "Block", "Header", "genesis"]

GENESIS_VIEW: Final = 0
NOTHING: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Header:
    """What a block's hash covers, which is everything.

    Attributes:
        height: The number of blocks before it.
        view: In which it was proposed.
        parent: Hash of the block before it.
        parent_view: The view whose certificate says that the parent may be built upon; with
            `excuse` it shows later who broke the rules, should two blocks be agreed on.
        excuse: Digest of the timeout certificate that allowed the proposal; zeros without one.
        entries_root: Root of the tree of its entries (RFC 6962).
        state_root: Root of the state after its entries.
        proposer: Index of the validator that made it.
        time: Milliseconds since the epoch, by the proposer's clock, not before the parent's.
    """

    chain: str
    epoch: int
    set_hash: bytes
    height: int
    view: int
    parent: bytes
    parent_view: int
    excuse: bytes
    entries_root: bytes
    state_root: bytes
    proposer: int
    time: int
    hash: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        digest = sha256(b"ciranda/header/1" + encode(self.row())).digest()
        object.__setattr__(self, "hash", digest)

    def row(self) -> list[object]:
        """Return its fields as plain data, in order."""
        return [
            self.chain,
            self.epoch,
            self.set_hash,
            self.height,
            self.view,
            self.parent,
            self.parent_view,
            self.excuse,
            self.entries_root,
            self.state_root,
            self.proposer,
            self.time,
        ]


@dataclass(frozen=True, slots=True)
class Block:
    """A header and the entries that it speaks of."""

    header: Header
    entries: tuple[bytes, ...]

    @property
    def hash(self) -> bytes:
        """The hash of its header."""
        return self.header.hash

    def whole(self) -> bool:
        """Say whether the entries are those of the header."""
        return _root(self.entries) == self.header.entries_root


@lru_cache(maxsize=64)  # a block is looked at when it is made, proposed, fetched and kept
def _root(entries: tuple[bytes, ...]) -> bytes:
    return root_of(entries)


def genesis(
    chain: str, epoch: int, set_hash: bytes, state_root: bytes, *, after: bytes = NOTHING
) -> Block:
    """Return the block that every validator of an epoch begins with.

    Args:
        chain: The name of the chain.
        epoch: The number of the epoch.
        set_hash: Names its validators.
        state_root: Root of the state that they begin with.
        after: The hash of the last block of the epoch before.
    """
    header = Header(
        chain=chain,
        epoch=epoch,
        set_hash=set_hash,
        height=0,
        view=GENESIS_VIEW,
        parent=after,
        parent_view=GENESIS_VIEW,
        excuse=NOTHING,
        entries_root=root_of(()),
        state_root=state_root,
        proposer=0,
        time=0,
    )
    return Block(header, ())
