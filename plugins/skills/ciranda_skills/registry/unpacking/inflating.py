"""Compressed streams, unpacked in small pieces and given up when they turn out to be bombs."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Protocol

from .hazard import Hazard, Refusal
from .limits import Meter

__all__ = ["COMPRESSIONS", "Inflated", "inflate", "pieces_of"]

_CHUNK: Final = 1 << 16
_MEMORY: Final = 128 << 20  # what a dictionary of xz may take


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Zlib:
    """zlib's decompressor with the manners of the others: it keeps what it did not get to."""

    def __init__(self, window: int) -> None:
        self._inner: Final = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


COMPRESSIONS: Final[dict[bytes, Callable[[], _Decompressor]]] = {
    b"\x1f\x8b": lambda: _Zlib(31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY),
}


def inflate(packed: Iterator[bytes], meter: Meter, *, magic: bytes = b"") -> Iterator[bytes]:
    """Yield what a compressed stream holds, in pieces of 64 KiB at most.

    Args:
        packed: Its bytes.
        meter: Compares what goes in with what comes out.
        magic: What the stream begins with, a key of `COMPRESSIONS`; members that follow each
            other are read as one. Without it the stream is one of raw deflate.

    Raises:
        Refusal: It is damaged, or a bomb.
    """
    make = COMPRESSIONS[magic] if magic else lambda: _Zlib(-15)
    inner = make()
    taken = given = 0
    ended = False
    try:
        for chunk in packed:
            taken += len(chunk)
            data = chunk
            while True:
                if ended and data.strip(b"\0"):
                    if not magic:
                        raise Refusal(Hazard.DAMAGED, "there is data behind the end of an entry")
                    inner, ended = make(), False
                elif ended:
                    break  # padding
                out = inner.decompress(data, _CHUNK)
                given += len(out)
                meter.expanded(taken, given)
                if out:
                    yield out
                ended = inner.eof
                data = inner.unused_data if ended else b""
                if not data and len(out) < _CHUNK:
                    break
    except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise Refusal(Hazard.DAMAGED, f"it cannot be unpacked: {error}") from None
    if not ended:
        raise Refusal(Hazard.DAMAGED, "it ends early")


class Inflated:
    """Bytes in order, a given number at a time."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces: Final = pieces
        self._piece = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return this many bytes, or fewer at the end."""
        found = []
        left = size
        while left:
            if self._at == len(self._piece):
                self._piece, self._at = next(self._pieces, b""), 0
                if not self._piece:
                    break
            part = self._piece[self._at : self._at + left]
            self._at += len(part)
            left -= len(part)
            found.append(part)
        return b"".join(found)

    def drain(self, limit: int) -> None:
        """Read on to the end, so that its checksums are looked at.

        Raises:
            Refusal: There is more than padding can be.
        """
        while limit > 0 and (piece := self.read(_CHUNK)):
            limit -= len(piece)
        if limit <= 0:
            raise Refusal(Hazard.DAMAGED, "there is data behind its end")


def pieces_of(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the next bytes of a file, at most so many."""
    while size > 0 and (chunk := stream.read(min(size, _CHUNK))):
        size -= len(chunk)
        yield chunk
