"""Trees of hashes: that something is in a list or a state, or is not, with little to read."""

from .history import (
    History,
    head_of,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from .partial import verify, verify_range
from .sparse import SparseTree

__all__ = [
    "History",
    "SparseTree",
    "head_of",
    "leaf_hash",
    "node_hash",
    "root_of",
    "verify",
    "verify_consistency",
    "verify_inclusion",
    "verify_range",
]
