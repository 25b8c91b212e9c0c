"""The work that is left to one evaluation: a list of one number, counted down."""

from __future__ import annotations

from typing import Any, Final

from . import limits
from .error import ExpressionError
from .secret import Secret
from .stored import Stored

SCALARS: Final = frozenset({bool, int, float, type(None)})
_NESTED: Final = frozenset({list, tuple, set, frozenset})
_COLLIDING: Final = (1 << 61) - 1  # integers hash modulo this: larger ones can be made to collide
_WORDS: Final = {
    bool: "a boolean", int: "a number", float: "a number", str: "a text", bytes: "bytes",
    list: "a list", tuple: "a list", dict: "an object", set: "a set", frozenset: "a set",
    range: "a range", type(None): "null",
}  # fmt: skip


def word(value: object) -> str:
    """Name the type of a value for a person."""
    if isinstance(value, Stored):
        return "a list"
    return _WORDS.get(type(value)) or ("a secret" if isinstance(value, Secret) else "a value")


def spend(budget: list[int], amount: int) -> None:
    """Take work from the budget.

    Raises:
        ExpressionError: When nothing is left.
    """
    budget[0] -= amount
    if budget[0] < 0:
        message = f"the evaluation takes more than {limits.ITERATIONS} turns"
        raise ExpressionError("limit", message)


def text_of(budget: list[int], length: int) -> None:
    """Pay for a text before it is made.

    Raises:
        ExpressionError: When it would be too long, or nothing is left.
    """
    if length > limits.TEXT:
        message = f"a text may have {limits.TEXT} characters, this one would have more"
        raise ExpressionError("limit", message)
    if length > 63:  # noqa: PLR2004 - short ones cost no more than the step itself
        spend(budget, length >> 5)


def items_of(budget: list[int], length: int) -> None:
    """Pay for a list before it is made."""
    if length > limits.ITERATIONS:
        message = f"a list may have {limits.ITERATIONS} items here, this one would have more"
        raise ExpressionError("limit", message)
    spend(budget, length)


def bounded(value: int) -> int:
    """Return an integer that is not too long."""
    if limits.LEAST < value < limits.MOST:
        return value
    message = f"an integer may have {limits.BITS} bits, this one has more"
    raise ExpressionError("limit", message)


def key_of(key: Any, budget: list[int]) -> Any:
    """Return a key for a dict or set, after paying for integers that can collide."""
    kind = type(key)
    if kind is str:
        return key
    if kind is int or kind is float:
        if not -_COLLIDING < key < _COLLIDING:
            spend(budget, 1000)
    elif kind is tuple or kind is frozenset:
        spend(budget, 20 + weigh(key, budget))
    elif isinstance(key, Secret):
        hash(key)
    return key


def weigh(value: Any, budget: list[int]) -> int:
    """Return how many values a comparison of this one may look at, at most what is left."""
    kind = type(value)
    if kind in SCALARS:
        return 1
    if kind is str or kind is bytes:
        return 1 + (len(value) >> 6)
    total, left, waiting = 0, budget[0], [value]
    while waiting and total <= left:
        each = waiting.pop()
        kind = type(each)
        if kind in _NESTED:
            total += len(each)
            items = each
        elif kind is dict:
            total += 2 * len(each)
            items = each.values()
        elif isinstance(each, Stored):
            total += len(each)
            continue
        else:
            continue
        if total > left:
            break
        for item in items:
            inner = type(item)
            if inner is str or inner is bytes:
                total += len(item) >> 6
            elif inner in _NESTED or inner is dict:
                waiting.append(item)
    return total + 1


def checked_result(value: Any) -> Any:
    """Return a result that is not too large once it is written out.

    Raises:
        ExpressionError: When it holds more values than allowed, repeated ones counted each time.
    """
    sizes: dict[int, int] = {}
    waiting: list[Any] = [value]
    while waiting:
        each = waiting[-1]
        inside = list(each.values()) if type(each) is dict else each
        children = [item for item in inside if type(item) in _NESTED or type(item) is dict]
        missing = [child for child in children if id(child) not in sizes]
        if missing:
            waiting += missing
            if len(waiting) > limits.RESULT:
                break
            continue
        waiting.pop()
        sizes[id(each)] = len(inside) + sum(sizes[id(child)] for child in children)
        if sizes[id(each)] > limits.RESULT:
            break
    else:
        return value
    message = f"the result holds more than {limits.RESULT} values"
    raise ExpressionError("limit", message)


def is_container(value: Any) -> bool:
    """Say whether a value holds others and is held in memory."""
    return type(value) in _NESTED or type(value) is dict
