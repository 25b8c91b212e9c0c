"""Pure functions on constant text and bytes that hostile code hides behind; all bounded."""

from __future__ import annotations

import base64
import binascii
import codecs
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from ..limits import PAYLOAD

__all__ = ["DECODERS", "METHODS", "decode_text"]

_BOUND: Final = 4096  # characters of one formatted value
_CODECS: Final = frozenset(
    {"utf-8", "utf8", "ascii", "latin-1", "latin1", "rot13", "rot-13", "rot_13", "hex",
     "base64", "utf-16", "unicode_escape", "base64_codec", "hex_codec"}
)  # fmt: skip


def _inflate(data: bytes, *_more: Any) -> bytes:
    """Decompress, whatever the wrapper (zlib, gzip, raw), up to the bound."""
    for bits in (47, -15):
        try:
            return zlib.decompressobj(bits).decompress(data, PAYLOAD)
        except zlib.error:
            continue
    raise ValueError("not compressed")


def _codec(text: Any, name: str = "utf-8", *_more: Any) -> Any:
    if name.lower() not in _CODECS:
        raise ValueError(name)
    return codecs.decode(text, name.lower())


def _encoded(text: Any, name: str = "utf-8", *_more: Any) -> Any:
    if name.lower() not in _CODECS:
        raise ValueError(name)
    return codecs.encode(text, name.lower())


def _from_base64(data: Any, *_more: Any) -> bytes:
    return binascii.a2b_base64(data)


def _bytes(values: Any, name: str = "utf-8") -> bytes:
    if isinstance(values, int):
        raise ValueError("zeros")  # noqa: TRY004  # what folding takes for "not known"
    return values.encode(name) if isinstance(values, str) else bytes(values)


def _integer(value: Any, base: int = 10) -> int:
    if isinstance(value, str):
        if len(value) > _BOUND:
            raise ValueError("long")
        return int(value, base)
    return int(value)


def _range(*ends: int) -> tuple[int, ...]:
    made = range(*ends)
    if len(made) > PAYLOAD:
        raise ValueError("long")
    return tuple(made)


# By the last part of what they are called: each is pure, so nothing is lost where a name lies.
DECODERS: Final[dict[str, Callable[..., Any]]] = {
    "chr": chr,
    "ord": ord,
    "int": _integer,
    "str": lambda value, *more: _codec(value, *more) if more else str(value),
    "len": len,
    "bytes": _bytes,
    "bytearray": _bytes,
    "hex": hex,
    "list": tuple,
    "tuple": tuple,
    "range": _range,
    "reversed": lambda value: tuple(reversed(value)),
    "decode": _codec,
    "encode": _encoded,
    "b64decode": _from_base64,
    "standard_b64decode": _from_base64,
    "urlsafe_b64decode": base64.urlsafe_b64decode,
    "decodebytes": _from_base64,
    "a2b_base64": _from_base64,
    "b32decode": base64.b32decode,
    "b16decode": base64.b16decode,
    "b85decode": base64.b85decode,
    "a85decode": base64.a85decode,
    "unhexlify": binascii.unhexlify,
    "a2b_hex": binascii.unhexlify,
    "fromhex": bytes.fromhex,
    "decompress": _inflate,
    "unquote": unquote,
}
METHODS: Final = frozenset(
    {"join", "format", "replace", "decode", "encode", "lower", "upper", "strip", "lstrip",
     "rstrip", "swapcase", "title", "capitalize", "removeprefix", "removesuffix", "casefold",
     "split", "splitlines"}
)  # fmt: skip


def decode_text(method: str, owner: str | bytes, arguments: Any, bound: int) -> Any:
    """Return what a method of a constant text gives for constant arguments.

    Args:
        method: One of `METHODS`, or "%".
        owner: The text.
        arguments: A list; of "%", what stands at its right.
        bound: Characters that the result may have.

    Raises:
        ValueError: When the result would be too long, or is not known.
    """
    if method in ("decode", "encode"):
        return (_codec if method == "decode" else _encoded)(owner, *arguments)
    if method in ("format", "%"):
        return _formatted(method, owner, arguments, bound)
    if method == "join":
        parts = list(arguments[0])
        if sum(map(len, parts)) + len(owner) * len(parts) > bound:
            raise ValueError("long")
    elif method == "replace":
        old, new = arguments[0], arguments[1]
        if len(owner) + (len(owner) + 1) * len(new) > bound and owner.count(old) * len(new) > bound:
            raise ValueError("long")
    made = getattr(owner, method)(*arguments)  # a method of str or bytes, named in METHODS
    return tuple(made) if isinstance(made, list) else made


def _formatted(method: str, owner: str | bytes, arguments: Any, bound: int) -> Any:
    """Format where only plain fields occur: widths could ask for gigabytes."""
    values: Sequence[Any] = arguments if isinstance(arguments, (list, tuple)) else [arguments]
    if not isinstance(owner, str) or not all(isinstance(each, (str, int)) for each in values):
        raise ValueError("not text")
    if len(owner) + sum(len(str(each)) for each in values) * (1 + owner.count("{")) > bound:
        raise ValueError("long")
    if method == "%":
        plain = owner.replace("%%", "").replace("%s", "").replace("%d", "").replace("%c", "")
        if "%" in plain:
            raise ValueError("widths")
        return owner % tuple(values)
    for at, mark in enumerate(owner):
        if mark == "{":
            field = owner[at + 1 : at + 4].partition("}")[0]  # {} to {99}
            if field and not field.isdecimal():
                raise ValueError("fields")
    return owner.format(*values)
