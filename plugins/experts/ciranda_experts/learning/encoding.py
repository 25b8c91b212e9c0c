"""JSON of whatever an intent or its evidence holds."""

from __future__ import annotations

from typing import Any, Final

import msgspec

__all__ = ["encode"]

_BITS: Final = 8192  # of an int that is written in decimal: Python refuses 4300 digits and more


def encode(value: Any) -> bytes:
    """Return JSON that can be read again.

    What JSON has no word for is written as text; halves of characters become `?`, and an int of
    thousands of digits hexadecimal text.
    """
    try:
        return msgspec.json.encode(value, enc_hook=str)
    except (UnicodeEncodeError, ValueError):
        return msgspec.json.encode(_tame(value))


def _tame(value: Any) -> Any:
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _BITS else f"{value:#x}"
    if isinstance(value, dict):
        return {_tame(str(key)): _tame(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_tame(each) for each in value]
    if isinstance(value, msgspec.Struct):
        return {name: _tame(getattr(value, name)) for name in value.__struct_fields__}
    return str(value).encode("utf-8", "replace").decode("utf-8")
