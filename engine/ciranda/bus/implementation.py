"""One marked function of one plugin, as the bus calls it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import msgspec
from pluggy import HookImpl

__all__ = ["Implementation", "is_async"]


class Implementation(msgspec.Struct, frozen=True):
    """A function that takes one message; its colour is decided here, once."""

    plugin: str
    name: str
    call: Callable[[Any], Any]
    is_async: bool

    @classmethod
    def of_hook(cls, impl: HookImpl) -> Implementation:
        """Adapt what pluggy registered; an implementation may leave the parameter out."""
        function = impl.function
        call = function if impl.argnames else _without_argument(function)
        return cls(impl.plugin_name, _name(function), call, is_async(function))

    @classmethod
    def of_function(cls, plugin: str, function: Callable[[Any], Any]) -> Implementation:
        """Adapt a function that takes the message as its one positional argument."""
        return cls(plugin, _name(function), function, is_async(function))


def is_async(function: Callable[..., Any]) -> bool:
    """Return whether calling `function` gives a coroutine, as far as it can be known."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function)


def _without_argument(function: Callable[..., Any]) -> Callable[[Any], Any]:
    def call(_message: Any) -> Any:
        return function()

    return call


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
