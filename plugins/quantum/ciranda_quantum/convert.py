"""Values to declared types, and the validators; called by generated code."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

from ciranda.expressions.inline import bounded, spend, word

from .checks import fits
from .error import QuantumError
from .escape import text_of_value
from .literals import NOTHING, as_structure
from .pattern import PatternLimitError, compile_pattern

_NUMERAL: Final = re.compile(
    r"[+-]?(?:\d{1,1200}(?:\.\d{0,1200})?|\.\d{1,1200})(?:[eE][+-]?\d{1,4})?"
)
_INTEGRAL: Final = re.compile(r"[+-]?\d{1,1200}")
_SHORT: Final = 256  # characters whose reading costs nothing
_YES: Final = frozenset(["true", "1", "yes", "on"])
_NO: Final = frozenset(["false", "0", "no", "off", ""])


def _unfit(name: str, kind: str, value: Any) -> NoReturn:
    raise QuantumError("type", f"'{name}' is {_article(kind)}, not {word(value)}")


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aio" else f"a {kind}"


def number(value: Any, name: str, _: list[int] | None = None) -> Any:
    """Return an int or a float; a text that writes one counts."""
    kind = type(value)
    if kind is int or kind is float:
        return value
    if kind is bool:
        return int(value)
    if kind is str:
        text = value.strip()
        if _INTEGRAL.fullmatch(text):
            return bounded(int(text))
        if _NUMERAL.fullmatch(text):
            return float(text)
        raise QuantumError("type", f"'{name}' is a number, not this text")
    _unfit(name, "number", value)


def _integer(value: Any, name: str, budget: list[int]) -> Any:
    found = number(value, name)
    if type(found) is float:
        if not found.is_integer():
            raise QuantumError("type", f"'{name}' is a whole number; round it first")
        return bounded(int(found))
    return found


def _decimal(value: Any, name: str, budget: list[int]) -> float:
    return float(number(value, name))


def _boolean(value: Any, name: str, budget: list[int]) -> bool:
    if type(value) is str:
        text = value.strip().lower()[:8]
        if text in _YES:
            return True
        if text in _NO:
            return False
        raise QuantumError("type", f"'{name}' is true or false, not this text")
    if isinstance(value, (bool, int, float)):
        return bool(value)
    _unfit(name, "boolean", value)


def _string(value: Any, name: str, budget: list[int]) -> str:
    if type(value) is str:
        return value
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return text_of_value(value, budget)


def _structure(text: str, name: str, kind: str, budget: list[int]) -> Any:
    spend(budget, len(text) >> 3)
    value = as_structure(text)
    if value is NOTHING:
        raise QuantumError("type", f"'{name}' is {_article(kind)}; the text is not JSON for one")
    return value


def _array(value: Any, name: str, budget: list[int]) -> list[Any]:
    if type(value) is list:
        return value
    if type(value) is str:
        value = _structure(value, name, "array", budget)
        if type(value) is not list:
            _unfit(name, "array", value)
        return list(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, range):
        if len(value) > 1_000_000:  # noqa: PLR2004 - as many turns as a run has
            raise QuantumError("limit", f"'{name}' would be too long a list")
        return list(value)
    return [value]


def _object(value: Any, name: str, budget: list[int]) -> dict[Any, Any]:
    if type(value) is str:
        value = _structure(value, name, "object", budget)
    if isinstance(value, dict):
        return value
    _unfit(name, "object", value)


def _json(value: Any, name: str, budget: list[int]) -> Any:
    if type(value) is not str:
        return value
    text = value.strip()
    if text[:1] in {"[", "{"}:
        return _structure(text, name, "json", budget)
    import json

    spend(budget, len(text) >> 3)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise QuantumError("type", f"'{name}' is JSON; the text is not") from None


def _date(value: Any, name: str, budget: list[int]) -> str:
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if type(value) is str:
        try:
            return datetime.date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            raise QuantumError("type", f"'{name}' is a date, written 2026-01-31") from None
    _unfit(name, "date", value)


def _datetime(value: Any, name: str, budget: list[int]) -> str:
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if type(value) is str:
        text = value.strip()
        try:  # `Z` is read from Python 3.11 on only
            datetime.datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "zZ" else text)
        except ValueError:
            message = f"'{name}' is a time, written 2026-01-31T12:00:00"
            raise QuantumError("type", message) from None
        return text
    _unfit(name, "datetime", value)


_TO: Final[dict[str, Callable[[Any, str, list[int]], Any]]] = {
    "string": _string, "number": number, "integer": _integer, "decimal": _decimal,
    "boolean": _boolean, "array": _array, "object": _object, "json": _json, "date": _date,
    "datetime": _datetime, "email": _string, "url": _string,
}  # fmt: skip


def convert(value: Any, kind: str, name: str, budget: list[int]) -> Any:
    """Return a value as its declared type; null stays null.

    Raises:
        QuantumError: Of kind type.
        ExpressionError: Of kind limit.
    """
    if value is None or not kind or kind == "any":
        return value
    if type(value) is str and len(value) > _SHORT:
        spend(budget, len(value) >> 5)
    return _TO[kind](value, name, budget)


def check(value: Any, rules: tuple[tuple[Any, ...], ...], name: str, budget: list[int]) -> Any:
    """Return the value when every validator accepts it; null is not asked.

    Raises:
        QuantumError: Of kind validation, or limit when a pattern takes too long.
        ExpressionError: Of kind limit.
    """
    if value is None:
        return None
    text = text_of_value(value, budget)
    for rule in rules:
        message = _wrong(value, text, rule, budget)
        if message:
            raise QuantumError("validation", f"'{name}' {message}")
    return value


def _wrong(value: Any, text: str, rule: tuple[Any, ...], budget: list[int]) -> str:
    kind = rule[0]
    if kind == "validate":
        return "" if fits(rule[1], text) else f"is not a valid {rule[1]}"
    if kind == "pattern":
        try:
            pattern = compile_pattern(rule[1])
            spend(budget, pattern.cost(text))
            fitting = pattern.matches(text)
        except PatternLimitError:
            raise QuantumError("limit", "matching the pattern takes too long") from None
        return "" if fitting else "does not match its pattern"
    if kind == "enum":
        return "" if text in rule[1:] else f"is one of {', '.join(rule[1:])}"
    if kind == "range":
        low, high = rule[1:]
        return "" if _least(value, low) and _most(value, high) else f"is from {low} to {high}"
    if kind == "min":
        return "" if _least(value, rule[1]) else f"is {rule[1]} or more"
    if kind == "max":
        return "" if _most(value, rule[1]) else f"is {rule[1]} or less"
    length = len(value) if isinstance(value, (str, list, tuple, dict)) else len(text)
    if kind == "minlength":
        return "" if length >= rule[1] else f"has {rule[1]} characters or more"
    return "" if length <= rule[1] else f"has {rule[1]} characters or less"


def _least(value: Any, bound: Any) -> bool:
    pair = _comparable(value, bound)
    return pair is not None and bool(pair[0] >= pair[1])


def _most(value: Any, bound: Any) -> bool:
    pair = _comparable(value, bound)
    return pair is not None and bool(pair[0] <= pair[1])


def _comparable(value: Any, bound: Any) -> tuple[Any, Any] | None:
    if isinstance(bound, str):
        return (value, bound) if isinstance(value, str) else None
    if isinstance(value, str):
        text = value.strip()
        return (float(text), bound) if _NUMERAL.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value, bound
