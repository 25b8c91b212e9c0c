"""One entry that waits, with what the pool has to know of it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

import msgspec

__all__ = ["Item", "digest_of"]

_SCALE: Final = 20  # bits behind the point of a density


class Item(msgspec.Struct, frozen=True, eq=False):
    """An entry whose form and signature are good.

    Attributes:
        entry: Its bytes.
        digest: Names it; entries are canonical, so the same twice has one name.
        lane: Who sent it; its own digest where nobody did. Those of a lane go in order.
        nonce: Its place in the lane.
        units: How much work it stands for.
        body: What it says.
    """

    entry: bytes
    digest: bytes
    lane: bytes
    nonce: int
    units: int
    body: Any

    @property
    def density(self) -> int:
        """Work for each byte that it takes in a block."""
        return (self.units << _SCALE) // len(self.entry)


def digest_of(entry: bytes) -> bytes:
    """Return what names an entry."""
    return sha256(b"ciranda/entry/1" + entry).digest()
