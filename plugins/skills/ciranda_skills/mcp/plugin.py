"""The plugin `mcp`: what the engine sees of it."""

from __future__ import annotations

from ciranda import hookimpl
from ciranda.actions import Action

from .actions import call, tools

__all__ = ["CIRANDA_API", "actions"]

CIRANDA_API = (1, 0)


@hookimpl
def actions() -> list[Action]:
    """Offer `mcp.call` and `mcp.tools`."""
    return [call, tools]
