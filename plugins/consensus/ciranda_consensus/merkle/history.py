"""The tree of RFC 6962, and a root that says how long the list is.

The hash of that tree alone does not say how many leaves there are, and who may lie about that may
lie about the place of a leaf: of three leaves the last lies where of two the last one would. A root
here is hence the hash of the size and of the tree's hash; all else is as in the RFC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, final

__all__ = [
    "History",
    "leaf_hash",
    "node_hash",
    "root_of",
    "tree_hash",
    "verify_consistency",
    "verify_inclusion",
]

HASH_BYTES: Final = 32
_NOTHING: Final = sha256().digest()
MOST_SIZE: Final = (1 << 64) - 1


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf; no node has the same, for a node's begins differently."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the hash of the tree of a list of leaves.

    Source: RFC 6962, 2.1: split at the largest power of two below the size; an odd one out is
    carried up as it is, never doubled.
    """
    if not leaves:
        return _NOTHING
    level = [leaf_hash(leaf) for leaf in leaves]
    while len(level) > 1:
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a list of leaves, which binds their number too."""
    return _bound(len(leaves), tree_hash(leaves))


def _bound(size: int, hash_: bytes) -> bytes:
    return sha256(b"\x02" + size.to_bytes(8, "big") + hash_).digest()


@final
class History:
    """A list that only grows, with its proofs; it keeps two hashes a leaf, and no leaf.

    Args:
        leaves: What it begins with.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        # The hashes of the complete subtrees of 1, 2, 4, ... leaves, in order.
        self._levels: Final[list[list[bytes]]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> int:
        """Add a leaf at the end; return its index."""
        hash_, index = leaf_hash(leaf), len(self._levels[0])
        for level in self._levels:
            level.append(hash_)
            if len(level) % 2:
                return index
            hash_ = node_hash(level[-2], hash_)
        self._levels.append([hash_])
        return index

    def root(self, size: int | None = None) -> bytes:
        """Return the root that the list has, or had when it was `size` long.

        Raises:
            ValueError: It was never so long.
        """
        size = self._sized(size)
        return _bound(size, self._range(0, size) if size else _NOTHING)

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return what shows that a leaf has its place in the list, when it was `size` long.

        Source: RFC 6962, 2.1.1. As many hashes as the tree has levels above the leaf.

        Raises:
            ValueError: There is no such leaf.
        """
        size = self._sized(size)
        if not 0 <= index < size:
            raise ValueError(f"there is no leaf {index} among {size}")
        low, high, found = 0, size, []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                found.append(self._range(middle, high))
                high = middle
            else:
                found.append(self._range(low, middle))
                low = middle
        return tuple(reversed(found))

    def consistency(self, old: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return what shows that the list, when it was `old` long, is a beginning of this one.

        Source: RFC 6962, 2.1.2, but that the hash of the beginning is there also where it is that
        of a whole subtree: the root does not tell it. Nothing when either is empty or both are
        the same.

        Raises:
            ValueError: It was never so long.
        """
        size = self._sized(size)
        if not 0 <= old <= size:
            raise ValueError(f"{old} leaves are no beginning of {size}")
        low, high, found = 0, size, []
        if old in (0, size):
            return ()
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                found.append(self._range(middle, high))
                high = middle
            else:
                found.append(self._range(low, middle))
                low = middle
        found.append(self._range(low, high))
        return tuple(reversed(found))

    def _sized(self, size: int | None) -> int:
        most = len(self)
        if size is None:
            return most
        if not 0 <= size <= most:
            raise ValueError(f"the list has {most} leaves, and never had {size}")
        return size

    def _range(self, low: int, high: int) -> bytes:
        """Return the hash of a subtree; every left part is a complete one that is kept."""
        count = high - low
        if count & count - 1 == 0:
            level = count.bit_length() - 1
            return self._levels[level][low >> level]
        middle = low + _split(count)
        return node_hash(self._range(low, middle), self._range(middle, high))


def _split(count: int) -> int:
    """Return the largest power of two below a count of at least two."""
    return 1 << (count - 1).bit_length() - 1


def _hashes(*found: bytes) -> bool:
    return all(type(one) is bytes and len(one) == HASH_BYTES for one in found)


def verify_inclusion(
    root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether a leaf has its place in the list with a root that the caller trusts.

    Source: RFC 9162, 2.1.3.2. Size and index may come from whoever shows the proof.
    """
    if not 0 <= index < size <= MOST_SIZE or not _hashes(root, *proof):
        return False
    at, last, found = index, size - 1, leaf_hash(leaf)
    for sibling in proof:
        if last == 0:
            return False  # longer than the tree is high
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and _bound(size, found) == root


def verify_consistency(
    old_root: bytes, old: int, root: bytes, size: int, proof: Sequence[bytes]
) -> bool:
    """Say whether a list is a beginning of another; the caller trusts both roots.

    Source: RFC 9162, 2.1.4.2. An empty list is a beginning of every list.
    """
    if not 0 <= old <= size <= MOST_SIZE or not _hashes(old_root, root, *proof):
        return False
    if old in (0, size):
        return old_root == (root if old else _bound(0, _NOTHING)) and not proof
    if not proof:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = proof[0]
    for hash_ in proof[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(hash_, before), node_hash(hash_, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and (_bound(old, before), _bound(size, after)) == (old_root, root)
