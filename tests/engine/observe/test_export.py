"""Spans at a real OTLP receiver in another process."""

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.engine.observe.story import EPOCH, Story, chance, resumed, settlement

from ciranda.events import RunCompleted, RunResumed, RunStarted, StepCompleted, StepStarted
from ciranda.observe.endpoint import Endpoint
from ciranda.observe.export import LiveExporter, export_run
from ciranda.observe.identity import Identity
from ciranda.observe.outline import Outline

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def live(receiver):
    """Send events while they happen; return the spans that arrive."""

    def send(events, primed=0, **options):
        said: list[str] = []
        exporter = LiveExporter(
            Endpoint(f"{receiver.url}/v1/traces", delay=0.01), warn=said.append, **options
        )
        exporter.prime(events[:primed])
        for event in events[primed:]:
            exporter.feed(event)
        delivery = exporter.close()
        assert (said, delivery.lost) == ([], 0)
        spans = receiver.spans()
        assert delivery.sent == len(spans)
        return spans

    return send


@pytest.fixture
def later(receiver):
    def send(events, **options):
        sent = export_run(events, receiver.url, **options)
        spans = receiver.spans()
        assert sent == len(spans)
        return spans

    return send


def by_id(spans):
    return {(span["trace"], span["id"]): span for span in spans}


def test_a_run_is_one_trace_with_a_span_a_step_and_a_child_an_attempt(later):
    spans = by_id(later(settlement(), outline=Outline(uses={"verify": "experts.verify"})))

    tree = sorted(
        (span["name"], spans[span["trace"], span["parent"]]["name"] if span["parent"] else "")
        for span in spans.values()
    )
    assert len({trace for trace, _ in spans}) == 1
    assert tree == sorted(
        [
            ("workflow.run settlement", ""),
            *((step, "workflow.run settlement") for step in ("load", "verify", "agree", "publish")),
            *((f"verify/{item}", "verify") for item in range(3)),
            *(
                ("attempt 1", step)
                for step in ("load", "verify/0", "verify/1", "verify/2", "agree")
            ),
            ("attempt 2", "verify/1"),
        ]
    )


def test_spans_carry_the_attributes_of_the_conventions_and_our_own(later):
    spans = later(settlement(), outline=Outline(uses={"verify": "experts.verify"}))
    found = {span["name"]: span for span in spans if not span["name"].startswith("attempt")}

    root = found["workflow.run settlement"]
    assert root["resource"]["service.name"] == "ciranda"
    assert root["resource"]["service.version"]
    assert root["attributes"] == {
        "cicd.pipeline.name": "settlement",
        "cicd.pipeline.run.id": "r1",
        "cicd.pipeline.result": "failure",
        "ciranda.file": "settlement.yaml",
        "ciranda.segment": 0,
        "ciranda.failures": ["agree"],
    }
    assert found["verify/0"]["attributes"] == {
        "cicd.pipeline.task.name": "verify",
        "cicd.pipeline.task.run.id": "r1:verify/0",
        "cicd.pipeline.task.run.result": "success",
        "cicd.pipeline.task.type": "experts.verify",
        "ciranda.step.path": "verify/0",
        "ciranda.step.attempts": 1,
        "ciranda.step.cached": True,
        "ciranda.waited.limit": 0.25,
    }
    assert found["publish"]["attributes"]["cicd.pipeline.task.run.result"] == "skip"
    assert found["publish"]["attributes"]["ciranda.skip.reason"] == "'agree' failed"
    assert found["verify"]["attributes"]["ciranda.map.failed"] == 1
    assert found["agree"]["attributes"]["error.type"] == "unavailable"
    assert (found["agree"]["status"], found["agree"]["message"]) == (
        2,
        "unavailable: 503 Service Unavailable",
    )
    assert found["load"]["status"] == 1
    retry = [["retry", round((EPOCH + 2) * 1e9)]]
    assert [event[:2] for event in found["verify/1"]["events"]] == retry


def test_attribute_names_are_those_of_the_semantic_conventions(later):
    from opentelemetry.semconv._incubating.attributes import cicd_attributes

    known = {value for name, value in vars(cicd_attributes).items() if name.startswith("CICD_")}

    used = {name for span in later(settlement()) for name in span["attributes"]}

    assert {name for name in used if name.startswith("cicd.")} <= known


