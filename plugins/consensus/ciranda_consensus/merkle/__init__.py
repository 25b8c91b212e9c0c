"""Trees of hashes: that something is in a list or a state, or is not, with little to read."""

from .history import leaf_hash, node_hash, root_of

__all__ = ["leaf_hash", "node_hash", "root_of"]
