"""What a step's value may be, and how everything else is made into it.

A value is null, a boolean, a 64-bit integer, a finite float, text without lone surrogates,
bytes, a list, or a dict with text keys. `plain` turns what an author returns into that, or says
where it cannot.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite
from types import NoneType
from typing import Any, Final

import msgspec

MAX_DEPTH: Final = 64
_LOWEST: Final = -(2**63)
_HIGHEST: Final = 2**63 - 1
_IMMUTABLE: Final = frozenset({NoneType, bool, int, float, str, bytes})
_ALWAYS_PLAIN: Final = frozenset({NoneType, bool, bytes})
_AS_TEXT: Final = (
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    decimal.Decimal,
    uuid.UUID,
)
_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")


class NotPlainError(ValueError):
    """A value breaks the rules; `path` leads to the place, outermost first."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem: Final = problem
        self.path: list[str | int] = []

    def sentence(self, root: str) -> str:
        """Say what is wrong and where, starting from the name `root`."""
        return f"{root}{''.join(map(_written, self.path[:8]))} {self.problem}"


def plain(value: Any) -> Any:
    """Return `value` as plain data that shares no list or dict with it.

    Raises:
        NotPlainError: It holds something that a step's value cannot be.
    """
    kind = type(value)
    if kind is dict:
        return _dict(value, 1)
    if kind is int and _LOWEST <= value <= _HIGHEST:
        return value
    return _plain(value, 0)


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind in _ALWAYS_PLAIN:
        return value
    if kind is int or kind is float:
        return _number(value)
    if depth >= MAX_DEPTH:
        raise NotPlainError(f"nests deeper than {MAX_DEPTH} levels or contains itself")
    if kind is dict:
        return _dict(value, depth + 1)
    if kind is list or kind is tuple:
        return _list(value, depth + 1)
    return _converted(value, depth)


# The two loops below are what every output pays: they copy first and spell out the usual
# scalars, so that only what is nested or unusual costs a call.


def _dict(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    out = dict(value)
    key: Any = None
    try:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                exact = _key(key)
                if exact is not key:
                    return _dict({_key(other): out[other] for other in out}, depth)
            kind = type(item)
            if kind is str:
                if item.isascii():
                    continue
            elif kind is int:
                if _LOWEST <= item <= _HIGHEST:
                    continue
            elif kind in _ALWAYS_PLAIN or (kind is float and item - item == 0.0):  # finite
                continue
            out[key] = _plain(item, depth)
    except NotPlainError as error:
        if isinstance(key, str):
            error.path.insert(0, key)
        raise
    return out


def _list(value: Iterable[Any], depth: int) -> list[Any]:
    out = list(value)
    index = 0
    try:
        for index, item in enumerate(out):
            kind = type(item)
            if kind is str:
                if item.isascii():
                    continue
            elif kind is int:
                if _LOWEST <= item <= _HIGHEST:
                    continue
            elif kind in _ALWAYS_PLAIN or (kind is float and item - item == 0.0):  # finite
                continue
            out[index] = _plain(item, depth)
    except NotPlainError as error:
        error.path.insert(0, index)
        raise
    return out


def _converted(value: Any, depth: int) -> Any:
    """Make plain data of what is not: enums, sets, paths, dates, classes with fields."""
    if isinstance(value, enum.Enum):
        return _plain(value.value, depth)
    if isinstance(value, (str, int, float, bytes)):  # a subclass: keep the data, drop the class
        base = next(base for base in _EXACT if isinstance(value, base))
        return _plain(_EXACT[base](value), depth)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, _AS_TEXT):
        return msgspec.to_builtins(value)
    if isinstance(value, os.PathLike):
        return _plain(os.fspath(value), depth)
    return _collected(value, depth + 1)


def _collected(value: Any, depth: int) -> dict[str, Any] | list[Any]:
    """Make a dict or list of a collection or of an instance with fields."""
    if isinstance(value, (set, frozenset)):
        return sorted(_list(value, depth), key=canonical)  # one order, whatever the hash seed
    held = value if isinstance(value, (Mapping, list, tuple)) else _fields(value)
    if held is None:
        kind = type(value)
        name = kind.__qualname__ if kind.__module__ == "builtins" else _class_name(kind)
        article = "an" if name[0] in "aeiouAEIOU" else "a"
        raise NotPlainError(f"is {article} {name}, which a step's value cannot be")
    return _dict(held, depth) if isinstance(held, Mapping) else _list(held, depth)


def _class_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _fields(value: Any) -> dict[str, Any] | list[Any] | None:
    """Return the fields of an instance by their public names, or None when it has none."""
    if isinstance(value, msgspec.Struct):
        kind = type(value)
        held = [getattr(value, name) for name in kind.__struct_fields__]
        if kind.__struct_config__.array_like:
            return held
        out = dict(zip(kind.__struct_encode_fields__, held, strict=True))
        tag_field = kind.__struct_config__.tag_field
        if tag_field:
            out = {tag_field: kind.__struct_config__.tag, **out}
        return {name: item for name, item in out.items() if item is not msgspec.UNSET}
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):  # pydantic, without importing it
        dumped: dict[str, Any] = value.model_dump(by_alias=True)
        return dumped
    return None


def _number(value: float) -> float:
    if isinstance(value, float):
        if isfinite(value):
            return value
        raise NotPlainError(f"is {value}, and only finite numbers can be kept")
    if _LOWEST <= value <= _HIGHEST:
        return value
    raise NotPlainError("is an integer beyond 64 bits")


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotPlainError("is text with a lone surrogate, which no encoding can keep") from None
    return value


def _key(key: Any) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if not isinstance(key, str):
        raise NotPlainError(f"has the key {_short(key)}, and keys must be text")
    return _text(str.__str__(key))


_EXACT: Final[dict[type, Callable[[Any], Any]]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    bytes: bytes.__bytes__,
}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004  (width of a message)


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{_short(step)}]"


def copy_value(value: Any) -> Any:
    """Return a deep copy of plain data; what is immutable or foreign is returned as it is.

    A list that lives in the store, as the items of a map do, becomes one in memory.
    """
    kind = type(value)
    if kind is dict:
        out = value.copy()
        for key, item in value.items():
            if type(item) not in _IMMUTABLE:
                out[key] = copy_value(item)
        return out
    if kind is list:
        if _IMMUTABLE.issuperset(map(type, value)):
            return value.copy()
        return [copy_value(item) for item in value]
    if kind not in _IMMUTABLE and isinstance(value, Sequence):
        return [copy_value(item) for item in value]
    return value


def canonical(value: Any) -> bytes:
    """Encode plain data so that equal bytes mean equal values of equal types.

    Keys are sorted; `1`, `1.0`, `True`, `"1"` and `b"1"` all differ. Meant for digests.

    Raises:
        TypeError: It is not plain data.
    """
    return _ENCODER.encode(value)


def digest(value: Any) -> str:
    """Return the SHA-256 of `canonical(value)` in hexadecimal."""
    from hashlib import sha256  # slow to load: a check of a file asks for no digest

    return sha256(_ENCODER.encode(value)).hexdigest()
