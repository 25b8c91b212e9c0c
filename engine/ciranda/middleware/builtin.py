"""The built-in layers as plugins, registered like anyone's."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, final

from ciranda.events import Request
from ciranda.hooks import hookimpl
from ciranda.layer import Layer, StepPlan

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["BuiltIn", "builtins"]

# The option of a step that asks for a layer, and the module that makes it; outermost first.
_MODULES: Final = {
    "cache": "cache",
    "idempotency_key": "idempotency",
    "declares": "declared",
    "breaker": "breaker",
    "concurrency": "groups",
    "rate": "limits",
    "timeout": "timeout",
}


@final
class BuiltIn:
    """One built-in layer; a plugin offers one layer, so there is a plugin for each.

    Its module, and what the layers share, come to be with the first step that wants the layer.
    """

    def __init__(self, option: str, shared: Callable[[], Shared]) -> None:
        self._option: Final = option
        self._shared: Final = shared

    @hookimpl
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Return the layer for a step; a request gets none."""
        if not isinstance(target, StepPlan):
            return None
        if not (getattr(target.options, self._option) or getattr(target, self._option, None)):
            return None
        module = import_module(f"ciranda.middleware.{_MODULES[self._option]}")
        layer: Layer | None = module.layer(target, self._shared())
        return layer


def builtins(shared: Callable[[], Shared]) -> dict[str, BuiltIn]:
    """Return the built-in layers by plugin name, outermost first.

    Args:
        shared: Returns what they share, the same each time.
    """
    return {option: BuiltIn(option, shared) for option in _MODULES}
