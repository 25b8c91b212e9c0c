"""Operations on values of any type: what the code generator calls where types are not plain.

Every size is computed before the value is made. Texts and lists pay from the budget.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import limits
from .budget import SCALARS, bounded, items_of, key_of, spend, text_of, weigh, word
from .error import ExpressionError
from .percent import percent
from .secret import Secret
from .stored import Stored

_NUMBERS: Final = frozenset({int, float, bool})
_LISTS: Final = frozenset({list, tuple})
_SETS: Final = frozenset({set, frozenset})
_TEXTS: Final = frozenset({str, bytes})
_VERBS: Final = {
    "+": "add {} and {}",
    "-": "subtract {1} from {0}",
    "*": "multiply {} by {}",
    "/": "divide {} by {}",
    "//": "divide {} by {}",
    "%": "take the remainder of {} by {}",
    "**": "raise {} to the power of {}",
}


def unfit(operator: str, left: Any, right: Any) -> ExpressionError:
    """Return the fault of two operands that do not go together."""
    for each in (left, right):
        if isinstance(each, Secret):
            message = f"the secret '{each.name}' can only be passed on or written into a text"
            return ExpressionError("secret", message)
    phrase = _VERBS.get(operator, f"use '{operator}' on {{}} and {{}}")
    return ExpressionError("type", f"cannot {phrase.format(word(left), word(right))}")


def add(left: Any, right: Any, budget: list[int]) -> Any:
    """`left + right`."""
    kind = type(left)
    if kind is str and type(right) is str:
        text_of(budget, len(left) + len(right))
        return left + right
    if kind in _NUMBERS and type(right) in _NUMBERS:
        total = left + right
        return bounded(total) if type(total) is int else total
    if kind is type(right):
        if kind is bytes:
            text_of(budget, len(left) + len(right))
            return left + right
        if kind in _LISTS:
            items_of(budget, len(left) + len(right))
            return left + right
    if isinstance(left, (str, Secret)) and isinstance(right, (str, Secret)):
        return Secret.join((left, right))
    if isinstance(left, (list, Stored)) and isinstance(right, (list, Stored)):
        items_of(budget, len(left) + len(right))
        return [*left, *right]
    raise unfit("+", left, right)


def subtract(left: Any, right: Any, budget: list[int]) -> Any:
    """`left - right`."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        rest = left - right
        return bounded(rest) if type(rest) is int else rest
    if type(left) in _SETS and type(right) in _SETS:
        spend(budget, len(left) + len(right))
        return left - right
    raise unfit("-", left, right)


def multiply(left: Any, right: Any, budget: list[int]) -> Any:
    """`left * right`."""
    first, second = type(left), type(right)
    if first in _NUMBERS and second in _NUMBERS:
        product = left * right
        return bounded(product) if type(product) is int else product
    if second not in _NUMBERS:
        left, right, first, second = right, left, second, first
    if second is int or second is bool:
        if first in _TEXTS:
            text_of(budget, len(left) * max(right, 0))
            return left * right
        if first in _LISTS:
            items_of(budget, len(left) * max(right, 0))
            return left * right
    raise unfit("*", left, right)


def divide(left: Any, right: Any) -> Any:
    """`left / right`."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return left / right
    raise unfit("/", left, right)


def floor_divide(left: Any, right: Any) -> Any:
    """`left // right`."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return left // right
    raise unfit("//", left, right)


