"""The last place before a span leaves."""

from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode

from ciranda.observe.masking import masked

HERE = SpanContext(1, 2, False)
ATTRIBUTES: dict[str, Any] = {
    "a secret": "secret",
    "list": ["a secret", 1],
    "bytes": b"\xff secret",
    "map": {"secret": ["secret"]},
    "n": 5,
}
CLEAN = {
    "a ***": "***",
    "list": ["a ***", 1],
    "bytes": b"\xff ***",
    "map": {"***": ["***"]},
    "n": 5,
}


def test_no_text_of_a_span_is_left_as_it_was():
    span = ReadableSpan(
        name="secret",
        context=HERE,
        resource=Resource({"secret": "secret"}),
        attributes=ATTRIBUTES,
        events=[Event("secret", ATTRIBUTES, 7)],
        links=[Link(HERE, {"secret": "secret"})],
        status=Status(StatusCode.ERROR, "a secret"),
        start_time=1,
        end_time=2,
        instrumentation_scope=InstrumentationScope("secret", "1"),
    )

    clean: Any = masked(span, lambda text: text.replace("secret", "***"))

    assert clean.name == clean.instrumentation_scope.name == "***"
    assert dict(clean.attributes) == dict(clean.events[0].attributes) == CLEAN
    assert (clean.events[0].name, clean.events[0].timestamp) == ("***", 7)
    assert dict(clean.links[0].attributes) == dict(clean.resource.attributes) == {"***": "***"}
    assert clean.status.description == "a ***"
    assert (clean.context, clean.start_time, clean.end_time) == (HERE, 1, 2)


def test_a_span_without_status_text_and_scope_stays_without():
    span = ReadableSpan(name="n", context=HERE)

    clean: Any = masked(span, str.upper)

    assert (clean.name, clean.status.description, clean.instrumentation_scope) == ("N", None, None)
