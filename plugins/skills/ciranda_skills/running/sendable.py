"""What of a call cannot be sent to a process: named as its caller wrote it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .error import ParameterError

__all__ = ["check_finite", "refusal"]

_LEAST: Final = -(1 << 63)
_MOST: Final = (1 << 64) - 1
_SHOWN: Final = 80  # characters of a text, the last ones: those of a path tell it


def check_finite(params: Mapping[str, Any], script: str) -> None:
    """Refuse numbers that JSON does not have, such as what becomes of `1e400`.

    Args:
        params: By name.
        script: What the error calls it.

    Raises:
        ParameterError: One of them, or of what is in them, is infinite or no number.
        RecursionError: They are nested too deeply.
    """
    wrong = ""
    for name, value in params.items():
        if isinstance(value, float | dict | list):
            wrong = next(filter(None, (_infinite(*leaf) for leaf in _leaves(name, value))), "")
        if wrong:
            raise ParameterError(f"`{script}` cannot take these parameters: {wrong}")


def refusal(given: Mapping[str, Any], script: str, error: Exception) -> ParameterError:
    """Return why what a script is given cannot be sent, naming the first thing that cannot.

    Args:
        given: By what people call it; parameters by their names.
        script: What the error calls it.
        error: What the encoder said, where nothing better is found.
    """
    why = str(error)
    try:
        why = next(filter(None, (_fault(*leaf) for leaf in _leaves("", given))), why)
    except RecursionError:
        why = "it is nested too deeply"
    return ParameterError(f"what `{script}` is given cannot be sent: {why}")


def _infinite(where: str, value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"{where}: {value} is no number that JSON has: those end at 1.8e308"
    return ""


def _fault(where: str, value: Any) -> str:
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return f"{where}: an integer of {value.bit_length()} bits is too large: 64 are sent at most"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            shown = ascii(value[-_SHOWN:])[1:-1]
            return f"{where}: `{shown}` is not UTF-8: rename it, or write it as UTF-8"
    return ""


def _leaves(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is in a value with the way to it, `rows.0.price` for instance."""
    pairs: Iterator[tuple[Any, Any]]
    if isinstance(value, Mapping):
        pairs = iter(value.items())
    elif isinstance(value, list | tuple):
        pairs = enumerate(value)
    else:
        yield where, value
        return
    for key, each in pairs:
        name = ascii(key)[1:-1] if isinstance(key, str) else str(key)
        yield from _leaves(f"{where}.{name}" if where else name, each)
        if isinstance(key, str):
            yield f"a name in {where}" if where else "a name", key
