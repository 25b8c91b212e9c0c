"""From one epoch to the next: the state goes on, its stakes say who validates."""

from .following import follow
from .link import Link, LinkError, read_link, write_link
from .successor import heirs, successor

__all__ = [
    "Link",
    "LinkError",
    "follow",
    "heirs",
    "read_link",
    "successor",
    "write_link",
]
