"""How much may be unpacked, counted on the bytes that come out and not on what headers say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .hazard import Hazard, Refusal

__all__ = ["Limits", "Meter"]

_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive, a repository or a folder may hold.

    Attributes:
        entries: Files and folders.
        total: Bytes of all files together.
        file: Bytes of one.
        archive: Bytes of the archive itself.
        ratio: How many times as large as its compressed form anything may be, past `grace`.
        grace: Bytes for which the ratio does not count: short runs of one character are common.
    """

    entries: int = 10_000
    total: int = 256 * _MIB
    file: int = 128 * _MIB
    archive: int = 256 * _MIB
    ratio: int = 100
    grace: int = _MIB


class Meter:
    """Counts entries and bytes while they are unpacked."""

    def __init__(self, limits: Limits) -> None:
        self.limits: Final = limits
        self.entries = 0
        self.total = 0

    def entry(self) -> None:
        """Count an entry.

        Raises:
            Refusal: It is one too many.
        """
        self.entries += 1
        if self.entries > self.limits.entries:
            said = f"it has more than {self.limits.entries:,} entries"
            raise Refusal(Hazard.ENTRIES, said)

    def written(self, size: int) -> None:
        """Count bytes of a file.

        Raises:
            Refusal: They are too many.
        """
        self.total += size
        if self.total > self.limits.total:
            said = f"its files have more than {self.limits.total:,} bytes"
            raise Refusal(Hazard.SIZE, said)

    def expanded(self, packed: int, size: int) -> None:
        """Compare what came out of a compressed stream so far with what went in.

        Raises:
            Refusal: It is a bomb.
        """
        if size > self.limits.grace and size > packed * self.limits.ratio:
            said = f"it unpacks to more than {self.limits.ratio} times its size"
            raise Refusal(Hazard.RATIO, said)
