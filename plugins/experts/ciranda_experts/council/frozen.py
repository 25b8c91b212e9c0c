"""Evidence that nobody can change: findings are shared by everybody who asks the same."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any, Final, NoReturn, final

from ciranda.actions import NotPlainError, plain

__all__ = ["FrozenDict", "FrozenList", "freeze", "thaw"]

_DEPTH: Final = 64
_WIDEST: Final = 2**63
_DECIMAL: Final = 10_000  # bits of an int that is written in decimal: Python refuses longer ones


def _refuse(self: object, *_args: object, **_named: object) -> NoReturn:
    raise TypeError(
        "what a judgement shows as evidence is shared by all who ask the same and cannot be "
        "changed: change a copy.deepcopy of it"
    )


@final
class FrozenDict(dict[str, Any]):
    """A dict, for whoever reads or encodes it, that refuses to change."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return {key: copy.deepcopy(value, memo) for key, value in self.items()}


@final
class FrozenList(list[Any]):
    """A list, for whoever reads or encodes it, that refuses to change."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = remove = _refuse
    clear = pop = reverse = sort = _refuse

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [copy.deepcopy(value, memo) for value in self]


def freeze(value: Any) -> Any:
    """Return plain data that shares nothing with `value` and cannot be changed.

    Exact numbers that plain data has no room for (fractions, integers beyond 64 bits) are
    written as text.

    Raises:
        NotPlainError: It holds something that is no data, or nests deeper than 64 levels.
    """
    return _frozen(value, 0)


def thaw(value: Any) -> Any:
    """Return the same data as dicts and lists that may be changed."""
    return copy.deepcopy(value)


def _frozen(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is dict:
        if depth < _DEPTH:
            return _dict(value, depth)
    elif kind is list or kind is tuple:  # a set of the two would be made at each call
        if depth < _DEPTH:
            return _list(value, depth)
    elif kind is FrozenDict or kind is FrozenList:
        return value
    if kind is int and not -_WIDEST <= value < _WIDEST:
        return hex(value) if value.bit_length() > _DECIMAL else str(value)
    if kind is Fraction:
        return f"{_frozen(value.numerator, depth)}/{_frozen(value.denominator, depth)}"
    exact = plain(value)  # refuses what is no data, and what is too deep
    return _frozen(exact, depth) if type(exact) is dict or type(exact) is list else exact


# The two loops spell out the usual scalars, so that only what is nested or unusual costs a call.


def _dict(value: dict[Any, Any], depth: int) -> FrozenDict:
    out: dict[str, Any] = {}
    for key, each in value.items():
        if type(key) is not str or not key.isascii():
            return _odd(value, depth)
        kind = type(each)
        if (kind is str and each.isascii()) or kind is bool or each is None:
            out[key] = each
        else:
            out[key] = _inside(key, each, depth)
    return FrozenDict(out)


def _odd(value: dict[Any, Any], depth: int) -> FrozenDict:
    """Freeze a dict with keys that are not plain ASCII, or say what is wrong with them."""
    return FrozenDict({key: _inside(key, each, depth) for key, each in plain(value).items()})


def _list(value: Any, depth: int) -> FrozenList:
    return FrozenList(
        [
            each if type(each) is str and each.isascii() else _inside(at, each, depth)
            for at, each in enumerate(value)
        ]
    )


def _inside(place: str | int, value: Any, depth: int) -> Any:
    try:
        return _frozen(value, depth + 1)
    except NotPlainError as error:
        error.path.insert(0, place)
        raise
