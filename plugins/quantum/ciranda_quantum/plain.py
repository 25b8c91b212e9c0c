"""Values of a run as plain data, and as JSON."""

from __future__ import annotations

import json
import math
import operator
from datetime import date
from typing import Any, Final

from ciranda.expressions import Secret

from .limits import DEPTH, ITEMS

__all__ = ["as_data", "as_json"]

_PLAIN: Final = frozenset([str, int, float, bool, type(None)])


def as_data(value: Any) -> Any:
    """Return a value with lists for ranges, tuples and sets, however deep; all else is as it was.

    What would grow beyond a million items by that stays a range.
    """
    return _data(value, {}, [ITEMS], 0)


def _data(value: Any, known: dict[int, Any], left: list[int], depth: int) -> Any:
    kind = type(value)
    if kind in _PLAIN or depth > DEPTH:
        return value
    if kind is range:
        left[0] -= len(value)
        return list(value) if left[0] >= 0 else value
    if kind is set or kind is frozenset:
        value = sorted(value, key=_order)
    elif kind is not dict and kind is not list and kind is not tuple:
        return value
    items = value.values() if kind is dict else value
    if set(map(type, items)) <= _PLAIN:
        return list(value) if kind is tuple else value
    if id(value) in known:
        return known[id(value)]
    known[id(value)] = value  # within itself, when a host made it so
    made: Any = [_data(each, known, left, depth + 1) for each in items]
    if all(map(operator.is_, made, items)) and kind is not tuple:
        return value
    known[id(value)] = made if kind is not dict else dict(zip(value, made))
    return known[id(value)]


def _order(item: Any) -> tuple[bool, Any]:
    """Return what items of a set are sorted by: numbers first, all else by how it is written."""
    number = isinstance(item, (int, float))
    return not number, item if number else repr(item)


def as_json(value: Any) -> str:
    """Return a value as JSON text; what JSON does not have becomes text, a secret `***`.

    Numbers that are no numbers become null, sets become sorted lists.
    """
    return json.dumps(_plain(as_data(value)), ensure_ascii=False, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a character has no UTF-8
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Secret):
        return "***"
    return str(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(_plain(key))
    return json.dumps(_plain(key), ensure_ascii=False)