def test_ids_are_computed_from_what_they_name(later):
    identity = Identity("r1")

    spans = by_id(later(settlement()))

    trace = f"{identity.trace:032x}"
    for path, attempt in (("", 0), ("verify/1", 0), ("verify/1", 2)):
        assert (trace, f"{identity.span(path, attempt):016x}") in spans


def test_a_failed_attempt_tells_of_its_exception(later):
    spans = by_id(later(settlement()))
    identity = Identity("r1")

    span = spans[f"{identity.trace:032x}", f"{identity.span('agree', 1):016x}"]

    ((name, _, attributes),) = span["events"]
    assert name == "exception"
    assert attributes == {
        "exception.type": "unavailable",
        "exception.message": "503 Service Unavailable",
        "exception.stacktrace": "Traceback (most recent call last):\nNoQuorum",
    }


def test_a_caller_with_a_trace_gets_the_run_into_it(later):
    story = Story().tell(RunStarted, 0, trace_parent=CALLER)
    story.tell(RunCompleted, 1, status="succeeded")

    (root,) = later(story.events)

    assert (root["trace"], root["parent"]) == (CALLER[3:35], CALLER[36:52])


def test_a_resumed_run_is_a_new_trace_that_links_to_the_old_one(later):
    spans = later(resumed())

    old, new = sorted(
        (span for span in spans if span["name"].startswith("workflow.run")),
        key=lambda span: span["start"],
    )
    assert old["trace"] != new["trace"]
    assert [link[:2] for link in new["links"]] == [[old["trace"], old["id"]]]
    assert (old["status"], old["message"]) == (2, "interrupted: its process ended first")
    assert old["end"] == round((EPOCH + 2) * 1e9)
    assert old["links"] == []


def test_the_process_that_resumes_ends_the_spans_that_the_killed_one_left_open(live, later):
    events = resumed()
    kill = next(at for at, event in enumerate(events) if isinstance(event, RunResumed))

    before = live(events[:kill])
    after = live(events, primed=kill)

    assert {span["name"] for span in before} == {"attempt 1", "load", "verify/0"}
    assert by_id(before) | by_id(after) == by_id(later(events))
    assert len(before) + len(after) == len(by_id(before) | by_id(after))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10_000))
def test_live_and_later_export_agree_and_every_span_is_closed_once_beneath_its_parent(
    live, later, seed
):
    events = chance(seed)
    if not isinstance(events[-1], RunCompleted):
        events.append(RunCompleted(run="r1", status="failed", at=events[-1].at))

    now, then = live(events), later(events)

    assert by_id(now) == by_id(then)
    assert len(now) == len(by_id(now))
    for (trace, _), span in by_id(now).items():
        if span["parent"]:
            around = by_id(now)[trace, span["parent"]]
            assert around["start"] <= span["start"] <= span["end"] <= around["end"]
        else:
            assert span["name"] == "workflow.run settlement"


def test_runs_at_the_same_time_do_not_mix(live):
    one, two = Story("r1", "one"), Story("r2", "two")
    for story in (one, two):
        story.tell(RunStarted, 0).tell(StepStarted, 0, path="a").tell(StepCompleted, 1, path="a")
        story.tell(RunCompleted, 1, status="succeeded")

    spans = live([event for pair in zip(one.events, two.events, strict=True) for event in pair])

    assert len(spans) == 6
    assert {span["name"] for span in spans if not span["parent"]} == {
        "workflow.run one",
        "workflow.run two",
    }


def test_a_name_of_the_environment_is_the_name_of_the_service(later, monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "payments")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=red")

    resource = later(settlement())[0]["resource"]

    assert (resource["service.name"], resource["team"]) == ("payments", "red")


def test_a_log_without_an_end_is_sent_up_to_its_last_event(later):
    spans = later(settlement()[:5])

    assert {span["name"] for span in spans} == {
        "workflow.run settlement",
        "load",
        "verify",
        "verify/0",
        "attempt 1",
    }
