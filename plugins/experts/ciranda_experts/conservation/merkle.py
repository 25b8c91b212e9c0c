"""Merkle trees as RFC 6962 has them: roots, and proofs that a leaf is in a tree."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

__all__ = ["EMPTY", "LARGEST", "hash_leaf", "hash_node", "levels_of", "proof_of", "root_from"]

EMPTY: Final = sha256(b"").digest()  # the root of no leaves
LARGEST: Final = 2**63  # leaves; a proof has at most 63 hashes


def hash_leaf(data: bytes) -> bytes:
    """Hash a leaf; the prefix keeps it apart from every inner node."""
    return sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Hash an inner node."""
    return sha256(b"\x01" + left + right).digest()


def levels_of(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return the hashes of a tree, level by level, from its leaves to its root.

    A last node without a neighbour moves up as it is. That gives the tree of the RFC, which splits
    at the largest power of two; doubling it instead would give two trees one root.

    Args:
        leaves: Hashes of leaves.
    """
    levels = [list(leaves)]
    while len(below := levels[-1]) > 1:
        level = [hash_node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            level.append(below[-1])
        levels.append(level)
    return levels


def proof_of(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root, the leaf's neighbour first."""
    proof = []
    for level in levels[:-1]:
        if (index ^ 1) < len(level):
            proof.append(level[index ^ 1])
        index >>= 1
    return proof


def root_from(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the root that a proof leads to, or None if it is none for this place and size.

    Args:
        leaf: Hash of the leaf.
        index: Its place, from 0.
        size: Number of leaves of the tree.
        proof: Hashes as `proof_of` gives them.
    """
    if not 0 <= index < size <= LARGEST:
        return None
    node, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            return None  # longer than the tree is high
        if index % 2 or index == last:
            node = hash_node(sibling, node)
            while index % 2 == 0 and index:  # levels on which the node moved up as it is
                index >>= 1
                last >>= 1
        else:
            node = hash_node(node, sibling)
        index >>= 1
        last >>= 1
    return node if last == 0 else None
