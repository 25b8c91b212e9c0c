"""YAML as a person would write it, which every reader of YAML 1.1 and 1.2 reads alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ciranda.errors import StepError

# Text that needs no quotes. Words that mean something else to some reader are left out below.
_SAFE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_MEANINGFUL: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_NEEDS_ESCAPE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufff0-\uffff]")
_LONGEST_KEY: Final = 1_000  # characters; YAML allows 1024 before the colon


def to_yaml(value: Any) -> str:
    """Return a YAML document that holds plain data.

    Raises:
        StepError: A key is longer than YAML allows, or text holds a NUL.
    """
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: Any, pad: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{pad}{_key(key)}:", item, f"{pad}  ")
    elif isinstance(value, list) and value:
        for item in value:
            yield from _entry(f"{pad}-", item, f"{pad}  ")
    else:
        yield f"{pad}{_scalar(value)}"


def _entry(start: str, item: Any, pad: str) -> Iterator[str]:
    if isinstance(item, (dict, list)) and item:
        yield start
        yield from _lines(item, pad)
    else:
        yield f"{start} {_scalar(item)}"


def _key(key: str) -> str:
    written = _scalar(key)
    if len(written) > _LONGEST_KEY:
        raise _unholdable(f"the key {written[:30]}..., which is too long")
    return written


def _unholdable(what: str) -> StepError:
    return StepError("invalid-input", f"yaml cannot hold {what}.", retryable=False)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        if _SAFE.fullmatch(value) and value.lower() not in _MEANINGFUL:
            return value
        if "\0" in value:
            raise _unholdable("text with a NUL character")
        quoted = json.dumps(value, ensure_ascii=False)
        return _NEEDS_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
    return json.dumps(value)
