"""Blocks as spans below the step that had them agreed on, for whoever traces."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from ciranda.observe.carried import CarriedSpan

from .round import Round

__all__ = ["spans_of"]

_NS: Final = 1_000_000_000
_MS: Final = 1_000_000


def spans_of(
    chain: str, rounds: Iterable[Round], *, token: Callable[[int], str] = secrets.token_hex
) -> list[dict[str, Any]]:
    """Return blocks that were agreed on as finished spans below the current one, as plain data.

    Args:
        chain: Its name.
        rounds: Their figures; those without a duration are left out.
        token: Draws an id of so many bytes.

    Returns:
        None of them where there is no current span.
    """
    api: Any = sys.modules.get("opentelemetry.trace")  # whoever traces has imported it
    if api is None:
        return []
    around = api.get_current_span().get_span_context()
    if not around.is_valid:
        return []
    found = []
    for one in rounds:
        if one.seconds is None:
            continue
        end = one.at * _MS
        span = CarriedSpan(
            name=f"consensus block {one.height}",
            trace=f"{around.trace_id:032x}",
            span=token(8),
            parent=f"{around.span_id:016x}",
            start=end - int(one.seconds * _NS),
            end=end,
            scope="ciranda.consensus",
            attributes={
                "ciranda.consensus.chain": chain,
                "ciranda.consensus.height": one.height,
                "ciranda.consensus.block": one.block,
                "ciranda.consensus.view": one.view,
                "ciranda.consensus.views": one.views,
                "ciranda.consensus.participants": one.participants,
                "ciranda.consensus.entries": one.entries,
                "ciranda.consensus.proofs": one.proofs,
            },
        )
        found.append(msgspec.to_builtins(span))
    return found
