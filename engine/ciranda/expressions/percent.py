"""`'%5.2f' % x`: the old way to format, with every field bounded before it is made."""

from __future__ import annotations

import re
from typing import Any, Final

from . import limits
from .budget import text_of, word
from .error import ExpressionError
from .secret import Secret

_FIELD: Final = re.compile(
    r"%(\((?P<key>[^()]*)\))?[#0\- +]*(?P<width>\d*)(\.(?P<digits>\d*))?(?P<type>.?)", re.DOTALL
)
_TYPES: Final = frozenset("diouxXeEfFgGcsr%")


def percent(form: str, value: Any, budget: list[int]) -> str:
    """Return the text with its fields filled in.

    Raises:
        ExpressionError: For a field that is unknown, too wide, or filled with what is not plain.
    """
    length = len(form)
    values = value if isinstance(value, tuple) else (value,)
    for field in _FIELD.finditer(form):
        width, digits = field["width"] or "0", field["digits"] or "0"
        if field["type"] not in _TYPES:
            raise ExpressionError("value", "'%' in a format is followed by no known letter")
        if max(len(width), len(digits)) > 4 or int(width) > limits.WIDTH:  # noqa: PLR2004 - no need to read a longer number
            raise ExpressionError("limit", f"a field may be {limits.WIDTH} characters wide")
        if int(digits) > limits.PRECISION and field["type"] not in "sr":
            raise ExpressionError("limit", f"a field may have {limits.PRECISION} digits")
        if isinstance(value, dict) and field["type"] != "%":
            if field["key"] is None:
                raise ExpressionError(
                    "type", "a format filled by an object needs names: '%(name)s'"
                )
            length += _length(value.get(field["key"]))
        length += int(width) + int(digits) + 350 * (field["type"] in "fFdiuoxX")
    if not isinstance(value, dict):
        length += sum(_length(each) for each in values)
    text_of(budget, length)
    return str(form % value)


def _length(value: Any) -> int:
    if isinstance(value, Secret):
        message = f"the secret '{value.name}' can only be passed on or written into a text"
        raise ExpressionError("secret", message)
    if value is None or isinstance(value, (bool, int, float)):
        return limits.BITS // 3 if isinstance(value, int) else 25
    if isinstance(value, str):
        return 10 * len(value)  # %r may write one character as ten
    raise ExpressionError("type", f"a format takes texts and numbers, not {word(value)}")
