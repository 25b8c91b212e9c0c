"""The methods that may be called, for each type; none changes its target.

A formula gives the size of the result before the call, for those that can make more than they
were given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .budget import items_of, key_of, spend, text_of, weigh, word
from .error import ExpressionError, did_you_mean
from .operators import contains, search_cost
from .secret import Secret

_Method = Callable[..., Any]


def _texts(*values: Any) -> None:
    for value in values:
        if type(value) is tuple:
            _texts(*value)
        elif type(value) is not str:
            if isinstance(value, Secret):
                message = f"the secret '{value.name}' can only be passed on or written into a text"
                raise ExpressionError("secret", message)
            raise ExpressionError("type", f"a text is expected, not {word(value)}")


def _plain(method: _Method) -> _Method:
    """Wrap a method of text whose result is about as long as the text."""

    def call(budget: list[int], text: Any, *arguments: Any) -> Any:
        text_of(budget, len(text))
        made = method(text, *arguments)
        if type(made) is str:
            text_of(budget, len(made))
        return made

    return call


def _strip(method: _Method) -> _Method:
    def call(budget: list[int], text: str, characters: Any = None) -> str:
        if characters is not None:
            _texts(characters)
            spend(budget, len(text) * len(characters) >> 10)
        text_of(budget, len(text))
        return str(method(text, characters))

    return call


def _search(method: _Method) -> _Method:
    def call(budget: list[int], text: str, needle: Any, *bounds: Any) -> Any:
        _texts(needle)
        spend(budget, search_cost(len(text), len(needle)))
        try:
            return method(text, needle, *bounds)
        except ValueError:
            raise ExpressionError("value", "the text is not found") from None

    return call


def _affix(method: _Method) -> _Method:
    def call(budget: list[int], text: str, affix: Any, *bounds: Any) -> Any:
        _texts(affix)
        spend(budget, 1 + (len(affix) if type(affix) is tuple else len(affix) >> 6))
        return method(text, affix, *bounds)

    return call


def _padded(method: _Method) -> _Method:
    def call(budget: list[int], text: str, width: Any, *fill: Any) -> str:
        if type(width) is not int:
            raise ExpressionError("type", f"a width is a number, not {word(width)}")
        text_of(budget, max(width, len(text)))
        _texts(*fill)
        if any(len(each) != 1 for each in fill):
            raise ExpressionError("value", "the fill is one character")
        return str(method(text, width, *fill))

    return call


def _split(method: _Method) -> _Method:
    def call(budget: list[int], text: str, sep: Any = None, maxsplit: Any = -1) -> list[str]:
        if sep is not None:
            _texts(sep)
            if not sep:
                raise ExpressionError("value", "the separator is empty")
        if type(maxsplit) is not int:
            raise ExpressionError("type", f"'maxsplit' is a number, not {word(maxsplit)}")
        spend(budget, len(text) // 2 + search_cost(len(text), len(sep or " ")))
        return list(method(text, sep, maxsplit))

    return call


def _partition(method: _Method) -> _Method:
    def call(budget: list[int], text: str, sep: Any) -> tuple[str, str, str]:
        _texts(sep)
        if not sep:
            raise ExpressionError("value", "the separator is empty")
        spend(budget, search_cost(len(text), len(sep)))
        head, middle, tail = method(text, sep)
        return head, middle, tail

    return call


def _splitlines(budget: list[int], text: str, keepends: Any = False) -> list[str]:
    spend(budget, len(text) // 2)
    return text.splitlines(bool(keepends))


def _join(budget: list[int], text: str, items: Any) -> str:
    from .access import listed  # the two modules name each other's faults

    parts = listed(items, budget)
    _texts(*parts)
    text_of(budget, sum(map(len, parts)) + len(text) * max(len(parts) - 1, 0))
    return text.join(parts)


def _replace(budget: list[int], text: str, old: Any, new: Any, count: Any = -1) -> str:
    _texts(old, new)
    if type(count) is not int:
        raise ExpressionError("type", f"'count' is a number, not {word(count)}")
    spend(budget, search_cost(len(text), len(old)))
    found = text.count(old)
    found = found if count < 0 else min(found, count)
    text_of(budget, len(text) + found * (len(new) - len(old)))
    return text.replace(old, new, count)


def _expandtabs(budget: list[int], text: str, tabsize: Any = 8) -> str:
    if type(tabsize) is not int:
        raise ExpressionError("type", f"'tabsize' is a number, not {word(tabsize)}")
    text_of(budget, len(text) + text.count("\t") * max(tabsize, 0))
    return text.expandtabs(tabsize)


def _encode(budget: list[int], text: str) -> bytes:
    text_of(budget, 4 * len(text))
    return text.encode()


def _decode(budget: list[int], data: bytes) -> str:
    text_of(budget, len(data))
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ExpressionError("value", "the bytes are no UTF-8 text") from None


def _hex(budget: list[int], data: bytes) -> str:
    text_of(budget, 2 * len(data))
    return data.hex()


def _get(budget: list[int], target: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return dict.get(target, key_of(key, budget), default)


def _view(method: _Method) -> _Method:
    def call(budget: list[int], target: Any) -> list[Any]:
        items_of(budget, len(target))
        return list(method(target))

    return call


def _copy(budget: list[int], target: Any) -> Any:
    items_of(budget, len(target))
    return target.copy()


def _count(budget: list[int], target: Any, item: Any) -> int:
    contains(item, (), budget)
    spend(budget, weigh(target, budget))
    return int(target.count(item))


def _index(budget: list[int], target: Any, item: Any) -> int:
    contains(item, (), budget)
    spend(budget, weigh(target, budget))
    try:
        return int(target.index(item))
    except ValueError:
        raise ExpressionError("value", "the item is not found") from None


def _sets(method: _Method) -> _Method:
    def call(budget: list[int], target: Any, *others: Any) -> Any:
        from .functions import set_  # built on this module's neighbours

        spend(budget, len(target))
        return method(set(target), *(set_(budget, other) for other in others))

    return call


def _number(method: _Method) -> _Method:
    def call(budget: list[int], value: Any) -> Any:
        return method(value)

    return call


_TEXT: Final[dict[str, _Method]] = {
    **{
        name: _plain(method)
        for name, method in (
            ("upper", str.upper), ("lower", str.lower), ("title", str.title),
            ("capitalize", str.capitalize), ("casefold", str.casefold),
            ("swapcase", str.swapcase), ("isdigit", str.isdigit), ("isalpha", str.isalpha),
            ("isalnum", str.isalnum), ("isnumeric", str.isnumeric),
            ("isdecimal", str.isdecimal), ("isspace", str.isspace), ("isupper", str.isupper),
            ("islower", str.islower), ("istitle", str.istitle), ("isascii", str.isascii),
            ("isidentifier", str.isidentifier),
        )
    },
    "strip": _strip(str.strip), "lstrip": _strip(str.lstrip), "rstrip": _strip(str.rstrip),
    "find": _search(str.find), "rfind": _search(str.rfind), "index": _search(str.index),
    "rindex": _search(str.rindex), "count": _search(str.count),
    "startswith": _affix(str.startswith), "endswith": _affix(str.endswith),
    "removeprefix": _affix(str.removeprefix), "removesuffix": _affix(str.removesuffix),
    "zfill": _padded(str.zfill), "ljust": _padded(str.ljust), "rjust": _padded(str.rjust),
    "center": _padded(str.center), "split": _split(str.split), "rsplit": _split(str.rsplit),
    "partition": _partition(str.partition), "rpartition": _partition(str.rpartition),
    "splitlines": _splitlines, "join": _join, "replace": _replace, "expandtabs": _expandtabs,
    "encode": _encode,
}  # fmt: skip
_SET: Final[dict[str, _Method]] = {
    "union": _sets(set.union), "intersection": _sets(set.intersection),
    "difference": _sets(set.difference), "issubset": _sets(set.issubset),
    "symmetric_difference": _sets(set.symmetric_difference),
    "issuperset": _sets(set.issuperset), "isdisjoint": _sets(set.isdisjoint), "copy": _copy,
}  # fmt: skip
_BY_TYPE: Final[dict[type, dict[str, _Method]]] = {
    str: _TEXT,
    bytes: {"decode": _decode, "hex": _hex},
    list: {"index": _index, "count": _count, "copy": _copy},
    tuple: {"index": _index, "count": _count},
    dict: {
        "get": _get, "keys": _view(dict.keys), "values": _view(dict.values),
        "items": _view(dict.items), "copy": _copy,
    },
    set: _SET,
    frozenset: _SET,
    int: {"bit_length": _number(int.bit_length)},
    bool: {"bit_length": _number(int.bit_length)},
    float: {"is_integer": _number(float.is_integer)},
}  # fmt: skip
METHODS: Final[dict[str, dict[type, _Method]]] = {}
for _kind, _methods in _BY_TYPE.items():
    for _name, _method in _methods.items():
        METHODS.setdefault(_name, {})[_kind] = _method


def call_method(target: Any, name: str, budget: list[int], *arguments: Any, **named: Any) -> Any:
    """`target.name(...)`."""
    kind = dict if isinstance(target, dict) else type(target)
    method = METHODS.get(name, {}).get(kind)
    if method is None:
        raise _refused(target, kind, name)
    try:
        return method(budget, target, *arguments, **named)
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is None:
            message = f"'{name}' of {word(target)} does not take these arguments"
            raise ExpressionError("type", message) from None
        raise ExpressionError(
            "type", f"'{name}' of {word(target)}: a value of a wrong type"
        ) from None


def _refused(target: Any, kind: type, name: str) -> ExpressionError:
    if isinstance(target, Secret):
        message = f"the secret '{target.name}' can only be passed on or written into a text"
        return ExpressionError("secret", message)
    if kind is dict and name in target:
        return ExpressionError("type", f"'{name}' is a value here, not a method")
    if name in {"format", "format_map"}:
        return ExpressionError("security", f"'{name}' is not allowed; write an f-string: f'{{x}}'")
    known = _BY_TYPE.get(kind, {})
    if name in dir(kind):
        return ExpressionError("security", f"the method '{name}' of {word(target)} is not allowed")
    return ExpressionError(
        "undefined", f"{word(target)} has no method '{name}'{did_you_mean(name, known)}"
    )
