"""Spans of a plugin in a worker process, carried to the engine as plain data."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from ciranda.observe.current import use_span
from ciranda.observe.identity import parse_traceparent

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["CarriedSpan", "Carrier", "unpack"]

_LONGEST: Final = 1000  # attributes and events of one span


class CarriedEvent(msgspec.Struct, frozen=True):
    """Something that happened within a span."""

    name: str
    at: int  # nanoseconds since the epoch
    attributes: dict[str, Any] = {}


class CarriedSpan(msgspec.Struct, frozen=True):
    """A finished span as plain data; ids are in hex, times in nanoseconds since the epoch."""

    name: str
    trace: str
    span: str
    parent: str
    start: int
    end: int
    kind: int = 0
    status: int = 0
    message: str = ""
    scope: str = ""
    attributes: dict[str, Any] = {}
    events: list[CarriedEvent] = []


def pack(span: ReadableSpan) -> CarriedSpan:
    """Return a finished span as plain data."""
    context = span.get_span_context()
    if context is None:
        raise ValueError("a finished span has a context")
    return CarriedSpan(
        name=span.name,
        trace=f"{context.trace_id:032x}",
        span=f"{context.span_id:016x}",
        parent=f"{span.parent.span_id:016x}" if span.parent else "",
        start=span.start_time or 0,
        end=span.end_time or 0,
        kind=span.kind.value,
        status=span.status.status_code.value,
        message=span.status.description or "",
        scope=span.instrumentation_scope.name if span.instrumentation_scope else "",
        attributes=dict(span.attributes or {}),
        events=[
            CarriedEvent(event.name, event.timestamp, dict(event.attributes or {}))
            for event in span.events[:_LONGEST]
        ],
    )


def unpack(data: Any, sender: Resource) -> ReadableSpan:
    """Return the span that a worker sent.

    Raises:
        ValueError: The data is not a finished span.
    """
    from opentelemetry.sdk.trace import Event as SpanEvent, ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    told = msgspec.convert(data, CarriedSpan)
    if len(told.attributes) > _LONGEST or not 0 <= told.start <= told.end < 1 << 63:
        raise ValueError("a worker sent a span that cannot be")
    flags = TraceFlags(TraceFlags.SAMPLED)
    trace = int(told.trace, 16)
    context = SpanContext(trace, int(told.span, 16), False, flags)
    if not context.is_valid:
        raise ValueError("a worker sent a span without ids")
    code = StatusCode(told.status)
    return ReadableSpan(
        name=told.name,
        context=context,
        parent=SpanContext(trace, int(told.parent, 16), False, flags) if told.parent else None,
        resource=sender,
        attributes={name: _value(value) for name, value in told.attributes.items()},
        events=[
            SpanEvent(
                event.name,
                {name: _value(value) for name, value in event.attributes.items()},
                event.at,
            )
            for event in told.events
        ],
        kind=SpanKind(told.kind),
        status=Status(code, told.message or None) if code is StatusCode.ERROR else Status(code),
        start_time=told.start,
        end_time=told.end,
        instrumentation_scope=InstrumentationScope(told.scope),
    )


def _value(value: Any) -> Any:
    if isinstance(value, (str, bool, int, float, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        return [item if isinstance(item, (str, bool, int, float)) else str(item) for item in value]
    return str(value)


@final
class Carrier:
    """The worker's end: spans made during a call go to the engine.

    A plugin that never imported OpenTelemetry costs nothing.
    """

    def __init__(self) -> None:
        self._send: Callable[[Any], None] | None = None
        self._trace = 0
        self._installed = False

    @contextmanager
    def during(self, traceparent: str, send: Callable[[Any], None]) -> Iterator[None]:
        """Make spans that begin within the block children of `traceparent`, and send them."""
        ids = parse_traceparent(traceparent) if traceparent else None
        if ids is None or "opentelemetry" not in sys.modules:
            yield
            return
        if not self._installed:
            self._install()
        self._send, self._trace = send, ids[0]
        try:
            with use_span(traceparent):
                yield
        finally:
            self._send = None

    def _install(self) -> None:
        """Become the process's tracer provider, unless the plugin brought one of its own."""
        from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
        from opentelemetry.trace import (
            ProxyTracerProvider,
            get_tracer_provider,
            set_tracer_provider,
        )

        self._installed = True
        ended = self._ended

        class Sending(SpanProcessor):
            def on_end(self, span: ReadableSpan) -> None:
                ended(span)

        if isinstance(get_tracer_provider(), ProxyTracerProvider):
            provider = TracerProvider(shutdown_on_exit=False)
            provider.add_span_processor(Sending())
            set_tracer_provider(provider)

    def _ended(self, span: ReadableSpan) -> None:
        send, context = self._send, span.get_span_context()
        if send is not None and context is not None and context.trace_id == self._trace:
            send(pack(span))
