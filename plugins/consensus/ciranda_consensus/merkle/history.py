"""The tree of RFC 6962: the root of a list, and nothing of another list has the same."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

__all__ = ["leaf_hash", "node_hash", "root_of"]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf; no node has the same, for a node's begins differently."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a list of leaves.

    Source: RFC 6962, 2.1: split at the largest power of two below the size; an odd one out is
    carried up as it is, never doubled.
    """
    if not leaves:
        return sha256().digest()
    level = [leaf_hash(leaf) for leaf in leaves]
    while len(level) > 1:
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]
