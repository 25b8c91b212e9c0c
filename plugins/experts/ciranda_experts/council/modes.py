"""How a verdict is to be taken: whether it binds whoever asked."""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from typing import Final

__all__ = ["Mode", "binds"]

_SPAN: Final = 2**64


class Mode(StrEnum):
    """What the council is for, at the moment."""

    OFF = "off"  # nobody judges
    SHADOW = "shadow"  # judged and recorded; binds nobody
    SOFT = "soft"  # binds for a share of the intents
    FULL = "full"


def binds(mode: Mode, percent: float, key: str) -> bool:
    """Return whether a verdict about the intent of this key binds.

    Under `soft` the same intent always falls on the same side, in every process, and whoever is
    bound at 10 percent is bound at 20.

    Args:
        mode: The mode.
        percent: 0 to 100, for `soft`.
        key: Digest of the canonical intent.
    """
    if mode is Mode.FULL:
        return True
    if mode is not Mode.SOFT:
        return False
    number = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")
    return number * 100 < percent * _SPAN
