"""The plugin `quantum`: what the engine sees of it. The language itself needs nothing of this."""

from __future__ import annotations

from types import ModuleType

from ciranda import hookimpl
from ciranda.actions import Action

from . import hooks
from .actions import Templates
from .settings import QuantumSettings

CIRANDA_API = (1, 0)


@hookimpl
def settings() -> type[QuantumSettings]:
    """Offer the section `[quantum]`."""
    return QuantumSettings


@hookimpl
def hookspecs() -> list[ModuleType]:
    """Offer the hook of `TemplateEvent`."""
    return [hooks]


@hookimpl
def actions(settings: QuantumSettings) -> list[Action]:
    """Offer `quantum.render` and `quantum.call`; each engine compiles for itself."""
    return Templates(settings).actions()
