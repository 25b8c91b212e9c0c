"""From a timeline to OpenTelemetry spans, with ids computed from what they name.

Names and attributes follow the semantic conventions for CI/CD (`cicd.pipeline.*`); what they have
no word for begins with `ciranda.`. Only this module and those that need the SDK import it; they
are imported when a run is exported.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event as SpanEvent, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AttributeValue

from ciranda.events import Failure
from ciranda.events.path import place
from ciranda.observe.identity import Identity
from ciranda.observe.outline import Outline
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import Attempt, Pause, State, Track

__all__ = ["Spans", "resource"]

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_RESULTS: Final = {
    State.SUCCEEDED: "success",
    State.FAILED: "failure",
    State.SKIPPED: "skip",
    State.CANCELLED: "cancellation",
    State.INTERRUPTED: "error",
}
_GONE: Final = "interrupted: its process ended first"

Attributes = dict[str, AttributeValue]


def resource() -> Resource:
    """Return what sends the spans: `ciranda` unless `OTEL_SERVICE_NAME` says otherwise."""
    found = Resource.create()
    if str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        found = found.merge(Resource({SERVICE_NAME: "ciranda"}))
    return found.merge(Resource({SERVICE_VERSION: _version()}))


def _version() -> str:
    try:
        return version("ciranda")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0"


class Spans:
    """Makes the spans of runs; nothing in them is masked yet.

    Args:
        sender: The resource that every span names.
    """

    def __init__(self, sender: Resource | None = None) -> None:
        self.sender: Final = sender or resource()
        self._scope: Final = InstrumentationScope("ciranda", _version())

    def of(
        self,
        timeline: Timeline,
        segment: Segment,
        track: Track | None,
        outline: Outline | None = None,
    ) -> Iterator[ReadableSpan]:
        """Yield the spans of something that has ended: a track and its attempts, or a segment."""
        identity = Identity(timeline.run, segment.index, timeline.parent)
        if track is None:
            yield self._segment(timeline, segment, identity)
            return
        for attempt in track.trials:
            yield self._attempt(track, attempt, identity)
        for number, pause in enumerate(track.stops, 1):
            yield self._pause(track, pause, number, identity)
        yield self._track(track, identity, outline)

    def _segment(self, timeline: Timeline, segment: Segment, identity: Identity) -> ReadableSpan:
        attributes: Attributes = {
            "cicd.pipeline.name": timeline.workflow,
            "cicd.pipeline.run.id": timeline.run,
            "ciranda.segment": segment.index,
        }
        if segment.state in _RESULTS:
            attributes["cicd.pipeline.result"] = _RESULTS[segment.state]
        else:
            attributes["ciranda.parked"] = True
        if timeline.file:
            attributes["ciranda.file"] = timeline.file
        if segment.warnings:
            attributes["ciranda.warnings"] = segment.warnings
        if segment.failures:
            attributes["ciranda.failures"] = segment.failures
        events = []
        if segment.cancelled is not None:
            at, reason = segment.cancelled
            events.append(SpanEvent("cancelled", {"ciranda.reason": reason}, _ns(at)))
        events += [
            SpanEvent("event", {"ciranda.event": name, "ciranda.source": source}, _ns(at))
            for at, name, source in segment.received
        ]
        message = f"failed: {', '.join(segment.failures)}"
        if segment.error is not None:
            message = _said(segment.error)
            attributes |= _error(segment.error)
        links = []
        if segment.index:
            before = Identity(timeline.run, segment.index - 1, timeline.parent)
            link: Attributes = {"ciranda.link": "resumes"}
            links.append(Link(_context(before, before.span()), link))
        parent = None
        if identity.caller is not None:
            parent = SpanContext(identity.trace, identity.caller, True, _SAMPLED)
        return ReadableSpan(
            name=f"workflow.run {timeline.workflow}",
            context=_context(identity, identity.span()),
            parent=parent,
            resource=self.sender,
            attributes=attributes,
            events=events,
            links=links,
            status=_status(segment.state, message),
            start_time=_ns(segment.start),
            end_time=_ns(segment.end or segment.last),
            instrumentation_scope=self._scope,
        )

    def _track(self, track: Track, identity: Identity, outline: Outline | None) -> ReadableSpan:
        step = place(track.path)
        attributes: Attributes = {
            "cicd.pipeline.task.name": step,
            "cicd.pipeline.task.run.id": f"{identity.run}:{track.path}{track.round}",
            "ciranda.step.path": track.path,
        }
        if track.state is State.WAITING:
            attributes["ciranda.parked"] = True
        else:
            attributes["cicd.pipeline.task.run.result"] = _result(track.state, track.error)
        uses = outline.uses.get(outline.folds.place(step)) if outline is not None else None
        if uses:
            attributes["cicd.pipeline.task.type"] = uses
        attempts = track.attempts
        if attempts:
            attributes["ciranda.step.attempts"] = attempts[-1].number
        if track.cached:
            attributes["ciranda.step.cached"] = True
        if track.tolerated:
            attributes["ciranda.step.tolerated"] = True
        if track.reason:
            skipped = track.state is State.SKIPPED
            attributes["ciranda.skip.reason" if skipped else "ciranda.reason"] = track.reason
        if track.because:
            attributes["ciranda.skip.because"] = track.because
        attributes |= _amounts(track)
        if track.error is not None:
            attributes |= _error(track.error)
        events = [_retry(attempt) for attempt in attempts if attempt.retry_at]
        return self._span(
            track.path,
            identity,
            identity.span(track.path, 0, track.round),
            identity.span(track.parent, 0, track.outer),
            attributes,
            events=events,
            status=_status(track.state, _said(track.error)),
            times=(track.start, track.end),
        )

    def _attempt(self, track: Track, attempt: Attempt, identity: Identity) -> ReadableSpan:
        attributes: Attributes = {
            "ciranda.step.path": track.path,
            "ciranda.attempt": attempt.number,
        }
        events = []
        if attempt.error is not None:
            attributes |= _error(attempt.error)
            told: Attributes = {
                "exception.type": attempt.error.kind,
                "exception.message": attempt.error.message,
            }
            if attempt.error.traceback:
                told["exception.stacktrace"] = attempt.error.traceback
            events.append(SpanEvent("exception", told, _ns(attempt.end or attempt.start)))
        return self._span(
            f"attempt {attempt.number}",
            identity,
            identity.span(track.path, attempt.number, track.round),
            identity.span(track.path, 0, track.round),
            attributes,
            events=events,
            status=_status(attempt.state, _said(attempt.error)),
            times=(attempt.start, attempt.end),
        )

    def _pause(self, track: Track, pause: Pause, number: int, identity: Identity) -> ReadableSpan:
        """Return the span of a wait: for what, until when, who ended it."""
        attributes: Attributes = {"ciranda.step.path": track.path, "ciranda.wait.for": pause.what}
        if pause.event:
            attributes["ciranda.wait.event"] = pause.event
        if pause.prompt:
            attributes["ciranda.wait.prompt"] = pause.prompt
        if pause.who:
            attributes["ciranda.wait.who"] = pause.who
        if pause.until is not None:
            attributes["ciranda.wait.until"] = pause.until  # seconds since the epoch
        if pause.approved is not None:
            attributes["ciranda.approval.approved"] = pause.approved
            attributes["ciranda.approval.by"] = pause.by
        return self._span(
            f"wait for {pause.event or pause.what}",
            identity,
            identity.wait(track.path, number, track.round),
            identity.span(track.path, 0, track.round),
            attributes,
            events=[],
            status=Status(StatusCode.UNSET),
            times=(pause.start, track.end if pause.end is None else pause.end),
        )

    def _span(
        self,
        name: str,
        identity: Identity,
        span: int,
        parent: int,
        attributes: Attributes,
        *,
        events: list[SpanEvent],
        status: Status,
        times: tuple[float, float | None],
    ) -> ReadableSpan:
        start, end = times
        return ReadableSpan(
            name=name,
            context=_context(identity, span),
            parent=_context(identity, parent),
            resource=self.sender,
            attributes=attributes,
            events=events,
            kind=SpanKind.INTERNAL,
            status=status,
            start_time=_ns(start),
            end_time=_ns(start if end is None else end),
            instrumentation_scope=self._scope,
        )


def _context(identity: Identity, span: int) -> SpanContext:
    return SpanContext(identity.trace, span, False, _SAMPLED)


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _status(state: State, message: str) -> Status:
    if state is State.FAILED:
        return Status(StatusCode.ERROR, message)
    if state is State.INTERRUPTED:
        return Status(StatusCode.ERROR, _GONE)
    return Status(StatusCode.OK if state is State.SUCCEEDED else StatusCode.UNSET)


def _said(error: Failure | None) -> str:
    return "" if error is None else f"{error.kind}: {error.message}"


def _result(state: State, error: Failure | None) -> str:
    if state is State.FAILED and error is not None and error.kind == "timeout":
        return "timeout"
    return _RESULTS.get(state, "error")


def _error(error: Failure) -> Attributes:
    found: Attributes = {"error.type": error.kind}
    if error.place:
        found["ciranda.place"] = error.place
    return found


def _amounts(track: Track) -> Attributes:
    """Return what a track used, waited for, and holds."""
    attributes: Attributes = {}
    for name, amount in track.used.items():
        attributes[f"ciranda.used.{name}"] = amount
    for name, seconds in track.waited.items():
        attributes[f"ciranda.waited.{name}"] = seconds
    if track.is_map:
        attributes["ciranda.map.count"] = track.count
        for state, number in (track.counts or {}).items():
            attributes[f"ciranda.map.{state}"] = number
    if track.turns:
        attributes["ciranda.loop.turns"] = track.turns
    if track.inner is not None and track.inner.block:
        attributes["ciranda.block"] = track.inner.block
    return attributes


def _retry(attempt: Attempt) -> SpanEvent:
    end = attempt.end or attempt.start
    return SpanEvent(
        "retry",
        {
            "ciranda.attempt": attempt.number,
            "ciranda.wait": round(max(0.0, attempt.retry_at - end), 6),  # seconds
            "error.type": attempt.error.kind if attempt.error is not None else "",
        },
        _ns(end),
    )
