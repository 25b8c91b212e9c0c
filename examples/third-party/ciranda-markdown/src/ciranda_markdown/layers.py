"""Layers around steps."""

from __future__ import annotations

import textwrap
from typing import Annotated, Any

from ciranda.layer import Call, Layer, Next, Place, StepPlan, modifier
from msgspec import Meta, Struct

__all__ = ["Wrapped", "wrapped"]


class Wrapped(Struct, frozen=True, forbid_unknown_fields=True):
    """How an answer is wrapped.

    Attributes:
        width: Characters of a line.
    """

    width: Annotated[int, Meta(ge=20)] = 72


@modifier("markdown.wrapped", options=Wrapped)
def wrapped(target: StepPlan, options: Wrapped) -> Layer:
    """Wrap the answer of a step if it is text."""

    async def wrap(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        answer = await next(call)
        return textwrap.fill(answer, options.width) if isinstance(answer, str) else answer

    return Layer(wrap, place=Place.TRACING)
