"""An engine with an exporter: what its runs send, on both event loops."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

import ciranda
from ciranda.engine import Engine
from ciranda.observe.endpoint import Endpoint
from ciranda.observe.export import LiveExporter

pytestmark = pytest.mark.anyio


@pytest.fixture
def exporter(receiver):
    made = LiveExporter(Endpoint(f"{receiver.url}/v1/traces", delay=0.01), warn=pytest.fail)
    yield made
    made.close()


def lineages(spans):
    by_id = {span["id"]: span for span in spans}

    def names(span):
        return [span["name"], *(names(by_id[span["parent"]]) if span["parent"] else ())]

    return sorted(" < ".join(names(span)) for span in spans)


async def test_a_plugins_spans_hang_beneath_their_attempts(exporter, receiver):
    tracer = exporter.provider.get_tracer("plugin")

    @ciranda.action("my.work")
    async def work(n: int) -> int:
        with tracer.start_as_current_span(f"work {n}"):
            return n

    flow = ciranda.Workflow("flow")
    flow.step("all", uses=work, map=[7, 8], as_="n", with_={"n": "${{ n }}"})
    async with Engine(durability="off", exporter=exporter) as engine:
        result = await engine.run(flow)
    delivery = exporter.close()

    assert result.ok
    assert delivery.complete
    assert lineages(receiver.spans()) == sorted(
        [
            "workflow.run flow",
            "all < workflow.run flow",
            *(f"all/{i} < all < workflow.run flow" for i in range(2)),
            *(f"attempt 1 < all/{i} < all < workflow.run flow" for i in range(2)),
            *(f"work {7 + i} < attempt 1 < all/{i} < all < workflow.run flow" for i in range(2)),
        ]
    )
    assert not trace.get_current_span().get_span_context().is_valid


async def test_a_resumed_run_sends_a_new_trace_with_a_link(exporter, receiver, tmp_path):
    tries = []

    @ciranda.action("my.flaky")
    async def flaky() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return 1

    tmp_path.joinpath("flow.yaml").write_text(
        "ciranda: 1\nname: flow\nsteps:\n  a: {uses: my.flaky}\n"
    )
    replaced = {"my.flaky": flaky}
    for _ in range(2):
        async with Engine(store=tmp_path, exporter=exporter, replaced=replaced) as engine:
            result = await (engine.resume("last") if tries else engine.run(tmp_path / "flow.yaml"))
    exporter.close()

    assert result.ok
    first, second = sorted(
        (span for span in receiver.spans() if span["name"] == "workflow.run flow"),
        key=lambda span: span["start"],
    )
    assert first["trace"] != second["trace"]
    assert [link[:2] for link in second["links"]] == [[first["trace"], first["id"]]]
    assert first["attributes"]["cicd.pipeline.result"] == "failure"


async def test_secrets_of_every_run_of_an_engine_are_hidden(exporter, receiver, tmp_path):
    @ciranda.action("my.tell")
    async def tell(token: str) -> None:
        exporter.provider.get_tracer("plugin").start_span(f"got {token}").end()
        raise ValueError(token)

    tmp_path.joinpath("flow.yaml").write_text(
        "ciranda: 1\nname: flow\nsecrets:\n  TOKEN: {env: TOKEN}\n"
        "steps:\n  a: {uses: my.tell, with: {token: '${{ secrets.TOKEN }}'}}\n"
    )
    for secret in ("hunter-one", "hunter-two"):
        environ = {"TOKEN": secret}
        replaced = {"my.tell": tell}
        async with Engine(
            durability="off", exporter=exporter, replaced=replaced, environ=environ
        ) as engine:
            await engine.run(tmp_path / "flow.yaml")
    exporter.close()

    names = [span["name"] for span in receiver.spans()]
    assert names.count("got ***") == 2
    assert b"hunter" not in receiver.raw()


async def test_an_engine_without_exporter_hands_out_trace_contexts_all_the_same():
    seen = []

    @ciranda.action("my.look")
    async def look(ctx: ciranda.Context) -> None:
        seen.append((ctx.traceparent, trace.get_current_span().get_span_context().is_valid))

    flow = ciranda.Workflow("flow")
    flow.step("a", uses=look)
    async with Engine(durability="off") as engine:
        await engine.run(flow)

    ((context, current),) = seen
    assert len(context) == 55
    assert not current


def test_the_exporter_hands_plugins_one_provider(exporter, receiver):
    span = exporter.provider.get_tracer("x").start_span("a")
    span.end()
    assert isinstance(span, ReadableSpan)
    assert exporter.provider is exporter.provider
    assert exporter.close().sent == 1
