"""Forty canaries, in every form and place, through every way out: none arrives."""

import base64
import html
import io
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from tests.engine.observe.story import EPOCH, Story, failure

from ciranda.events import (
    ApprovalGiven,
    EventReceived,
    MapCompleted,
    MapExpanded,
    RunCancelled,
    RunCompleted,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepLogged,
    StepSkipped,
    StepStarted,
    StepWaits,
)
from ciranda.observe.endpoint import Endpoint
from ciranda.observe.export import LiveExporter, export_run
from ciranda.observe.logs import LogLines
from ciranda.observe.outline import Outline
from ciranda.observe.page import page
from ciranda.observe.timeline import fold
from ciranda.vault import Vault

FORMS: list[Callable[[str], str]] = [
    str,
    lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    lambda text: quote(text, safe=""),
    lambda text: f"https://me:{quote(text, safe='')}@host/path?x=1",
    lambda text: repr({"key": text}),
    lambda text: json.dumps([{"deep": {"er": text}}]),
    lambda text: f"curl -H 'Authorization: Bearer {text}'",
    lambda text: repr(text.encode()),
    lambda text: f'Traceback (most recent call last):\n  File "x.py", line 1\nKeyError: {text!r}',
    lambda text: text.encode().hex(),
]
CANARIES = [f"canary-{number:02d}/p&ss+wörd<{number * 7919:06d}>" for number in range(40)]
WRITTEN = [FORMS[number % len(FORMS)](canary) for number, canary in enumerate(CANARIES)]
VAULT = Vault({f"S{number}": canary for number, canary in enumerate(CANARIES)})


def leaked(text):
    """Return the canaries that a text holds in any form."""
    return [canary for canary in CANARIES if Vault({"s": canary}).mask(text) != text]


def texts(value):
    """Return every text in plain data, one a line."""
    if isinstance(value, dict):
        return "\n".join(texts(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return "\n".join(map(texts, value))
    return str(value)


def leaky():
    """Return a run whose every text is full of canaries."""
    every = " | ".join(WRITTEN)
    story = Story(workflow=every)
    tell = story.tell
    error = failure(every, every, detail={"deep": every}, place=every, traceback=every, log=every)
    tell(RunStarted, 0, file=every)
    for number, written in enumerate(WRITTEN):
        path = f"s{number} {written}".replace("/", "|")
        tell(StepStarted, 0, path=path)
        tell(StepAttemptFailed, 1, path=path, attempt=1, error=error, retry_at=EPOCH + 2)
        tell(StepStarted, 2, path=path, attempt=2)
        tell(StepFailed, 3, path=path, attempts=2, error=error)
    tell(StepSkipped, 3, path="skipped", reason=every, because=every)
    tell(StepCancelled, 3, path="cancelled", reason=every)
    tell(MapExpanded, 3, path="map", count=0)
    tell(MapCompleted, 4, path="map", status="failed", error=error, counts={every: 1})
    one, two, *_ = WRITTEN
    tell(EventReceived, 4, id="e", event=one, source=two, data={one: two})
    tell(StepWaits, 4, path="asked", what="approval", event=one, prompt=two, who=[one])
    tell(ApprovalGiven, 4, path="asked", approved=True, by=one, form={one: two})
    tell(StepCompleted, 4, path="asked", output={"winner": one})
    tell(RunCancelled, 4, reason=every)
    tell(RunCompleted, 5, status="failed", failures=[every], error=error)
    return story.events


@pytest.mark.uncounted
def test_the_check_itself_finds_every_canary_when_nothing_is_masked(receiver):
    export_run(leaky(), receiver.url)

    assert leaked(texts(receiver.spans())) == CANARIES


@pytest.mark.uncounted
@pytest.mark.parametrize("way", ["live", "later"])
def test_no_exported_field_holds_a_secret(receiver, way, monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"team={quote(CANARIES[0], safe='')}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", CANARIES[1])
    outline = Outline(uses={"skipped": CANARIES[2]})
    if way == "later":
        export_run(leaky(), receiver.url, mask=VAULT.mask, outline=outline)
    else:
        exporter = LiveExporter(
            Endpoint(f"{receiver.url}/v1/traces"), warn=pytest.fail, mask=VAULT.mask
        )
        exporter.describe("r1", outline)
        for event in leaky():
            exporter.feed(event)
        exporter.close()

    spans = receiver.spans()

    assert len(spans) == 40 * 3 + 6
    assert leaked(texts(spans)) == []


def test_spans_of_plugins_are_masked_too(receiver):
    exporter = LiveExporter(
        Endpoint(f"{receiver.url}/v1/traces"), warn=pytest.fail, mask=VAULT.mask
    )
    tracer = exporter.provider.get_tracer("a plugin")

    with tracer.start_as_current_span(f"call {CANARIES[0]}") as span:
        span.set_attribute("argv", ["curl", CANARIES[1]])
        span.set_attribute(CANARIES[5], 1)
        span.add_event(CANARIES[2], {"x": CANARIES[3]})
        span.record_exception(ValueError(CANARIES[4]))
    exporter.close()

    (sent,) = receiver.spans()
    assert sent["name"] == "call ***"
    assert leaked(texts(sent)) == []


def test_a_mask_that_fails_sends_nothing(receiver):
    said: list[str] = []

    def broken(text):
        raise RuntimeError("no mask")

    exporter = LiveExporter(Endpoint(f"{receiver.url}/v1/traces"), warn=said.append, mask=broken)
    for event in leaky()[:5]:
        exporter.feed(event)
    exporter.close()

    assert receiver.spans() == []
    assert "no mask" in said[0]


def test_the_page_holds_no_secret():
    text = page(fold(leaky()), mask=VAULT.mask, tails={"x": CANARIES[0]})

    assert leaked(html.unescape(text)) == []


@pytest.mark.parametrize("json_lines", [False, True])
def test_log_lines_hold_no_secret(json_lines):
    stream = io.StringIO()
    lines = LogLines(stream, json=json_lines, level="debug", mask=VAULT.mask)

    for event in leaky():
        lines.feed(event)
    for canary in WRITTEN:
        said = StepLogged(run="r1", path="s", level="info", text=canary, fields={canary: canary})
        lines.feed(said)

    text = stream.getvalue()
    assert len(text.splitlines()) > 160
    assert leaked(text) == []
