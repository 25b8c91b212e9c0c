"""The durable store: the event log of runs, and files under the same rules for plugins."""

from ciranda.store.database import Database
from ciranda.store.holders import Clock, Process
from ciranda.store.log import Log
from ciranda.store.memory import MemoryLog
from ciranda.store.rows import (
    Cached,
    Durability,
    Examined,
    Head,
    Lease,
    Message,
    OutputChunk,
    Pruned,
    Record,
    RunRow,
)
from ciranda.store.sqlite import SqliteLog
from ciranda.store.stores import open_store

__all__ = [
    "Cached",
    "Clock",
    "Database",
    "Durability",
    "Examined",
    "Head",
    "Lease",
    "Log",
    "MemoryLog",
    "Message",
    "OutputChunk",
    "Process",
    "Pruned",
    "Record",
    "RunRow",
    "SqliteLog",
    "open_store",
]
