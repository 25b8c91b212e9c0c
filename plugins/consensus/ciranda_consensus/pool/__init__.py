"""Entries that wait to be agreed on."""

from .item import Item, digest_of
from .mempool import Counts, Mempool

__all__ = ["Counts", "Item", "Mempool", "digest_of"]
