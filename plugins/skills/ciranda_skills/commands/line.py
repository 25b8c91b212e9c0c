"""A value on one line, as JSON that every reader can take."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["line"]


def line(value: Any) -> str:
    """Return plain data as one line of JSON."""
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, OverflowError):  # halves of characters, integers beyond 64 bits
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
