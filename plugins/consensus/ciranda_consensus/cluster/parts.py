"""Many entries in parts, each of which fits into one block and one message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["parts_of"]

AT_ONCE: Final = 1000
AT_ONCE_BYTES: Final = 1 << 20


def parts_of(entries: Iterable[bytes]) -> list[list[bytes]]:
    """Return entries in parts, in their order."""
    found: list[list[bytes]] = []
    size = 0
    for one in entries:
        if not found or len(found[-1]) == AT_ONCE or size + len(one) > AT_ONCE_BYTES:
            found.append([])
            size = 0
        found[-1].append(one)
        size += len(one)
    return found
