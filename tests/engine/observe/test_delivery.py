"""Receivers that are slow, broken or gone cost the run one warning."""

import logging
import time

import pytest
from tests.engine.observe.story import Story, settlement

from ciranda.errors import TraceError
from ciranda.events import RunCompleted, RunStarted, StepCompleted, StepStarted
from ciranda.observe.endpoint import Endpoint
from ciranda.observe.export import LiveExporter, export_run


def run_of(steps):
    story = Story().tell(RunStarted, 0)
    for number in range(steps):
        story.tell(StepStarted, 0, path=f"s{number}").tell(StepCompleted, 1, path=f"s{number}")
    return story.tell(RunCompleted, 1, status="succeeded").events


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/status/500", "Internal Server Error"),
        ("/status/503", "Service Unavailable"),
        ("/status/429", "Too Many Requests"),
        ("/redirect", "redirect"),
        ("/hang", "does not take them in time"),
    ],
)
def test_a_bad_endpoint_costs_the_run_nothing_but_one_warning(
    receiver, path, reason, capfd, caplog
):
    said: list[str] = []
    exporter = LiveExporter(Endpoint(receiver.url + path, delay=0.0), warn=said.append)
    events = run_of(200)

    began = time.perf_counter()
    for event in events:
        exporter.feed(event)
    fed = time.perf_counter() - began
    receiver.await_request(path)
    began = time.perf_counter()
    delivery = exporter.close(0.4)
    closed = time.perf_counter() - began

    assert fed < 0.5
    assert closed < 2.0
    assert (delivery.sent, delivery.lost) == (0, 401)
    assert len(said) == 1
    assert reason in said[0]
    assert "ciranda trace r1 --otlp" in said[0]
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_an_endpoint_that_is_down_is_told_of_by_the_words_of_the_system(capfd):
    with pytest.raises(TraceError, match="Connection refused"):
        export_run(settlement(), "http://127.0.0.1:9", timeout=0.2)

    assert capfd.readouterr() == ("", "")


def test_an_endpoint_where_nobody_listens_is_given_up_when_the_run_ends():
    said: list[str] = []
    exporter = LiveExporter(Endpoint("http://127.0.0.1:9/v1/traces", delay=60.0), warn=said.append)
    for event in settlement():
        exporter.feed(event)

    began = time.perf_counter()
    delivery = exporter.close(30.0)

    assert time.perf_counter() - began < 10
    assert delivery.sent == 0
    assert "Connection refused" in said[0]


def test_a_hanging_endpoint_is_given_up_in_the_given_time(receiver):
    exporter = LiveExporter(Endpoint(f"{receiver.url}/hang", delay=0.0), warn=lambda text: None)
    for event in settlement():
        exporter.feed(event)

    began = time.perf_counter()
    exporter.close(0.3)

    assert time.perf_counter() - began < 8


@pytest.mark.parametrize("path", ["/huge", "/drip"])
def test_an_answer_without_end_is_not_read(receiver, path):
    began = time.perf_counter()

    export_run(settlement(), receiver.url + path, timeout=0.5)

    assert time.perf_counter() - began < 8


def test_a_full_queue_drops_and_counts_exactly(receiver):
    said: list[str] = []
    endpoint = Endpoint(f"{receiver.url}/hang", limit=10, delay=60.0)
    exporter = LiveExporter(endpoint, warn=said.append)

    for event in run_of(100):
        exporter.feed(event)
    delivery = exporter.close(0.2)

    assert (delivery.sent, delivery.lost) == (0, 201)
    assert len(said) == 1


def test_closing_again_does_not_count_again(receiver):
    exporter = LiveExporter(Endpoint(f"{receiver.url}/v1/traces"), warn=pytest.fail)
    for event in run_of(3):
        exporter.feed(event)

    assert exporter.close() == exporter.close() == exporter.delivery
    assert exporter.delivery.sent == 7


def test_the_exporters_logger_is_as_it_was_afterwards(receiver):
    logger = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    before = list(logger.filters)

    export_run(settlement(), receiver.url)

    assert logger.filters == before


def test_feeding_takes_microseconds(receiver, uncollected):
    exporter = LiveExporter(Endpoint(f"{receiver.url}/v1/traces", delay=60.0), warn=pytest.fail)
    events = run_of(250)

    began = time.thread_time()
    for event in events:
        exporter.feed(event)
    each = (time.thread_time() - began) / 250
    exporter.close()

    assert each < 100e-6
