"""What the operations of `q:set` do where the generated code does not do it itself."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from ciranda.expressions.inline import bounded, spend, text_of, weigh, word

from .error import QuantumError
from .escape import text_of_value
from .memo import frozen

_VERBS: Final = {
    "increment": "add to", "decrement": "subtract from", "add": "add to",
    "subtract": "subtract from", "multiply": "multiply", "divide": "divide", "modulo": "divide",
}  # fmt: skip
_OBJECTS: Final = frozenset(["merge", "setProperty", "deleteProperty"])


def _unfit(operation: str, name: str, value: Any, wanted: str) -> NoReturn:
    raise QuantumError("type", f"'{operation}' needs {wanted}; '{name}' is {word(value)}")


def arithmetic(operation: str, left: Any, right: Any, name: str, budget: list[int]) -> Any:
    """Return the sum, difference, product, quotient or remainder of two numbers."""
    for each in (left, right):
        if type(each) is not int and type(each) is not float:
            message = f"'{operation}' on '{name}' needs two numbers, not {word(each)}"
            raise QuantumError("type", message)
    if operation in {"divide", "modulo"}:
        if right == 0:
            raise QuantumError("runtime", f"'{operation}' on '{name}': division by zero")
        return left / right if operation == "divide" else left % right
    made = (
        left * right if operation == "multiply"
        else left - right if operation in {"decrement", "subtract"}
        else left + right
    )  # fmt: skip
    return bounded(made) if type(made) is int else made


def textual(operation: str, value: Any, budget: list[int]) -> str:
    """Return a text in capitals, in small letters, or without space around it."""
    text = text_of_value(value, budget)
    text_of(budget, len(text))
    if operation == "trim":
        return text.strip()
    return text.upper() if operation == "uppercase" else text.lower()


def own_list(value: Any, name: str, budget: list[int]) -> list[Any]:
    """Return a list that may be changed."""
    if type(value) is not list and type(value) is not tuple:
        _unfit("append", name, value, "a list")
    spend(budget, len(value) >> 5)
    return list(value)


def own_dict(value: Any, name: str, budget: list[int]) -> dict[Any, Any]:
    """Return an object that may be changed."""
    if not isinstance(value, dict):
        _unfit("setProperty", name, value, "an object")
    spend(budget, len(value) >> 5)
    return dict(value)


def operate(  # noqa: PLR0917 - written by the code generator, in this order
    operation: str,
    current: Any,
    owned: int,
    value: Any,
    extra: Any,
    name: str,
    budget: list[int],
) -> Any:
    """Return what a variable holds after an operation.

    Args:
        operation: As in the template.
        current: What it holds; it stays as it is unless `owned`.
        owned: 0 where something else may hold the same list or object.
        value: Of the operation.
        extra: Its key or index.
        name: The variable's, for messages.
        budget: What is left to the run.
    """
    if operation == "toggle":
        if type(current) is not bool:
            _unfit(operation, name, current, "a boolean")
        return not current
    if operation in _OBJECTS or (operation == "clear" and isinstance(current, dict)):
        return _object(operation, current, owned, value, extra, name, budget)
    if type(current) is not list and type(current) is not tuple:
        _unfit(operation, name, current, "a list")
    spend(budget, len(current) >> (8 if owned else 5))
    items = current if owned and type(current) is list else list(current)
    return _list(operation, items, value, extra, budget)


def _object(  # noqa: PLR0917 - see there
    operation: str, current: Any, owned: int, value: Any, key: Any, name: str, budget: list[int]
) -> dict[Any, Any]:
    if not isinstance(current, dict):
        _unfit(operation, name, current, "an object")
    if operation == "clear":
        return {}
    if not owned:
        spend(budget, len(current) >> 5)
        current = dict(current)
    if operation == "merge":
        if not isinstance(value, dict):
            _unfit("merge", "value", value, "an object")
        spend(budget, len(value))
        current.update(value)
    elif operation == "setProperty":
        current[key_of(key, budget)] = value
    else:
        current.pop(key_of(key, budget), None)
    return dict(current) if type(current) is not dict else current


def _list(operation: str, items: list[Any], value: Any, index: Any, budget: list[int]) -> list[Any]:
    if operation == "append":
        items.append(value)
    elif operation == "prepend":
        items.insert(0, value)
    elif operation == "remove":
        if type(value) in {list, dict, tuple, set}:
            spend(budget, weigh(items, budget))
        spend(budget, len(items) * max(1, weigh(value, budget) >> 4))
        if value in items:
            items.remove(value)
    elif operation == "removeAt":
        place = _place(index)
        if 0 <= place < len(items):
            del items[place]
    elif operation == "clear":
        return []
    elif operation == "reverse":
        items.reverse()
    elif operation == "unique":
        spend(budget, weigh(items, budget))
        return _first(items)
    else:
        spend(budget, weigh(items, budget))
        try:
            items.sort()
        except TypeError:
            raise QuantumError("type", "'sort' needs items that compare with each other") from None
    return items


def _first(items: list[Any]) -> list[Any]:
    seen: dict[Any, Any] = {}
    for item in items:
        seen.setdefault(_same(item), item)
    return list(seen.values())


def _same(item: Any) -> Any:
    """Return a key that is equal for equal items; 1 and true are equal as everywhere."""
    return frozen(item) if isinstance(item, (list, dict, set, tuple)) else item


def _place(index: Any) -> int:
    if type(index) is int:
        return index
    if type(index) is str and index.strip().lstrip("-").isdecimal() and len(index) < 20:  # noqa: PLR2004 - a place in a list
        return int(index)
    raise QuantumError("type", f"the index is a whole number, not {word(index)}")


def key_of(key: Any, budget: list[int]) -> Any:
    """Return a key of an object."""
    if type(key) is str:
        return key
    if isinstance(key, (list, dict, set)) or key is None:
        raise QuantumError("type", f"the key is a text, not {word(key)}")
    if isinstance(key, tuple):
        spend(budget, weigh(key, budget))
    return key


def short(text: str, budget: list[int]) -> str:
    """Return a text that is not too long, and pay for it."""
    text_of(budget, len(text))
    return text
