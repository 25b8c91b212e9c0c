"""Values to text: f-strings, `str()`, and values written into the text of a template."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from . import limits
from .budget import SCALARS, spend, text_of, weigh, word
from .error import ExpressionError
from .secret import Secret
from .stored import Stored

_SPEC: Final = re.compile(
    r"(?:.?[<>=^])?[+\- ]?#?0?(?P<width>\d*)[,_]?(?:\.(?P<digits>\d+))?[bcdeEfFgGosxX%]?",
    re.DOTALL,
)


def check_spec(spec: str) -> str:
    """Return what is wrong with a format spec, or nothing."""
    match = _SPEC.fullmatch(spec)
    if match is None:
        return "this is no format; write [fill][<>^=][sign][width][,][.digits][type]"
    if int((match["width"] or "0")[:9]) > limits.WIDTH:
        return f"a field may be {limits.WIDTH} characters wide"
    if int((match["digits"] or "0")[:9]) > limits.PRECISION:
        return f"a field may have {limits.PRECISION} digits"
    return ""


def formatted(value: Any, spec: str, conversion: str, budget: list[int]) -> str | Secret:
    """Return one field of an f-string; the spec has been checked."""
    if isinstance(value, Secret):
        if spec or conversion:
            message = f"the secret '{value.name}' cannot be formatted"
            raise ExpressionError("secret", message)
        return value
    if conversion:
        if type(value) is str and conversion == "r":
            text_of(budget, 10 * len(value))
            value = repr(value)
        else:
            value = written(value, budget)
    if not spec:
        return written(value, budget)
    if type(value) is str or (type(value) in SCALARS and value is not None):
        try:
            return format(value, spec)
        except ValueError:
            raise ExpressionError("value", f"the format does not fit {word(value)}") from None
    raise ExpressionError("type", f"a format takes texts and numbers, not {word(value)}")


def joined(budget: list[int], *parts: Any) -> str | Secret:
    """Return the parts of an f-string as one text."""
    try:
        text_of(budget, sum(map(len, parts)))
        return "".join(parts)
    except ExpressionError as fault:
        if fault.kind != "secret":
            raise
    return Secret.join(parts)


def written(value: Any, budget: list[int]) -> str:
    """Return a value as text, the way `str` does it."""
    if type(value) is str:
        return value
    if type(value) in SCALARS:
        return str(value)
    if isinstance(value, Stored):
        value = list(value)
    spend(budget, 4 * weigh(value, budget))
    if _holds_secret(value):
        raise ExpressionError("secret", "a secret within a list or object cannot be written")
    text = str(value)
    text_of(budget, len(text))
    return text


def _holds_secret(value: Any) -> bool:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Secret):
            return True
        if type(each) in {list, tuple, set, frozenset}:
            waiting.extend(each)
        elif type(each) is dict:
            waiting.extend(each.values())
    return False


def json_text(value: Any, budget: list[int]) -> str:
    """Return a value as JSON.

    Raises:
        ExpressionError: For what JSON has no word for: bytes, sets, keys that are no text, NaN.
    """
    if isinstance(value, Secret):
        message = f"the secret '{value.name}' can only be passed on or written into a text"
        raise ExpressionError("secret", message)
    spend(budget, 4 * weigh(value, budget))
    _refuse_keys(value)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_listed)
    except ValueError:
        raise ExpressionError("value", "JSON has no word for NaN and infinity") from None
    text_of(budget, len(text))
    return text


def _refuse_keys(value: Any) -> None:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if type(each) is dict:
            if not all(type(key) is str for key in each):
                raise ExpressionError("type", "the keys of a JSON object are texts")
            waiting.extend(each.values())
        elif type(each) is list or type(each) is tuple:
            waiting.extend(each)


def _listed(value: Any) -> Any:
    if isinstance(value, (range, Stored)):
        if len(value) > limits.ITERATIONS:
            raise ExpressionError("limit", f"a list may have {limits.ITERATIONS} items here")
        return list(value)
    if isinstance(value, Secret):
        raise ExpressionError("secret", "a secret within a list or object cannot be written")
    raise ExpressionError("type", f"JSON has no word for {word(value)}")


def inserted(value: Any, budget: list[int]) -> str | Secret:
    """Return a value as it stands within the text of a template."""
    if isinstance(value, (str, Secret)):
        return value
    if value is None:
        message = "null cannot be written into a text; give a default: '... ?? \"\"'"
        raise ExpressionError("value", message)
    return json_text(value, budget)
