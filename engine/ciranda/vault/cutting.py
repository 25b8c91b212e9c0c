"""Where a long line may be cut: not within a secret, of which both halves would be shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["cut"]

_BESIDE: Final = 4096  # bytes that are looked at on both sides: longer secrets are not found
_STEP: Final = 61  # bytes between two places that are tried


def cut(data: bytes, mask: Callable[[str], str] | None) -> int:
    """Return where to cut data that goes on; what follows is to be held back.

    Args:
        data: More than 8 KiB.
        mask: Returns text without secrets; None when there are none.
    """
    end = len(data) - _BESIDE
    if mask is None:
        return end
    first = max(0, end - _BESIDE)
    whole = mask(_text(data[first:]))
    for at in range(end, first, -_STEP):
        if mask(_text(data[first:at])) + mask(_text(data[at:])) == whole:
            return at
    return end


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
