"""The last place before a span leaves: every text in it is masked, whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event as SpanEvent, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Status
from opentelemetry.util.types import AttributeValue

__all__ = ["Mask", "masked"]

Mask = Callable[[str], str]


def masked(span: ReadableSpan, mask: Mask) -> ReadableSpan:
    """Return a span without secrets in its name, attributes, events, links, status or sender."""
    scope = span.instrumentation_scope
    return ReadableSpan(
        name=mask(span.name),
        context=span.context,
        parent=span.parent,
        resource=Resource(_attributes(span.resource.attributes, mask), span.resource.schema_url),
        attributes=_attributes(span.attributes, mask),
        events=[
            SpanEvent(mask(event.name), _attributes(event.attributes, mask), event.timestamp)
            for event in span.events
        ],
        links=[Link(link.context, _attributes(link.attributes, mask)) for link in span.links],
        kind=span.kind,
        status=Status(
            span.status.status_code,
            None if span.status.description is None else mask(span.status.description),
        ),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=None
        if scope is None
        else InstrumentationScope(
            mask(scope.name), scope.version, scope.schema_url, _attributes(scope.attributes, mask)
        ),
    )


def _attributes(
    attributes: Mapping[str, AttributeValue] | None, mask: Mask
) -> dict[str, AttributeValue]:
    return {mask(name): _value(value, mask) for name, value in (attributes or {}).items()}


def _value(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        return mask(text).encode("utf-8", "surrogateescape")
    if isinstance(value, Mapping):
        return {mask(str(name)): _value(item, mask) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(item, mask) for item in value]
    return value
