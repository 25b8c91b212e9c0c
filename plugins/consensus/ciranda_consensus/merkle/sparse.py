"""A map with a root: who knows the root alone can be shown what is in the map, and what is not."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final, final

from .nodes import BITS, EMPTY, Branch, Leaf, Node, build, grow, join, leaf, leaves, prefix
from .partial import Ranges, write

__all__ = ["SparseTree"]

_TOP: Final = BITS - 1


@final
class SparseTree:
    """A binary Patricia tree over the hashes of keys; never changed in place.

    An update shares all that it does not touch with the tree that it was made from, so that old
    states stay valid and cost nothing. The root follows from keys and values alone, whatever the
    order in which they came and whatever was removed.

    Args:
        node: The topmost node; None for an empty tree.

    Attributes:
        node: The same.
    """

    __slots__ = ("node",)

    def __init__(self, node: Node | None = None) -> None:
        self.node: Final = node

    @classmethod
    def of(cls, items: Mapping[bytes, bytes]) -> SparseTree:
        """Return the tree of a mapping."""
        return cls(grow(items))

    @property
    def root(self) -> bytes:
        """The hash of all of it; zeros when it is empty."""
        return EMPTY if self.node is None else self.node.hash

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key; None if there is none."""
        path, node = int.from_bytes(sha256(key).digest(), "big"), self.node
        while type(node) is Branch:
            node = node.right if path >> _TOP - node.depth & 1 else node.left
        return node.value if type(node) is Leaf and node.path == path else None

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys and values in the order of the hashes of the keys."""
        for one in leaves(self.node):
            yield one.key, one.value

    def __len__(self) -> int:
        return sum(1 for _ in leaves(self.node))

    def update(self, changes: Mapping[bytes, bytes | None]) -> SparseTree:
        """Return the tree after changes, each node on the way to them made once.

        Args:
            changes: New values by their keys; None removes a key.
        """
        if self.node is None:
            return SparseTree.of({k: value for k, value in changes.items() if value is not None})
        made: list[tuple[int, Leaf | None]] = []
        for key, value in changes.items():
            if value is None:
                made.append((int.from_bytes(sha256(key).digest(), "big"), None))
            else:
                one = leaf(key, value)
                made.append((one.path, one))
        made.sort(key=_first)
        paths, found = [path for path, _ in made], [one for _, one in made]
        node = _apply(self.node, paths, found, 0, len(paths))
        return self if node is self.node else SparseTree(node)

    def changes(self, later: SparseTree) -> dict[bytes, bytes | None]:
        """Return what makes this tree the later one; what both share is not looked at."""
        found: dict[bytes, bytes | None] = {}
        _compare(self.node, later.node, found)
        return found

    def prove(self, keys: Iterable[bytes]) -> bytes:
        """Return what shows the values of keys, or that they have none, to who knows the root.

        `verify` in the module `partial` checks it.
        """
        return self.prove_range([(path, path) for path in _paths(keys)])

    def prove_range(self, ranges: Ranges) -> bytes:
        """Return what shows all keys whose hashes lie in ranges of numbers, both ends included."""
        return write(self.node, ranges)


def _first(pair: tuple[int, Leaf | None]) -> int:
    return pair[0]


def _paths(keys: Iterable[bytes]) -> list[int]:
    return sorted({int.from_bytes(sha256(key).digest(), "big") for key in keys})


def _apply(
    node: Node | None, paths: list[int], found: list[Leaf | None], low: int, high: int
) -> Node | None:
    """Return a tree after the changes from `low` to below `high`, all of which belong into it."""
    if low == high:
        return node
    if node is None:
        return build([one for one in found[low:high] if one is not None])
    if type(node) is Leaf:
        return _merge(node, paths, found, low, high)
    assert isinstance(node, Branch)
    depth, path = node.depth, node.path
    first, last = paths[low] ^ path, paths[high - 1] ^ path
    if (first | last) >> BITS - depth == 0:
        middle = bisect_left(paths, path | 1 << _TOP - depth, low, high)
        left = _apply(node.left, paths, found, low, middle)
        right = _apply(node.right, paths, found, middle, high)
        return node if left is node.left and right is node.right else join(depth, left, right)
    # Some do not share its bits: a branch grows above it, at the first bit that differs.
    depth = BITS - max(first.bit_length(), last.bit_length())
    bit = 1 << _TOP - depth
    middle = bisect_left(paths, prefix(path, depth) | bit, low, high)
    if path & bit:
        left = _apply(None, paths, found, low, middle)
        return join(depth, left, _apply(node, paths, found, middle, high))
    right = _apply(None, paths, found, middle, high)
    return join(depth, _apply(node, paths, found, low, middle), right)


def _merge(
    node: Leaf, paths: list[int], found: list[Leaf | None], low: int, high: int
) -> Node | None:
    at = bisect_left(paths, node.path, low, high)
    if at < high and paths[at] == node.path:
        new = found[at]
        if high - low == 1:
            return node if new is not None and new.value == node.value else new
        return build([one for one in found[low:high] if one is not None])
    more = [one for one in found[low:at] if one is not None]
    more.append(node)
    more += [one for one in found[at:high] if one is not None]
    return build(more)


def _compare(old: Node | None, new: Node | None, found: dict[bytes, bytes | None]) -> None:
    if old is new:
        return
    if isinstance(old, Branch) and new is not None and _within(new, old):
        left, right = _sides(new, old)
        _compare(old.left, left, found)
        _compare(old.right, right, found)
        return
    if isinstance(new, Branch) and old is not None and _within(old, new):
        left, right = _sides(old, new)
        _compare(left, new.left, found)
        _compare(right, new.right, found)
        return
    for one in leaves(old):
        found[one.key] = None
    for one in leaves(new):
        if found.pop(one.key, None) is not None or one.value != _value(old, one):
            found[one.key] = one.value


def _value(old: Node | None, one: Leaf) -> bytes | None:
    return old.value if isinstance(old, Leaf) and old.path == one.path else None


def _within(node: Node, top: Branch) -> bool:
    """Say whether all paths of a node share the bits of a branch."""
    depth = node.depth if isinstance(node, Branch) else BITS
    return depth >= top.depth and (node.path ^ top.path) >> BITS - top.depth == 0


def _sides(node: Node, top: Branch) -> tuple[Node | None, Node | None]:
    """Return what of a node lies on either side of a branch that it is within."""
    if isinstance(node, Branch) and node.depth == top.depth:
        return node.left, node.right
    return (None, node) if node.path >> _TOP - top.depth & 1 else (node, None)
