"""One validator as a process: connections that know each other, limits, states from peers."""

from .channel import Channel
from .configuration import (
    Genesis,
    NodeSettings,
    Point,
    Seat,
    read_genesis,
    read_settings,
    write_genesis,
)
from .dialing import Dialing
from .handshake import HandshakeError, Purpose
from .limits import Limits
from .machine import Subject, Working
from .node import Node, open_node, run_node
from .sync import Checkpoint, DeclinedError, SyncError, ask

__all__ = [
    "Channel",
    "Checkpoint",
    "DeclinedError",
    "Dialing",
    "Genesis",
    "HandshakeError",
    "Limits",
    "Node",
    "NodeSettings",
    "Point",
    "Purpose",
    "Seat",
    "Subject",
    "SyncError",
    "Working",
    "ask",
    "open_node",
    "read_genesis",
    "read_settings",
    "run_node",
    "write_genesis",
]
