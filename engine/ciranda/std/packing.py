"""Compressed answers, unpacked without trusting how large they become."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

from ciranda.errors import StepError

PACKINGS: Final = "gzip, deflate"  # what a server may use
_GZIP: Final = 16 + zlib.MAX_WBITS
_METHOD: Final = 8  # the only one that zlib knows
_PLAIN: Final = ("", "identity")


def unpack(content: bytes, headers: Mapping[str, str], limit: int) -> bytes | None:
    """Undo the content encodings of an answer; None when there is more than `limit` bytes.

    Raises:
        StepError: Kind `unavailable`: it is damaged, or packed in a way nobody asked for.
    """
    used = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    data: bytes | None = content
    for name in reversed([name for name in used if name not in _PLAIN]):
        if data is None or len(data) > limit:
            return None
        if name not in ("gzip", "x-gzip", "deflate"):
            raise StepError("unavailable", f'The answer is packed as "{name}".')
        try:
            data = _inflated(data, _window(name, data), limit) if data else data
        except zlib.error as error:
            raise StepError("unavailable", f"The answer is damaged: {error}.") from None
    return data if data is not None and len(data) <= limit else None


def _window(name: str, data: bytes) -> int:
    """Choose the format; servers send `deflate` with and without the header of zlib."""
    if name != "deflate":
        return _GZIP
    has_header = len(data) > 1 and data[0] & 0x0F == _METHOD and (data[0] << 8 | data[1]) % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS


def _inflated(data: bytes, window: int, limit: int) -> bytes | None:
    inflating = zlib.decompressobj(window)
    out = inflating.decompress(data, limit + 1)
    if inflating.unconsumed_tail or len(out) > limit:
        return None
    if not inflating.eof:
        raise zlib.error("it ends too early")
    return out
