"""CRC-32 sums that bind a row's bytes to the place where the row belongs."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from ciranda.store.rows import Record

_HEADER: Final = struct.Struct("<qdq?")


def record_check(run: int, record: Record, stored: bytes, spilled: bool) -> int:
    """Return the sum of a record as stored.

    Args:
        run: Sum of the run's id.
        record: Its payload is not looked at.
        stored: The payload, or the digest of the blob that holds it.
        spilled: Whether it is the digest.
    """
    header = _HEADER.pack(record.seq, record.at, record.version, spilled) + record.type.encode()
    return zlib.crc32(stored, zlib.crc32(header, run))


def row_check(*parts: str | bytes | float) -> int:
    """Return the sum of a row's columns."""
    total = 0
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        total = zlib.crc32(data, zlib.crc32(len(data).to_bytes(8, "little"), total))
    return total