def remainder(left: Any, right: Any, budget: list[int]) -> Any:
    """`left % right`; a text on the left is a format with bounded fields."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return left % right
    if type(left) is str:
        return percent(left, right, budget)
    raise unfit("%", left, right)


def power(left: Any, right: Any, budget: list[int]) -> Any:
    """`left ** right`; the number of bits is known before it is computed."""
    if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
        raise unfit("**", left, right)
    if isinstance(left, int) and isinstance(right, int):
        if right >= 0 and not -2 < left < 2:  # noqa: PLR2004 - 0, 1 and -1 stay small
            if right > limits.BITS or (left.bit_length() - 1) * right > limits.BITS:
                message = f"an integer may have {limits.BITS} bits, this one would have more"
                raise ExpressionError("limit", message)
            spend(budget, right >> 6)
            return bounded(left**right)
        if right >= 0 or left.bit_length() <= 1024:  # noqa: PLR2004 - what a float can hold
            return left**right
    if left < 0 and right != int(right):
        raise ExpressionError("value", "the root of a negative number is no real number")
    return left**right


def negative(value: Any) -> Any:
    """`-value`."""
    if type(value) in _NUMBERS:
        return -value
    raise _unfit_one("-", value)


def positive(value: Any) -> Any:
    """`+value`."""
    if type(value) in _NUMBERS:
        return +value
    raise _unfit_one("+", value)


def invert(value: Any) -> Any:
    """`~value`."""
    if type(value) is int or type(value) is bool:
        return -1 - value
    raise _unfit_one("~", value)


def _unfit_one(operator: str, value: Any) -> ExpressionError:
    fault = unfit(operator, value, value)
    return ExpressionError(fault.kind, f"cannot use '{operator}' on {word(value)}")


def bits(operator: str, left: Any, right: Any, budget: list[int]) -> Any:
    """`& | ^` on integers and sets, `|` on objects."""
    if isinstance(left, int) and isinstance(right, int):
        return (
            left & right if operator == "&" else left | right if operator == "|" else left ^ right
        )
    if type(left) in _SETS and type(right) in _SETS:
        spend(budget, len(left) + len(right))
        return (
            left & right if operator == "&" else left | right if operator == "|" else left ^ right
        )
    if operator == "|" and isinstance(left, dict) and isinstance(right, dict):
        items_of(budget, len(left) + len(right))
        return {**left, **right}
    raise unfit(operator, left, right)


def shift_left(left: Any, right: Any) -> Any:
    """`left << right`."""
    if not isinstance(left, int) or not isinstance(right, int):
        raise unfit("<<", left, right)
    if right < 0:
        raise ExpressionError("value", "a shift cannot be negative")
    if left and right > limits.BITS:
        raise ExpressionError("limit", f"an integer may have {limits.BITS} bits")
    return bounded(left << right) if left else left << min(right, 1)


def shift_right(left: Any, right: Any) -> Any:
    """`left >> right`."""
    if not isinstance(left, int) or not isinstance(right, int):
        raise unfit(">>", left, right)
    if right < 0:
        raise ExpressionError("value", "a shift cannot be negative")
    return left >> min(right, limits.BITS * 64)


def equal(left: Any, right: Any, budget: list[int]) -> bool:
    """`left == right`."""
    if type(left) in SCALARS or type(right) in SCALARS:
        return bool(left == right)
    if type(left) is str and type(right) is str:
        if len(left) == len(right):
            spend(budget, len(left) >> 6)
        return left == right
    if isinstance(left, Secret) or isinstance(right, Secret):
        raise unfit("==", left, right)
    spend(budget, min(weigh(left, budget), weigh(right, budget)))
    if isinstance(left, Stored) or isinstance(right, Stored):
        left = list(left) if isinstance(left, Stored) else left
        right = list(right) if isinstance(right, Stored) else right
    return bool(left == right)


def unequal(left: Any, right: Any, budget: list[int]) -> bool:
    """`left != right`."""
    return not equal(left, right, budget)


def _ordered(left: Any, right: Any, budget: list[int]) -> None:
    if type(left) not in SCALARS or type(right) not in SCALARS:
        spend(budget, min(weigh(left, budget), weigh(right, budget)))


def less(left: Any, right: Any, budget: list[int]) -> bool:
    """`left < right`."""
    _ordered(left, right, budget)
    return bool(left < right)


def less_or_equal(left: Any, right: Any, budget: list[int]) -> bool:
    """`left <= right`."""
    _ordered(left, right, budget)
    return bool(left <= right)


def greater(left: Any, right: Any, budget: list[int]) -> bool:
    """`left > right`."""
    _ordered(left, right, budget)
    return bool(left > right)


def greater_or_equal(left: Any, right: Any, budget: list[int]) -> bool:
    """`left >= right`."""
    _ordered(left, right, budget)
    return bool(left >= right)


def same(left: Any, right: Any, budget: list[int]) -> bool:
    """`left is right`: of one type, and one thing or equal plain values."""
    if isinstance(left, Secret) or isinstance(right, Secret):
        return left is right
    if left is right:
        return True
    return type(left) is type(right) and type(left) in SCALARS and equal(left, right, budget)


def contains(item: Any, items: Any, budget: list[int]) -> bool:
    """`item in items`."""
    kind = type(items)
    if isinstance(item, Secret) or isinstance(items, Secret):
        raise unfit("in", item, items)
    if kind is dict or kind in _SETS:
        return key_of(item, budget) in items
    if kind is str:
        if type(item) is not str:
            raise ExpressionError("type", f"cannot look for {word(item)} in a text")
        spend(budget, search_cost(len(items), len(item)))
        return item in items
    if kind is range:
        if type(item) is int or type(item) is bool:
            return item in items
        return type(item) is float and item.is_integer() and int(item) in items
    if kind is bytes:
        spend(budget, search_cost(len(items), len(item) if isinstance(item, bytes) else 1))
        return item in items
    if kind in _LISTS:
        spend(budget, len(items) if type(item) in SCALARS else weigh(items, budget))
        return item in items
    if isinstance(items, Stored):
        spend(budget, len(items))
        return any(equal(item, each, budget) for each in items)
    raise ExpressionError("type", f"cannot look for something in {word(items)}")


def search_cost(length: int, needle: int) -> int:
    """Return what a search costs at worst; not every search of the host is linear."""
    return (
        1 + (length >> 6) + (length * min(needle, length - needle) >> 10 if needle < length else 0)
    )


def compared(first: Callable[[], Any], *steps: Callable[..., Any]) -> bool:
    """Compare in a row until one comparison is false: operand, comparison, operand, ..."""
    left, answer = first(), True
    for place in range(0, len(steps), 2):
        right = steps[place]()
        answer = steps[place + 1](left, right)
        if not answer:
            break
        left = right
    return answer


def chain(budget: list[int], value: Any, *steps: Any) -> Any:
    """Fold a long flat chain of operations: (operation, operand), ..."""
    for place in range(0, len(steps), 2):
        value = steps[place](value, steps[place + 1], budget)
    return value
