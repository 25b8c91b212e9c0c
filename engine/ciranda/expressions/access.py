"""Reading within plain data: properties, items, slices, loops; never an attribute of the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import limits
from .budget import items_of, spend, word
from .error import ExpressionError, did_you_mean
from .secret import Secret
from .stored import Stored

_MISSING: Final = object()
_SIZED: Final = frozenset({str, bytes, list, tuple, set, frozenset, range})
_LISTS: Final = frozenset({list, tuple, str, bytes, range})
_ITERABLE: Final = frozenset({list, tuple, str, bytes, dict, set, frozenset, range})


def _secret(value: Secret) -> ExpressionError:
    message = f"the secret '{value.name}' can only be passed on or written into a text"
    return ExpressionError("secret", message)


def key(target: Any, name: str) -> Any:
    """`target.name` where `target` may be anything."""
    if isinstance(target, dict):
        found = dict.get(target, name, _MISSING)
        if found is not _MISSING:
            return found
        if name == "length":
            return len(target)
        message = f"there is no property '{name}'{did_you_mean(name, target)}"
        raise ExpressionError("undefined", message)
    if name == "length" and (type(target) in _SIZED or isinstance(target, Stored)):
        return length(target)
    if isinstance(target, Secret):
        raise _secret(target)
    from .methods import METHODS  # a fault only

    if type(target) in METHODS.get(name, ()):
        message = f"'{name}' of {word(target)} is a method; call it: '.{name}(...)'"
        raise ExpressionError("security", message)
    raise ExpressionError("undefined", f"{word(target)} has no property '{name}'")


def lenient(read: Callable[[], Any], name: str) -> Any:
    """`session.name`, where what is missing is the empty text."""
    target = read()
    if isinstance(target, dict):
        found = dict.get(target, name, _MISSING)
        return "" if found is _MISSING else found
    return key(target, name)


def length(value: Any) -> int:
    """`len(value)`, also of a range that no list could hold."""
    if type(value) is range:
        return _range_length(value)
    if type(value) in _ITERABLE or isinstance(value, (Stored, dict)):
        return len(value)
    if isinstance(value, Secret):
        raise _secret(value)
    raise ExpressionError("type", f"{word(value)} has no length")


def _range_length(value: range) -> int:
    step = value.step
    gap = value.stop - value.start if step > 0 else value.start - value.stop
    return max(0, -(-gap // abs(step)))


def item(target: Any, index: Any) -> Any:
    """`target[index]`."""
    if isinstance(target, dict):
        if isinstance(index, Secret):
            raise _secret(index)
        found = dict.get(target, index, _MISSING)
        if found is _MISSING:
            raise ExpressionError("undefined", "there is no such key")
        return found
    if type(target) in _LISTS or isinstance(target, Stored):
        if type(index) is int or type(index) is bool:
            if type(target) is range and not -(1 << 62) < index < 1 << 62:
                raise IndexError
            return target[index]
        if isinstance(index, Secret):
            raise _secret(index)
        raise ExpressionError("type", f"the index of {word(target)} is a number, not {word(index)}")
    if isinstance(target, Secret):
        raise _secret(target)
    raise ExpressionError("type", f"{word(target)} has no items")


def cut(target: Any, start: Any, stop: Any, step: Any, budget: list[int]) -> Any:
    """`target[start:stop:step]`."""
    if isinstance(target, Secret):
        raise _secret(target)
    if type(target) not in _LISTS and not isinstance(target, Stored):
        raise ExpressionError("type", f"{word(target)} cannot be sliced")
    for bound in (start, stop, step):
        if bound is not None and type(bound) is not int and type(bound) is not bool:
            raise ExpressionError("type", f"the bounds of a slice are numbers, not {word(bound)}")
    if step == 0:
        raise ExpressionError("value", "the step of a slice cannot be 0")
    if type(target) is range:
        return target[start:stop:step]
    taken = slice(start, stop, step).indices(len(target))
    spend(budget, len(range(*taken)) >> (5 if isinstance(target, (str, bytes)) else 0))
    if isinstance(target, Stored):
        return list(target[start:stop:step])
    return target[start:stop:step]


def each(items: Any, budget: list[int], weight: int = 1) -> Any:
    """Return what a loop runs over, after paying for every turn."""
    if type(items) not in _ITERABLE and not isinstance(items, (Stored, dict)):
        if isinstance(items, Secret):
            raise _secret(items)
        raise ExpressionError("type", f"cannot loop over {word(items)}")
    spend(budget, min(length(items), limits.ITERATIONS + 1) * weight)
    return items


def listed(items: Any, budget: list[int]) -> list[Any]:
    """Return the items as a list, after paying for them."""
    if type(items) is list:
        spend(budget, len(items))
        return items
    return list(each(items, budget))


def copied(items: Any, budget: list[int]) -> list[Any]:
    """Return the items as a new list."""
    taken = each(items, budget)
    items_of(budget, min(length(taken), limits.ITERATIONS + 1))
    return list(taken)


def first(*thunks: Callable[[], Any]) -> Any:
    """`a ?? b ?? c`: the first that is there and not null."""
    for thunk in thunks[:-1]:
        try:
            value = thunk()
        except (KeyError, IndexError, NameError):
            continue
        except ExpressionError as fault:
            if fault.kind not in {"undefined", "index"}:
                raise
            continue
        if value is not None:
            return value
    return thunks[-1]()
