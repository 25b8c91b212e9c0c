"""How much of a tree is that of an earlier one: an update makes only what lies on its way."""

from __future__ import annotations

from .nodes import BITS, Branch, Node
from .sparse import SparseTree

__all__ = ["made_since"]


def made_since(before: SparseTree, after: SparseTree) -> int:
    """Return how many nodes of a tree are not those of an earlier one.

    What both share is not looked at.
    """
    found = 0
    open_: list[tuple[Node | None, Node | None]] = [(before.node, after.node)]
    while open_:
        old, new = open_.pop()
        if new is None:
            continue
        depth = new.depth if isinstance(new, Branch) else BITS
        while isinstance(old, Branch) and old.depth < depth:
            old = old.right if new.path >> BITS - 1 - old.depth & 1 else old.left
        if old is new:
            continue
        found += 1
        if isinstance(new, Branch):
            if isinstance(old, Branch) and old.depth == depth and old.path == new.path:
                open_ += ((old.left, new.left), (old.right, new.right))
            else:  # what was here before lies on one side, whole
                open_ += ((old, new.left), (old, new.right))
    return found
