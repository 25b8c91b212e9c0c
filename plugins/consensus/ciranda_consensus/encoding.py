"""Canonical bytes of plain data: equal values give equal bytes, different values different ones.

A value is a tag, then what the tag says: `N`, `F`, `T` stand alone; `I` holds a minimal two's
complement, `B` and `S` bytes and UTF-8 text, each behind its length; `L` and `D` hold as many
items as the count says, a mapping's sorted by the bytes of their keys. Lengths are base-128
numbers without padding. There is no float: 0.1 + 0.2 means another thing on every machine.
"""

from __future__ import annotations

from typing import Any, Final

from ciranda.errors import CirandaError

__all__ = ["MOST_BYTES", "MOST_DEPTH", "EncodingError", "decode", "encode"]

MOST_DEPTH: Final = 32
MOST_BYTES: Final = 8 << 20
MORE: Final = 128  # the bit of a length's byte that says that another follows
SEVEN: Final = 7  # bits of a length in a byte
MOST_SHIFT: Final = 28


class EncodingError(CirandaError):
    """A value has no canonical bytes, or bytes are not the canonical ones of any value."""


def encode(value: Any) -> bytes:
    """Return the canonical bytes of plain data.

    Raises:
        EncodingError: It holds what has none: a float, a surrogate, a key that is no text, an
            object, or too much.
    """
    parts: list[bytes] = []
    _write(value, parts, 0)
    found = b"".join(parts)
    if len(found) > MOST_BYTES:
        raise EncodingError(f"a value of {len(found)} bytes is above the limit of {MOST_BYTES}")
    return found


def _write(value: Any, parts: list[bytes], depth: int) -> None:
    kind = type(value)
    if value is None:
        parts.append(b"N")
    elif kind is bool:
        parts.append(b"T" if value else b"F")
    elif kind is int:
        data = value.to_bytes(
            ((value if value >= 0 else ~value).bit_length() >> 3) + 1, "big", signed=True
        )
        parts += (b"I", _length(len(data)), data)
    elif kind is bytes:
        parts += (b"B", _length(len(value)), value)
    elif kind is str:
        data = _text(value)
        parts += (b"S", _length(len(data)), data)
    elif depth == MOST_DEPTH:
        raise EncodingError(f"values nested deeper than {MOST_DEPTH} have no canonical bytes")
    elif kind is list or kind is tuple:
        parts += (b"L", _length(len(value)))
        for item in value:
            _write(item, parts, depth + 1)
    elif kind is dict:
        parts += (b"D", _length(len(value)))
        for key, item in sorted((_key(key), item) for key, item in value.items()):
            parts += (_length(len(key)), key)
            _write(item, parts, depth + 1)
    else:
        raise EncodingError(
            f"a {kind.__name__} has no canonical bytes: "
            "use whole numbers, text, bytes, lists and mappings"
        )


def _text(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise EncodingError("text with half of a surrogate pair has no canonical bytes") from None


def _key(key: Any) -> bytes:
    if type(key) is not str:
        raise EncodingError(f"the key {key!r} is no text")
    return _text(key)


def _length(count: int) -> bytes:
    if count < MORE:
        return _SHORT[count]
    found = bytearray()
    while count >= MORE:
        found.append(count & MORE - 1 | MORE)
        count >>= SEVEN
    found.append(count)
    return bytes(found)


_SHORT: Final = [bytes([count]) for count in range(MORE)]


def decode(data: bytes) -> Any:
    """Return the value whose canonical bytes these are.

    Raises:
        EncodingError: They are those of no value, or no `bytes`.
    """
    if type(data) is not bytes:
        raise EncodingError(f"a {type(data).__name__} is no canonical bytes")
    if len(data) > MOST_BYTES:
        raise EncodingError(f"{len(data)} bytes are above the limit of {MOST_BYTES}")
    value, end = _read(data, 0, 0)
    if end != len(data):
        raise EncodingError(f"{len(data) - end} bytes are left over after the value")
    return value


def _read(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    tag, at = data[at : at + 1], at + 1
    if tag in _ALONE:
        return _ALONE[tag], at
    if tag not in (b"I", b"B", b"S", b"L", b"D"):
        raise EncodingError(f"there is no value with the tag {tag!r} (byte {at - 1})")
    count, at = _read_length(data, at)
    if tag in (b"L", b"D"):
        if depth == MOST_DEPTH:
            raise EncodingError(f"values nested deeper than {MOST_DEPTH} have no canonical bytes")
        if count > len(data) - at:
            raise EncodingError(f"{count} items do not fit the bytes that are left")
        return (_read_list if tag == b"L" else _read_mapping)(data, at, count, depth + 1)
    raw, at = _take(data, at, count)
    if tag == b"B":
        return raw, at
    if tag == b"S":
        try:
            return raw.decode(), at
        except UnicodeDecodeError:
            raise EncodingError("text that is no UTF-8") from None
    value = int.from_bytes(raw, "big", signed=True)
    if len(raw) != ((value if value >= 0 else ~value).bit_length() >> 3) + 1:
        raise EncodingError("a number with needless bytes")
    return value, at


_ALONE: Final[dict[bytes, Any]] = {b"N": None, b"F": False, b"T": True}


def _take(data: bytes, at: int, count: int) -> tuple[bytes, int]:
    end = at + count
    if end > len(data):
        raise EncodingError("the bytes end in the middle of a value")
    return data[at:end], end


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    count = shift = 0
    while True:
        if at >= len(data) or shift > MOST_SHIFT:
            raise EncodingError("a length that does not end")
        byte, at = data[at], at + 1
        count |= (byte & MORE - 1) << shift
        shift += SEVEN
        if byte < MORE:
            if byte == 0 and shift > SEVEN:
                raise EncodingError("a length with needless bytes")
            return count, at


def _read_list(data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    found = []
    for _ in range(count):
        item, at = _read(data, at, depth)
        found.append(item)
    return found, at


def _read_mapping(data: bytes, at: int, count: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    last: bytes | None = None
    for _ in range(count):
        length, at = _read_length(data, at)
        raw, at = _take(data, at, length)
        if last is not None and raw <= last:
            raise EncodingError("keys that are not in order")
        last = raw
        try:
            key = raw.decode()
        except UnicodeDecodeError:
            raise EncodingError("a key that is no UTF-8") from None
        found[key], at = _read(data, at, depth)
    return found, at
