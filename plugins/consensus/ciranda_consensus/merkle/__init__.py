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

__all__ = [
    "History",
    "head_of",
    "leaf_hash",
    "node_hash",
    "root_of",
    "verify_consistency",
    "verify_inclusion",
]
