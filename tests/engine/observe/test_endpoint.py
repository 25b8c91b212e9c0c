"""Where spans go: what the environment and a person may say."""

import pytest

from ciranda.errors import TraceError
from ciranda.observe.endpoint import Endpoint, endpoint_of, shown_url, traces_url
from ciranda.observe.export import live_exporter

ON = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318/"}


def test_without_an_endpoint_nothing_is_exported():
    assert live_exporter({}) is None


@pytest.mark.parametrize(
    "more",
    [{"OTEL_SDK_DISABLED": "TRUE"}, {"OTEL_TRACES_EXPORTER": "none"}],
)
def test_a_switch_of_the_environment_turns_the_export_off(more):
    assert live_exporter(ON | more) is None


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        (ON, "http://localhost:4318/v1/traces"),
        (ON | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:1/x"}, "http://c:1/x"),
        (ON | {"OTEL_TRACES_EXPORTER": "console, otlp"}, "http://localhost:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://h/base"}, "https://h/base/v1/traces"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "http://localhost:4318/v1/traces"),
    ],
)
def test_the_standard_variables_name_the_endpoint(environ, url):
    assert endpoint_of(environ) == Endpoint(url)


def test_the_protocol_that_is_spoken_may_be_named():
    assert endpoint_of(ON | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"})


def test_the_variables_of_the_batch_processor_bound_the_queue():
    sizes = {"OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_SCHEDULE_DELAY": "250"}

    endpoint = endpoint_of(ON | sizes)

    assert endpoint == Endpoint("http://localhost:4318/v1/traces", limit=10, delay=0.25)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER=zipkin is not supported"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"}, "is not an address of a web server"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "file:///etc/x"}, "is not an address of a web server"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "many"}, "OTEL_BSP_MAX_QUEUE_SIZE=many is not a number"),
    ],
)
def test_a_variable_that_cannot_be_used_costs_one_warning_and_no_run(more, sentence):
    said: list[str] = []

    assert live_exporter(ON | more, warn=said.append) is None

    assert len(said) == 1
    assert sentence in said[0]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://h:6006", "http://h:6006/v1/traces"),
        ("http://h:6006/", "http://h:6006/v1/traces"),
        ("https://h/api/otlp", "https://h/api/otlp"),
    ],
)
def test_a_url_without_a_path_gets_the_usual_one(written, url):
    assert traces_url(written) == url


@pytest.mark.parametrize("written", ["", "ftp://h", "http://", "http://h:99999", "http://[::1"])
def test_what_is_no_address_of_a_web_server_is_refused(written):
    with pytest.raises(TraceError, match="is not an address of a web server"):
        traces_url(written)


def test_a_shown_url_has_no_password_and_no_token():
    assert shown_url("https://me:hunter2@h:1/p?token=x#y") == "https://h:1/p"
