"""The rules of values, for what layers of plugins make of an output."""

from __future__ import annotations

from typing import Any

from ciranda.actions import NotPlainError, plain
from ciranda.errors import StepError
from ciranda.layer import Call, Layer, Next

__all__ = ["is_built_in", "plain_result"]


def is_built_in(layer: Layer) -> bool:
    """Return whether a layer is ciranda's own, which hand on what the executor has checked."""
    return getattr(layer.call, "__module__", "").startswith("ciranda.middleware.")


def plain_result(inner: Next) -> Next:
    """Return `inner` with its results normalised to plain data."""

    async def call_checked(call: Call) -> Any:
        try:
            return plain(await inner(call))
        except NotPlainError as error:
            raise StepError(
                "invalid-output",
                f"{error.sentence('output')}; a layer around the step made it so.",
                retryable=False,
            ) from None

    return call_checked
