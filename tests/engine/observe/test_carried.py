"""Spans of plugins: in the engine's process, and carried from a worker as plain data."""

import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode
from opentelemetry.util._once import Once

from ciranda.observe.carried import Carrier, unpack
from ciranda.observe.current import use_span
from ciranda.observe.endpoint import Endpoint
from ciranda.observe.export import LiveExporter
from ciranda.observe.identity import Identity
from ciranda.observe.spans import resource

AROUND = Identity("r1").traceparent("step", 1)
_, TRACE, SPAN, _ = AROUND.split("-")


@pytest.fixture
def no_provider(monkeypatch):
    """As in a fresh process: nobody has set a tracer provider."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())


def carried(work, traceparent=AROUND, carrier=None):
    """Return the spans of `work` as a worker sends them and the engine reads them."""
    frames: list[bytes] = []
    send = lambda data: frames.append(msgspec.msgpack.encode(data))  # noqa: E731
    with (carrier or Carrier()).during(traceparent, send):
        work()
    return [unpack(msgspec.msgpack.decode(frame), resource()) for frame in frames]


def test_spans_of_a_call_arrive_as_they_were(no_provider):
    def work():
        tracer = trace.get_tracer("plugin", "1")
        with tracer.start_as_current_span("outer", kind=trace.SpanKind.CLIENT) as outer:
            outer.set_attributes({"n": 1, "list": ["a", "b"], "ok": True, "half": 0.5})
            outer.add_event("seen", {"what": "it"}, timestamp=5)
            with pytest.raises(ValueError, match="no"), tracer.start_as_current_span("inner"):
                raise ValueError("no")

    inner, outer = carried(work)

    assert f"{outer.context.trace_id:032x}" == f"{inner.context.trace_id:032x}" == TRACE
    assert f"{outer.parent.span_id:016x}" == SPAN
    assert inner.parent.span_id == outer.context.span_id
    assert dict(outer.attributes) == {"n": 1, "list": ["a", "b"], "ok": True, "half": 0.5}
    assert [(e.name, e.timestamp, dict(e.attributes)) for e in outer.events] == [
        ("seen", 5, {"what": "it"})
    ]
    assert (outer.kind, outer.status.status_code) == (trace.SpanKind.CLIENT, StatusCode.UNSET)
    assert (inner.status.status_code, inner.status.description) == (
        StatusCode.ERROR,
        "ValueError: no",
    )
    assert inner.instrumentation_scope.name == "plugin"
    assert outer.start_time <= inner.start_time <= inner.end_time <= outer.end_time


def test_a_worker_serves_one_call_after_another(no_provider):
    carrier, other = Carrier(), Identity("r2").traceparent("x", 1)

    def work():
        trace.get_tracer("plugin").start_span("one").end()

    (first,) = carried(work, carrier=carrier)
    (second,) = carried(work, other, carrier)

    assert first.parent.span_id == int(SPAN, 16)
    assert second.context.trace_id == Identity("r2").trace


def test_a_span_that_ends_outside_of_its_call_goes_nowhere(no_provider):
    spans = []

    sent = carried(lambda: spans.append(trace.get_tracer("plugin").start_span("late")))
    spans[0].end()

    assert sent == []


@pytest.mark.parametrize("traceparent", ["", "nonsense", f"00-{'0' * 32}-{SPAN}-01"])
def test_a_call_without_a_trace_sends_nothing(no_provider, traceparent):
    work = lambda: trace.get_tracer("plugin").start_span("one").end()  # noqa: E731

    assert carried(work, traceparent) == []


FINE = {"name": "n", "trace": TRACE, "span": SPAN, "parent": "", "start": 1, "end": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": 3},
        {"end": 1 << 63},
        {"trace": "0" * 32},
        {"trace": "xyz"},
        {"span": "0"},
        {"status": 9},
        {"kind": 9},
        {"name": 5},
        {"attributes": {f"a{n}": n for n in range(1001)}},
    ],
)
def test_nonsense_of_a_worker_is_counted_as_lost(receiver, wrong):
    exporter = LiveExporter(Endpoint(f"{receiver.url}/v1/traces"), warn=lambda text: None)

    exporter.adopt(FINE | wrong)
    exporter.adopt(FINE | {"attributes": {"odd": {"deep": [1]}, "mixed": [1, {}]}})
    delivery = exporter.close()

    (span,) = receiver.spans()
    assert (delivery.sent, delivery.lost) == (1, 1)
    assert span["attributes"] == {"odd": "{'deep': [1]}", "mixed": [1, "{}"]}


def test_what_is_no_trace_context_changes_nothing():
    with use_span(AROUND):
        with use_span("nonsense"):
            inside = trace.get_current_span().get_span_context()
        assert f"{inside.span_id:016x}" == SPAN
    assert not trace.get_current_span().get_span_context().is_valid
