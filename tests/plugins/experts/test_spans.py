"""A span for each expert, where a program collects spans, and none where it does not."""

import anyio.lowlevel
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ciranda_experts.council.spans import active_tracer

from .stage import ask, council, expert, finding

pytestmark = pytest.mark.anyio


@pytest.fixture
def spans(monkeypatch):
    """Collect spans without setting a provider for the whole process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter.get_finished_spans
    provider.shutdown()


async def slow(_):
    await anyio.lowlevel.checkpoint()
    return finding()


async def test_each_expert_that_was_asked_has_a_span_beneath_the_callers(spans):
    tracer = trace.get_tracer_provider().get_tracer("test")
    crash = expert("crash", lambda _: 1 / 0)
    async with council(expert("quick"), expert("slow", slow), crash) as opened:
        with tracer.start_as_current_span("attempt"):
            await opened.judge(ask())
            await opened.judge(ask())  # remembered, all but the crash

    found = {one.name: one for one in spans()}
    attempt = found.pop("attempt")
    assert list(found) == ["expert quick", "expert crash", "expert slow"]
    assert sorted(one.name for one in spans()).count("expert quick") == 1
    assert {one.parent.span_id for one in found.values()} == {attempt.context.span_id}
    assert found["expert quick"].attributes == {
        "ciranda.expert.verdict": "approved",
        "ciranda.expert.reason": "looked",
        "ciranda.expert.confidence": 0.95,
        "ciranda.expert.version": "1",
    }
    assert found["expert crash"].attributes["ciranda.expert.reason"] == "expert-crashed"


def test_without_a_provider_there_is_no_tracer():
    assert active_tracer() is None
