"""The built-in layers as plugins, registered like anyone's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from ciranda.events import Request
from ciranda.hooks import hookimpl
from ciranda.layer import Layer, StepPlan
from ciranda.middleware import breaker, cache, groups, limits, timeout
from ciranda.middleware.shared import Shared

__all__ = ["BuiltIn", "builtins"]


@final
class BuiltIn:
    """One built-in layer; a plugin offers one layer, so there is a plugin for each."""

    def __init__(self, make: Callable[[StepPlan, Shared], Layer | None], shared: Shared) -> None:
        self._make: Final = make
        self._shared: Final = shared

    @hookimpl
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Return the layer for a step; a request gets none."""
        return self._make(target, self._shared) if isinstance(target, StepPlan) else None


def builtins(shared: Shared) -> dict[str, BuiltIn]:
    """Return the built-in layers by plugin name, outermost first."""
    return {
        "cache": BuiltIn(cache.layer, shared),
        "breaker": BuiltIn(breaker.layer, shared),
        "concurrency": BuiltIn(groups.layer, shared),
        "rate": BuiltIn(limits.layer, shared),
        "timeout": BuiltIn(timeout.layer, shared),
    }
