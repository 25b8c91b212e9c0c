"""States as a store and a snapshot keep them."""

from __future__ import annotations

from typing import Final, final

from ciranda.errors import CirandaError
from ciranda_consensus.merkle import SparseTree

from .rules import Rules

__all__ = ["Trees"]


@final
class Trees:
    """Takes a tree for a state when the rules can have made it.

    Args:
        rules: Of the application.
    """

    __slots__ = ("_rules",)

    def __init__(self, rules: Rules) -> None:
        self._rules: Final = rules

    def tree(self, state: SparseTree) -> SparseTree:
        """Return the tree of a state: it is one."""
        return state

    def state(self, tree: SparseTree) -> SparseTree:
        """Return the state of a tree.

        Raises:
            ValueError: It is that of no state.
        """
        try:
            self._rules.check(tree)
        except CirandaError as error:
            raise ValueError(str(error)) from None
        return tree
