"""Spans of steps inside of steps, of loops, waits and parked runs."""

from collections import Counter

from hypothesis import given, settings, strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from tests.effort import share
from tests.engine.observe.nested import parked, release, wild
from tests.engine.observe.story import EPOCH

from ciranda.observe.identity import Identity
from ciranda.observe.spans import Spans
from ciranda.observe.timeline import Timeline

SPANS = Spans()


def spans_of(events, *, keep=False):
    found: list[ReadableSpan] = []
    timeline = Timeline(
        lambda segment, track: found.extend(SPANS.of(timeline, segment, track)), keep_items=keep
    )
    for event in events:
        timeline.apply(event)
    timeline.interrupt()
    return found


def named(spans):
    return {span.name: span for span in spans}


def test_spans_hang_beneath_the_step_the_item_and_the_block_that_they_are_in():
    spans, identity = named(spans_of(release())), Identity("r1")

    for path, owner in (
        ("files/1", "files"),
        ("files/1/rows", "files/1"),
        ("files/1/rows/2", "files/1/rows"),
        ("pay/@catch0/tell", "pay"),
        ("poll/2", "poll"),
        ("@on-failure/mail", ""),
    ):
        parent = spans[path].parent
        assert parent is not None
        assert parent.span_id == identity.span(owner)
    assert spans["files/1/rows/2"].attributes["cicd.pipeline.task.name"] == "files/rows"
    assert spans["poll"].attributes["ciranda.loop.turns"] == 3
    assert spans["pay"].attributes["ciranda.block"] == "catch0"


def test_a_wait_is_a_span_of_its_own_without_what_was_filled_in():
    spans = spans_of(release())
    wait = named(spans)["wait for approval"]

    assert wait.attributes == {
        "ciranda.step.path": "agree",
        "ciranda.wait.for": "approval",
        "ciranda.wait.prompt": "Release it?",
        "ciranda.wait.who": ("ana", "bo"),
        "ciranda.wait.until": EPOCH + 60.5,
        "ciranda.approval.approved": True,
        "ciranda.approval.by": "ana",
    }
    assert wait.end_time - wait.start_time == 3_000_000_000
    assert "hidden-form" not in "".join(span.to_json() for span in spans)


def test_a_parked_run_ends_its_trace_and_the_next_one_links_to_it():
    spans = spans_of(parked())
    first, second = (span for span in spans if span.name == "workflow.run settlement")

    assert first.attributes["ciranda.parked"] is True
    assert "cicd.pipeline.result" not in first.attributes
    assert [link.context.span_id for link in second.links] == [first.context.span_id]
    ((name, source),) = [tuple(event.attributes.values()) for event in second.events]
    assert (name, source) == ("order.paid", "shop")
    assert "4111" not in "".join(span.to_json() for span in spans)


@settings(max_examples=share(120), deadline=None)
@given(st.integers(0, 100_000))
def test_every_span_of_a_wild_run_is_its_own_and_hangs_beneath_one_that_is_there(seed):
    spans = spans_of(wild(seed))
    ids = Counter((span.context.trace_id, span.context.span_id) for span in spans)

    assert max(ids.values()) == 1
    for span in spans:
        assert span.start_time <= span.end_time
        assert span.parent is None or (span.parent.trace_id, span.parent.span_id) in ids


@settings(max_examples=share(120), deadline=None)
@given(st.integers(0, 100_000))
def test_spans_are_the_same_whether_items_are_kept_or_not(seed):
    events = wild(seed)

    few, all_ = ([span.to_json() for span in spans_of(events, keep=k)] for k in (False, True))

    assert few == all_
