"""Lines out of pieces, none longer than it may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

__all__ = ["LineTooLongError", "Lines"]


class LineTooLongError(ValueError):
    """A line has no end within the bytes that it may have."""


@final
class Lines:
    """Cuts what comes in pieces into lines.

    Args:
        longest: Bytes that a line may have.
    """

    def __init__(self, longest: int) -> None:
        self._longest: Final = longest
        self._begun = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that a piece completes, without their ends; empty ones are left out.

        Raises:
            LineTooLongError: One is too long.
        """
        *ended, rest = data.split(b"\n")
        for line in ended:
            if self._begun:
                self._begun += line
                whole = bytes(self._begun)
                self._begun.clear()
            else:
                whole = line
            self._check(len(whole))
            if stripped := whole.strip():
                yield stripped
        self._begun += rest
        self._check(len(self._begun))

    def _check(self, length: int) -> None:
        if length > self._longest:
            raise LineTooLongError(f"a line is longer than {self._longest:,} bytes")
