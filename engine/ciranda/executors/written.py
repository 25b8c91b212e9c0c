"""Where a worker process finds a function that a program gave to a workflow itself."""

from __future__ import annotations

import importlib
from typing import Any

from ciranda.actions import Action, action

__all__ = ["find_function", "function_origin"]


def function_origin(used: Action) -> dict[str, Any]:
    """Return, as plain data, where a function is that no plugin brought."""
    function = used.function
    return {"function": f"{function.__module__}:{function.__qualname__}"}


def find_function(place: str, name: str) -> Action:
    """Return the action that was found at a place, as `function_origin` writes it.

    Raises:
        ImportError: The module cannot be imported here.
        AttributeError: It has no such function.
    """
    module, _, words = place.partition(":")
    found: Any = importlib.import_module(module)
    for word in words.split("."):
        found = getattr(found, word)
    return found if isinstance(found, Action) else action(name)(found)
