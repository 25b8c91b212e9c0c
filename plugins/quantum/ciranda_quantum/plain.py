"""Values of a run as JSON."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

from ciranda.expressions import Secret

__all__ = ["as_json"]


def as_json(value: Any) -> str:
    """Return a value as JSON text; what JSON does not have becomes text, a secret `***`.

    Numbers that are no numbers become null, sets become sorted lists.
    """
    return json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a character has no UTF-8
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(each) for each in value), key=repr)
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
