"""Traces out of a run: while it happens, or later from its log; the spans are the same."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from ciranda.errors import TraceError
from ciranda.events import Event, ForeignEvent, RunCompleted, RunStarted
from ciranda.observe.endpoint import Endpoint, endpoint_of, shown_url, traces_url
from ciranda.observe.outbox import Delivery, Outbox
from ciranda.observe.outline import Outline
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import Track
from ciranda.observe.wire import Wire

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

    from ciranda.observe.spans import Spans
    from ciranda.vault import Vault

__all__ = ["LiveExporter", "export_run", "live_exporter"]

_BATCH: Final = 512  # spans sent at once from a log

Mask = Callable[[str], str]
Warn = Callable[[str], None]


def live_exporter(
    environ: Mapping[str, str] = os.environ,
    *,
    mask: Mask | None = None,
    warn: Warn | None = None,
) -> LiveExporter | None:
    """Return what exports runs while they happen, or None when nobody asked for it.

    The standard variables decide (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SDK_DISABLED`, ...); one
    that cannot be used costs a warning, not the run.

    Args:
        environ: Where the variables are.
        mask: Takes secrets out of a text.
        warn: Told, at most once, in one sentence, that spans are lost.
    """
    warn = warn or logging.getLogger("ciranda.observe").warning
    try:
        endpoint = endpoint_of(environ)
    except TraceError as error:
        warn(f"no traces: {error}")
        return None
    return None if endpoint is None else LiveExporter(endpoint, mask=mask, warn=warn)


class _Ended(NamedTuple):
    """Something of which spans are to be made, in the exporter's thread."""

    timeline: Timeline
    segment: Segment
    track: Track | None
    outline: Outline | None


class _Carried(NamedTuple):
    """A span as a worker sent it."""

    data: Any


@final
class LiveExporter:
    """Makes spans of what has ended and sends them from a thread of its own.

    Feeding it costs microseconds, and it never raises: an endpoint that is slow, broken or gone
    means that spans are lost, counted, and told of in one sentence.

    Args:
        endpoint: Where spans go.
        mask: Takes secrets out of a text; applied to every text of every span.
        warn: Told, at most once, that spans are lost.
    """

    def __init__(self, endpoint: Endpoint, *, warn: Warn, mask: Mask | None = None) -> None:
        self.endpoint: Final = endpoint
        self._mask: Final = mask
        self._wire: Final = Wire(endpoint.url, self._masked)
        self._say: Final = warn
        self._outbox: Final = Outbox(
            self._deliver,
            self._warn,
            limit=endpoint.limit,
            batch=endpoint.batch,
            delay=endpoint.delay,
        )
        self._timelines: Final[dict[str, Timeline]] = {}
        self._outlines: Final[dict[str, Outline]] = {}
        self._vaults: tuple[Vault, ...] = ()  # replaced, not changed: another thread reads it
        self._spans: Spans | None = None
        self._provider: TracerProvider | None = None
        self._last_run = ""

    def describe(self, run: str, outline: Outline) -> None:
        """Tell which action each step of a run calls, before its first event."""
        self._outlines[run] = outline

    def hide(self, vault: Vault) -> None:
        """Keep secrets out of whatever is sent from now on, whichever run it belongs to."""
        if vault and vault not in self._vaults:
            self._vaults = (*self._vaults, vault)

    def prime(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Take in the log of a run before it is resumed: the resumed trace links to the old one.

        Spans that its last process left open are sent with the first event to come.
        """
        for event in events:
            timeline = self._timelines.get(event.run) or self._begin(event.run)
            timeline.prime([event])

    def feed(self, event: Event) -> None:
        """Take an event in; what it ends is queued for the exporter."""
        timeline = self._timelines.get(event.run)
        if timeline is None:
            if type(event) is not RunStarted:
                return
            timeline = self._begin(event.run)
        timeline.apply(event)
        if type(event) is RunCompleted:
            del self._timelines[event.run]
            self._outlines.pop(event.run, None)

    def adopt(self, data: Any) -> None:
        """Take in a span that a worker process sent as plain data."""
        self._outbox.put(_Carried(data))

    @property
    def provider(self) -> TracerProvider:
        """The tracer provider whose spans go the same way: `set_tracer_provider(it)`.

        With it, what plugins report by OpenTelemetry's own API is exported too, masked like
        everything else.
        """
        if self._provider is None:
            from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

            from ciranda.observe.spans import resource

            put = self._outbox.put

            class Queueing(SpanProcessor):
                def on_end(self, span: ReadableSpan) -> None:
                    put(span)

            self._provider = TracerProvider(resource=resource(), shutdown_on_exit=False)
            self._provider.add_span_processor(Queueing())
        return self._provider

    @property
    def delivery(self) -> Delivery:
        """How many spans arrived and how many were lost so far."""
        return self._outbox.delivery

    def close(self, timeout: float = 2.0) -> Delivery:
        """Send what waits, for at most `timeout` seconds, and say what became of all spans.

        An endpoint where nobody listens is given up at once.
        """
        self._wire.hurry()
        delivery = self._outbox.close(timeout)
        self._wire.close()
        return delivery

    def _begin(self, run: str) -> Timeline:
        timeline = self._timelines[run] = Timeline(
            lambda segment, track: self._ended(run, segment, track), keep_items=False
        )
        return timeline

    def _ended(self, run: str, segment: Segment, track: Track | None) -> None:
        worth = 1 if track is None else 1 + len(track.trials) + len(track.stops)
        self._last_run = run
        outline = self._outlines.get(run)
        self._outbox.put(_Ended(self._timelines[run], segment, track, outline), worth)

    # In the exporter's thread

    def _masked(self, text: str) -> str:
        for vault in self._vaults:
            text = vault.mask(text)
        return text if self._mask is None else self._mask(text)

    def _deliver(self, things: list[Any]) -> int:
        from ciranda.observe.carried import unpack
        from ciranda.observe.spans import Spans

        if self._spans is None:
            self._spans = Spans()
        found: list[ReadableSpan] = []
        for thing in things:
            if isinstance(thing, _Ended):
                found += self._spans.of(*thing)
            elif isinstance(thing, _Carried):
                with suppress(ValueError):  # a worker's nonsense: lost, and counted as that
                    found.append(unpack(thing.data, self._spans.sender))
            else:
                found.append(thing)
        return self._wire.send(found)

    def _warn(self, problem: str) -> None:
        run, trouble = self._last_run or "RUN", self._wire.trouble
        if trouble and trouble not in problem:
            problem = f"{problem} ({trouble})"
        self._say(
            f"traces are incomplete: {problem}; `ciranda trace {run} --otlp "
            f"{shown_url(self.endpoint.url)}` sends them later"
        )


def export_run(
    events: Iterable[Event | ForeignEvent],
    url: str,
    *,
    mask: Mask | None = None,
    outline: Outline | None = None,
    timeout: float = 10.0,
) -> int:
    """Send the traces of a run that is in the log; return the number of spans.

    What the run left open (its process was killed, or it still goes on) is sent as interrupted
    at its newest event.

    Args:
        events: The run's log.
        url: Where traces go; without a path, `/v1/traces` is added.
        mask: Takes secrets out of a text.
        outline: The workflow's steps.
        timeout: Seconds for each batch.

    Raises:
        TraceError: The URL is none, or the endpoint does not take the spans.
    """
    wire = Wire(traces_url(url), mask, timeout)
    from ciranda.observe.spans import Spans

    spans, waiting, sent = Spans(), list["ReadableSpan"](), 0

    def ended(segment: Segment, track: Track | None) -> None:
        nonlocal sent
        waiting.extend(spans.of(timeline, segment, track, outline))
        if len(waiting) >= _BATCH:
            sent += wire.send(waiting)
            waiting.clear()

    timeline = Timeline(ended, keep_items=False)
    try:
        for event in events:
            timeline.apply(event)
        timeline.interrupt()
        return sent + wire.send(waiting)
    finally:
        wire.close()
