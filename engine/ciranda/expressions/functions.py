"""The built-in functions, over plain data and under the budget."""

from __future__ import annotations

import json as _json
from collections.abc import Callable
from typing import Any, Final

from . import limits
from .access import copied, each, length, listed
from .budget import bounded, items_of, key_of, spend, weigh, word
from .error import ExpressionError
from .secret import Secret
from .text import json_text, written

_NUMBERS: Final = frozenset({int, float, bool})
_DIGITS: Final = 400


def len_(budget: list[int], value: Any) -> int:
    """Length of a text, list, object, set or range."""
    return length(value)


def sum_(budget: list[int], items: Any, start: Any = 0) -> Any:
    """Sum of numbers; lists are joined when `start` is one."""
    values = listed(items, budget)
    if type(start) in {list, tuple}:
        total = list(start)
        for value in values:
            if type(value) is not type(start):
                raise ExpressionError("type", f"cannot add a list and {word(value)}")
            items_of(budget, len(value))
            total += value
        return total if type(start) is list else tuple(total)
    for value in (start, *values):
        if type(value) not in _NUMBERS:
            _plain(value)
            raise ExpressionError("type", f"'sum' adds numbers, not {word(value)}")
    total = sum(values, start)
    return bounded(total) if type(total) is int else total


def _extreme(
    budget: list[int],
    name: str,
    pick: Callable[[list[Any]], Any],
    values: tuple[Any, ...],
    default: Any,
) -> Any:
    items = values[0] if len(values) == 1 else list(values)
    items = listed(items, budget)
    if not items:
        if default is not _NOTHING:
            return default
        raise ExpressionError("value", f"'{name}' of nothing")
    spend(budget, weigh(items, budget))
    return pick(items)


_NOTHING: Final = object()


def min_(budget: list[int], *values: Any, default: Any = _NOTHING) -> Any:
    """Smallest of several values or of one list."""
    return _extreme(budget, "min", min, values, default)


def max_(budget: list[int], *values: Any, default: Any = _NOTHING) -> Any:
    """Largest of several values or of one list."""
    return _extreme(budget, "max", max, values, default)


def abs_(budget: list[int], value: Any) -> Any:
    """Size of a number without its sign."""
    return abs(_number("abs", value))


def round_(budget: list[int], number: Any, ndigits: Any = None) -> Any:
    """Number rounded to digits, half to even."""
    _number("round", number)
    if ndigits is None:
        return round(number)
    if not isinstance(ndigits, int):
        raise ExpressionError("type", f"'round' takes a number of digits, not {word(ndigits)}")
    digits = max(-_DIGITS * 4, min(_DIGITS, ndigits))
    return round(number, digits)


def _number(name: str, value: Any) -> Any:
    if type(value) not in _NUMBERS:
        _plain(value)
        raise ExpressionError("type", f"'{name}' takes a number, not {word(value)}")
    return value


def _plain(value: Any) -> None:
    if isinstance(value, Secret):
        message = f"the secret '{value.name}' can only be passed on or written into a text"
        raise ExpressionError("secret", message)


def sorted_(budget: list[int], items: Any, *, reverse: Any = False) -> list[Any]:
    """New list in order."""
    values = listed(items, budget)
    spend(budget, weigh(values, budget))
    return sorted(values, reverse=bool(reverse))


def reversed_(budget: list[int], items: Any) -> Any:
    """New list from the last item to the first; a range stays one."""
    if type(items) is range:
        return items[::-1]
    if isinstance(items, (set, frozenset)):
        raise ExpressionError("type", "a set has no order")
    return copied(items, budget)[::-1]


def range_(budget: list[int], start: Any, stop: Any = _NOTHING, step: Any = 1) -> range:
    """Integers from `start` up to `stop`, which is not among them."""
    if stop is _NOTHING:
        start, stop = 0, start
    for bound in (start, stop, step):
        if type(bound) is not int and type(bound) is not bool:
            _plain(bound)
            raise ExpressionError("type", f"'range' takes integers, not {word(bound)}")
    if step == 0:
        raise ExpressionError("value", "the step of a range cannot be 0")
    return range(start, stop, step)


