"""A mapping that forgets what was not used for longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar, final

__all__ = ["Recent"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@final
class Recent(Generic[Key, Value]):
    """At most so many values by key.

    Args:
        most: How many.
    """

    __slots__ = ("_held", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, used now."""
        try:
            self._held.move_to_end(key)
        except KeyError:
            return None
        return self._held[key]

    def put(self, key: Key, value: Value) -> Value:
        """Set the value of a key and return it."""
        self._held[key] = value
        self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return value
