"""How long something took, for a reader."""

from __future__ import annotations

__all__ = ["shown"]


def shown(seconds: float) -> str:
    """Return a time with three digits: `0.04 ms`, `12.3 ms`, `1.24 s`."""
    if seconds < 0.0001:  # noqa: PLR2004  (what is shorter has fewer digits)
        return f"{seconds * 1000:.3f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s"