def str_(budget: list[int], value: Any = "") -> str:
    """Value as text."""
    _plain(value)
    return written(value, budget)


def int_(budget: list[int], value: Any = 0, base: Any = None) -> int:
    """Number or text as an integer."""
    if type(value) is str:
        if len(value) > limits.BITS // 3:
            raise ExpressionError("limit", f"an integer may have {limits.BITS} bits")
        if base is not None and type(base) is not int:
            raise ExpressionError("type", f"'int' takes an integer as base, not {word(base)}")
        try:
            return bounded(int(value) if base is None else int(value, base))
        except ValueError:
            raise ExpressionError("value", "'int' of a text that is no integer") from None
    if type(value) is float and value - value != 0.0:  # NaN and infinity
        raise ExpressionError("value", "'int' of a number that is not finite")
    return bounded(int(_number("int", value)))


def float_(budget: list[int], value: Any = 0.0) -> float:
    """Number or text as a float."""
    if type(value) is str:
        try:
            return float(value[: limits.BITS])
        except ValueError:
            raise ExpressionError("value", "'float' of a text that is no number") from None
    return float(_number("float", value))


def bool_(budget: list[int], value: Any = False) -> bool:
    """Whether a value is not empty, zero, false or null."""
    return bool(value)


def list_(budget: list[int], items: Any = ()) -> list[Any]:
    """Items as a new list."""
    return copied(items, budget)


def tuple_(budget: list[int], items: Any = ()) -> tuple[Any, ...]:
    """Items as a tuple."""
    return tuple(copied(items, budget))


def dict_(budget: list[int], items: Any = (), **named: Any) -> dict[Any, Any]:
    """Copy of an object, or one made of pairs and of named values."""
    if isinstance(items, dict):
        items_of(budget, len(items))
        return {**items, **named}
    made: dict[Any, Any] = {}
    for pair in each(items, budget):
        if type(pair) not in {list, tuple} or len(pair) != 2:  # noqa: PLR2004 - a key and a value
            raise ExpressionError("type", "'dict' takes pairs of a key and a value")
        made[key_of(pair[0], budget)] = pair[1]
    return {**made, **named}


def set_(budget: list[int], items: Any = ()) -> set[Any]:
    """Different items."""
    return {key_of(item, budget) for item in each(items, budget)}


def zip_(budget: list[int], *lists: Any) -> list[tuple[Any, ...]]:
    """List of tuples, as long as the shortest list."""
    count = min((length(items) for items in lists), default=0)
    spend(budget, min(count, limits.ITERATIONS + 1) * max(len(lists), 1))
    return list(zip(*lists))


def enumerate_(budget: list[int], items: Any, start: Any = 0) -> list[tuple[int, Any]]:
    """List of pairs of a number and an item."""
    if type(start) is not int:
        raise ExpressionError("type", f"'enumerate' counts from an integer, not {word(start)}")
    return list(enumerate(each(items, budget), start))


def any_(budget: list[int], items: Any) -> bool:
    """Whether an item is true."""
    return any(items if type(items) is _GENERATOR else each(items, budget))


def all_(budget: list[int], items: Any) -> bool:
    """Whether every item is true."""
    return all(items if type(items) is _GENERATOR else each(items, budget))


_GENERATOR: Final = type(_ for _ in "")  # made by a comprehension handed to any() or all()


def json_(budget: list[int], value: Any) -> str:
    """Value as JSON text."""
    return json_text(value, budget)


def hash_(budget: list[int], *values: Any) -> str:
    """SHA-256 of the values as canonical JSON, in hexadecimal."""
    import hashlib  # only where it is used

    for value in values:
        json_text(value, budget)
    canonical = _json.dumps(values, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.sha256(canonical.encode()).hexdigest()
