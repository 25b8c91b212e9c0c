"""A state in parts, for those who begin with it: each is checked by itself before it is kept.

A part holds all keys whose hashes begin with the same bits. Its own tree is a subtree of the whole
one, so its root is one of the hashes just below the top of the whole tree: whoever has these and
computes the root that a quorum signed knows every part when he sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ciranda_consensus.merkle.nodes import (
    BITS,
    EMPTY,
    Branch,
    Leaf,
    Node,
    join,
    leaves,
)
from ciranda_consensus.merkle.sparse import SparseTree

__all__ = ["cut", "flat", "part_of", "top_of", "whole"]

ROWS: Final = 1024  # of a part, about
BYTES: Final = 4 << 20  # of a part; a single value above that is sent all the same
MOST_BITS: Final = 16


def cut(tree: SparseTree) -> list[Node | None]:
    """Return the subtrees of a tree by the first bits of their paths, so many that each is small.

    There are two to the power of the number of bits; None stands for an empty one.
    """
    count = sum(1 for _ in tree.items())
    bits = min((count // ROWS).bit_length(), MOST_BITS)
    while True:
        found = _cut(tree.node, bits)
        if bits == MOST_BITS or all(_size(part) <= BYTES for part in found):
            return found
        bits += 1


def _size(node: Node | None) -> int:
    return sum(len(one.key) + len(one.value) for one in leaves(node))


def _cut(top: Node | None, bits: int) -> list[Node | None]:
    found: list[Node | None] = [None] * (1 << bits)
    open_ = [top] if top is not None else []
    while open_:
        node = open_.pop()
        if isinstance(node, Branch) and node.depth < bits:
            open_ += (node.left, node.right)
        else:
            found[node.path >> BITS - bits] = node
    return found


def flat(node: Node | None) -> tuple[bytes, ...]:
    """Return the keys and values of a part, in turn."""
    return tuple(part for one in leaves(node) for part in (one.key, one.value))


def part_of(row: Sequence[bytes]) -> Node | None:
    """Return the part of keys and values in turn; one more key than values is left out."""
    return SparseTree.of(dict(zip(row[::2], row[1::2], strict=False))).node


def top_of(parts: Sequence[bytes]) -> bytes | None:
    """Return the root of a tree with these roots of parts; None if their number is wrong."""
    bits = len(parts).bit_length() - 1
    if bits < 0 or len(parts) != 1 << bits:
        return None
    # Of a subtree, only its hash and the first bits of its paths show in what is above it.
    stubs = [
        None if one == EMPTY else Leaf(one, index << BITS - bits, b"", b"")
        for index, one in enumerate(parts)
    ]
    top = _fold(stubs, bits)
    return EMPTY if top is None else top.hash


def whole(parts: Sequence[Node | None]) -> SparseTree:
    """Return the tree of its parts."""
    return SparseTree(_fold(parts, len(parts).bit_length() - 1))


def _fold(parts: Iterable[Node | None], bits: int) -> Node | None:
    level = list(parts)
    for depth in range(bits - 1, -1, -1):
        level = [join(depth, level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]
