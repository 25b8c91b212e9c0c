"""The span that OpenTelemetry takes for the current one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ciranda.observe.identity import parse_traceparent

__all__ = ["use_span"]


@contextmanager
def use_span(traceparent: str) -> Iterator[None]:
    """Make spans that begin within the block children of the one that a W3C header names.

    A header that is none changes nothing.
    """
    ids = parse_traceparent(traceparent)
    if ids is None:
        yield
        return
    from opentelemetry import context, trace

    around = trace.SpanContext(ids[0], ids[1], True, trace.TraceFlags(trace.TraceFlags.SAMPLED))
    token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(around)))
    try:
        yield
    finally:
        context.detach(token)
