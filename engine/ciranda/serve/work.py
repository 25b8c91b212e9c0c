"""What a server has to do: begin a run, or go on with one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

__all__ = ["Accepted", "Order", "Work"]


@dataclass(frozen=True, slots=True)
class Order:
    """A run that is to begin.

    Args:
        run: The id that it will have.
        flow: The file of its workflow.
        trigger: What asks for it.
        inputs: Values by name, as the trigger makes them of the event.
        key: Equal for what is the same event; None if nothing is.
    """

    run: str
    flow: str
    trigger: str
    inputs: dict[str, Any] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an order: the run that it begins, or began when it came before."""

    run: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """An order that a server took, or a run that it goes on with when `flow` is empty."""

    number: int
    run: str
    flow: str
    trigger: str
    packed: bytes | None

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of the run that is to begin."""
        found: dict[str, Any] = msgspec.msgpack.decode(self.packed) if self.packed else {}
        return found
