"""Questions that the engine itself answers."""

from __future__ import annotations

from typing import Any

import msgspec

from ciranda.events.envelope import Request

__all__ = ["InvokeAction", "Invoked"]


class Invoked(msgspec.Struct, frozen=True, kw_only=True):
    """What an action gave; None is an output like any other."""

    output: Any


class InvokeAction(Request[Invoked], frozen=True, kw_only=True):
    """Call an action through its middleware, without a step of its own.

    What it raises reaches whoever asked.
    """

    action: str
    inputs: dict[str, Any] = {}
