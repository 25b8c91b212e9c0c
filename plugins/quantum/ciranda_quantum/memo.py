"""Results of functions that ask for it (`cache`, `memoize`), bounded and safe under threads."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

from ciranda.expressions.inline import spend, weigh

_KEPT: Final = 1024


class Memo:
    """A bounded store of results, by function and arguments."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def wrap(
        self, function: Callable[..., Any], name: Hashable, seconds: float, budget: list[int]
    ) -> Callable[..., Any]:
        """Return a function that is called only for arguments that are new or have expired.

        Args:
            function: What computes the results.
            name: What keeps them apart from those of others.
            seconds: How long they are kept; negative is always.
            budget: What pays for looking through the arguments.
        """

        def remembered(*arguments: Any, **named: Any) -> Any:
            spend(budget, weigh([*arguments, *named.values()], budget))
            key = (name, frozen(arguments), frozen(named))
            now = self._clock()
            with self._lock:
                found = self._kept.get(key)
                if found is not None and (seconds < 0 or now - found[0] < seconds):
                    self._kept.move_to_end(key)
                    return found[1]
            value = function(*arguments, **named)
            with self._lock:
                self._kept[key] = (now, value)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return value

        return remembered


def frozen(value: Any) -> Hashable:
    """Return a plain value as a key; values of different types are different keys."""
    if isinstance(value, dict):
        return ("object", tuple((key, frozen(each)) for key, each in value.items()))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, tuple(frozen(each) for each in value))
    if isinstance(value, (set, frozenset)):
        return ("set", frozenset(value))
    try:
        hash(value)
    except TypeError:
        return ("other", id(value))
    return (type(value).__name__, value)
