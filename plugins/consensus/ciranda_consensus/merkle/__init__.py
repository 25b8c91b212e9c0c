"""Trees of hashes: that something is in a list or a state, or is not, with little to read."""

from .history import (
    History,
    leaf_hash,
    node_hash,
    root_of,
    tree_hash,
    verify_consistency,
    verify_inclusion,
)
from .partial import verify, verify_range
from .sparse import SparseTree

__all__ = [
    "History",
    "SparseTree",
    "leaf_hash",
    "node_hash",
    "root_of",
    "tree_hash",
    "verify",
    "verify_consistency",
    "verify_inclusion",
    "verify_range",
]
