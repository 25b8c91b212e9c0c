"""A span for each expert, where somebody collects spans."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

    from ciranda.events.judging import Opinion

__all__ = ["active_tracer", "describe"]


def active_tracer() -> Tracer | None:
    """Return what makes spans; None where no program has set a provider of them."""
    api: Any = sys.modules.get("opentelemetry.trace")  # whoever sets a provider has imported it
    if api is None:
        return None
    provider = api.get_tracer_provider()
    if isinstance(provider, api.ProxyTracerProvider | api.NoOpTracerProvider):
        return None
    tracer: Tracer = provider.get_tracer("ciranda.experts")
    return tracer


def describe(span: Span, opinion: Opinion) -> None:
    """Put into a span what an expert said."""
    span.set_attribute("ciranda.expert.verdict", opinion.verdict.value)
    span.set_attribute("ciranda.expert.reason", str(opinion.reason))
    span.set_attribute("ciranda.expert.confidence", opinion.confidence)
    span.set_attribute("ciranda.expert.version", opinion.version)
