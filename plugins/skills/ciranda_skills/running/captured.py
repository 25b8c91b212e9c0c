"""What a run writes: counted to the byte, kept up to a bound."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Final, final

__all__ = ["Captured", "Stream", "bounded"]

_TAIL: Final = 2048  # bytes of the end that are known whatever the bound is


@final
class Stream:
    """One of its two streams.

    Attributes:
        total: Bytes written.
        tail: The last of them.
    """

    __slots__ = ("_decoder", "_kept", "_limit", "_tell", "tail", "total")

    def __init__(self, limit: int, tell: Callable[[str], None] | None) -> None:
        self._limit = limit
        self._tell = tell
        self._kept = bytearray()
        self._decoder = None if tell is None else codecs.getincrementaldecoder("utf-8")("replace")
        self.total = 0
        self.tail = b""

    def take(self, data: bytes) -> None:
        """Take what was written."""
        self.total += len(data)
        self.tail = (self.tail + data[-_TAIL:])[-_TAIL:]
        kept = data[: max(self._limit - len(self._kept), 0)]
        self._kept += kept
        if self._tell is not None and self._decoder is not None and kept:
            text = self._decoder.decode(kept)
            if text:
                self._tell(text)

    @property
    def limit(self) -> int:
        """Bytes that are kept."""
        return self._limit

    @property
    def truncated(self) -> bool:
        """Whether more was written than is kept."""
        return self.total > len(self._kept)

    def text(self) -> str:
        """Return what is kept; a character that the bound cut in two is left out."""
        if not self.truncated:
            return self._kept.decode("utf-8", "replace")
        return codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._kept))


def bounded(text: str, most: int) -> str:
    """Return the beginning of a text that takes no more than so many bytes of UTF-8."""
    if len(text) << 2 <= most:  # whatever its characters are
        return text
    data = text.encode()
    return text if len(data) <= most else data[:most].decode(errors="ignore")


@final
class Captured:
    """Both streams of a run.

    Args:
        limit: Bytes kept of each.
        tell: Hears the name of a stream and what came, up to the bound.
    """

    __slots__ = ("stderr", "stdout")

    def __init__(self, limit: int, tell: Callable[[str, str], None] | None = None) -> None:
        def telling(name: str) -> Callable[[str], None] | None:
            return None if tell is None else lambda text: tell(name, text)

        self.stdout = Stream(limit, telling("stdout"))
        self.stderr = Stream(limit, telling("stderr"))

    def hear(self, stream: str, data: bytes) -> None:
        """Take what was written to `stdout` or to `stderr`."""
        (self.stdout if stream == "stdout" else self.stderr).take(data)
