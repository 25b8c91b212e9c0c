"""What the words of a ring's file are, and what can be told of a file by its header."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import inf
from typing import Final

__all__ = [
    "CHANGING",
    "FIRST",
    "HEADER",
    "MOST",
    "OWN",
    "PAUSED",
    "PER",
    "RETURNED",
    "SEEN",
    "TAIL",
    "RingDamageError",
    "boot_in",
    "empty",
    "is_ring",
    "spans_in",
    "with_boot",
]

MOST: Final = 8  # dimensions
BOOT_BYTES: Final = 16
CHANGING: Final = 6  # 1 while heads and sums are being changed, else 0
TAIL: Final = 7  # number of the next entry; numbers only grow
PAUSED: Final = 8  # time before which nothing starts
RETURNED: Final = 9  # when something was last given back
SEEN: Final = 10  # when somebody last asked
FIRST: Final = 16  # limit, seconds, first entry that counts, sum of each dimension
PER: Final = 4
OWN: Final = 3  # words of an entry before its costs: two times, and 1 if it is only held
HEADER: Final = FIRST + PER * MOST  # words before the entries

_MAGIC: Final = 0x4552_4144_4E41_5243  # "CRANDARE" in little-endian order
_VERSION: Final = 1
_MOST_SLOTS: Final = 1 << 16
_VERSION_AT, _DIMENSIONS, _SLOTS, _BOOT = 1, 2, 3, 4


class RingDamageError(Exception):
    """Somebody else has written into a ring; its file has to be looked at as a whole."""


def empty(spans: Sequence[tuple[int, float]], slots: int) -> bytearray:
    """Return the content of a ring's file in which nothing counts, of no boot."""
    content = bytearray(8 * (HEADER + slots * (OWN + len(spans))))
    with (
        memoryview(content) as memory,
        memory.cast("q") as ints,
        memory.cast("d") as times,
    ):
        ints[0], ints[_VERSION_AT] = _MAGIC, _VERSION
        ints[_DIMENSIONS], ints[_SLOTS] = len(spans), slots
        times[PAUSED] = times[RETURNED] = times[SEEN] = -inf
        for which, (limit, per) in enumerate(spans):
            ints[FIRST + PER * which], times[FIRST + PER * which + 1] = limit, per
    return content


def is_ring(content: bytes | bytearray) -> bool:
    """Say whether a file begins as those of rings do, of whatever version."""
    return bytes(content[:8]) == _MAGIC.to_bytes(8, sys.byteorder)


def spans_in(content: bytes | bytearray) -> tuple[list[tuple[int, float]], int] | None:
    """Return the spans and slots that a file says it has; None if it cannot be a ring's."""
    if len(content) < 8 * HEADER or not is_ring(content):
        return None
    with (
        memoryview(content[: 8 * HEADER]) as memory,
        memory.cast("q") as ints,
        memory.cast("d") as times,
    ):
        count, slots = ints[_DIMENSIONS], ints[_SLOTS]
        if ints[_VERSION_AT] != _VERSION or not 0 < count <= MOST or not 0 < slots <= _MOST_SLOTS:
            return None
        words = [FIRST + PER * which for which in range(count)]
        spans = [(ints[word], times[word + 1]) for word in words]
    whole = len(content) == 8 * (HEADER + slots * (OWN + count)) and slots & (slots - 1) == 0
    good = all(limit > 0 and 0 < per < inf for limit, per in spans)
    return (spans, slots) if whole and good else None


def boot_in(content: bytes | bytearray) -> bytes:
    """Return the mark of the boot in which a ring's times are."""
    return bytes(content)[8 * _BOOT : 8 * _BOOT + BOOT_BYTES]


def with_boot(content: bytes | bytearray, boot: bytes) -> bytes:
    """Return the content with another boot's mark."""
    return bytes(content[: 8 * _BOOT]) + boot + content[8 * _BOOT + BOOT_BYTES :]
