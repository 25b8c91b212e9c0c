"""Traces out of a run: while it happens, or later from its log; the spans are the same."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, final

from ciranda.errors import TraceError
from ciranda.events import Event, ForeignEvent, RunCompleted, RunStarted
from ciranda.observe.carrier import Carried, Carrier, Ended, Way
from ciranda.observe.endpoint import Endpoint, Queue, endpoint_of, shown_url, traces_url
from ciranda.observe.handed import Handed
from ciranda.observe.outbox import Delivery
from ciranda.observe.outline import Outline
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import Track
from ciranda.observe.wire import Wire

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

    from ciranda.vault import Vault

__all__ = ["LiveExporter", "export_run", "hand_over_run", "live_exporter"]

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


@final
class LiveExporter:
    """Makes spans of what has ended and sends them, each way out from a thread of its own.

    Feeding it costs microseconds, and it never raises: an endpoint that is slow, broken or gone
    means that spans are lost, counted, and told of in one sentence.

    Args:
        endpoint: Where spans go; None leaves it to what `add` names.
        mask: Takes secrets out of a text; applied to every text of every span.
        warn: Told, at most once for each way out, that spans are lost.
    """

    def __init__(
        self, endpoint: Endpoint | None = None, *, warn: Warn, mask: Mask | None = None
    ) -> None:
        self.endpoint: Final = endpoint
        self._mask: Final = mask
        self._say: Final = warn
        self._carriers: tuple[Carrier, ...] = ()  # replaced, not changed: other threads read it
        self._left: tuple[Carrier, ...] = ()  # those that get nothing any more
        self._names: Final[dict[str, tuple[SpanExporter, Carrier]]] = {}
        self._timelines: Final[dict[str, Timeline]] = {}
        self._outlines: Final[dict[str, Outline]] = {}
        self._vaults: tuple[Vault, ...] = ()  # replaced, not changed: another thread reads it
        self._provider: TracerProvider | None = None
        self._last_run = ""
        if endpoint is not None:
            url = endpoint.url
            self._carriers = (
                Carrier(
                    Wire(url, self._masked),
                    lambda problem: self._warn(problem, f"--otlp {shown_url(url)}"),
                    limit=endpoint.limit,
                    batch=endpoint.batch,
                    delay=endpoint.delay,
                ),
            )

    def keep(self, exporters: Mapping[str, SpanExporter], queue: Queue) -> None:
        """Send to these exporters from now on, and to no other that was handed over before.

        Those that are left out get what waits for them when everything is closed.

        Args:
            exporters: Those of plugins, by name.
            queue: How many things may wait for each of them.
        """
        for name, (exporter, carrier) in list(self._names.items()):
            if exporters.get(name) is not exporter:
                del self._names[name]
                self._carriers = tuple(one for one in self._carriers if one is not carrier)
                self._left = (*self._left, carrier)
        for name, exporter in exporters.items():
            if name not in self._names:
                carrier = self._handed(name, exporter, queue)
                self._names[name] = exporter, carrier
                self._carriers = (*self._carriers, carrier)

    def _handed(self, name: str, exporter: SpanExporter, queue: Queue) -> Carrier:
        way = Handed(name, exporter, self._masked)
        return Carrier(
            way,
            lambda problem: self._warn(problem, f"--exporter {name}"),
            limit=queue.limit,
            batch=queue.batch,
            delay=queue.delay,
            finish=way.finish,
            late=f"the exporter '{name}' does not take them in time",
        )

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
        self._put(Carried(data))

    @property
    def provider(self) -> TracerProvider:
        """The tracer provider whose spans go the same way: `set_tracer_provider(it)`.

        With it, what plugins report by OpenTelemetry's own API is exported too, masked like
        everything else.
        """
        if self._provider is None:
            from opentelemetry.sdk.trace import TracerProvider

            from ciranda.observe.spans import resource

            self._provider = TracerProvider(resource=resource(), shutdown_on_exit=False)
            self._provider.add_span_processor(self.processor())
        return self._provider

    def processor(self) -> SpanProcessor:
        """Return what sends the spans of another tracer provider the same way."""
        from opentelemetry.sdk.trace import SpanProcessor

        put = self._put

        class Queueing(SpanProcessor):
            def on_end(self, span: ReadableSpan) -> None:
                put(span)

        return Queueing()

    @property
    def delivery(self) -> Delivery:
        """How many spans arrived and how many were lost so far, of all ways out."""
        return _together(one.delivery for one in (*self._carriers, *self._left))

    def close(self, timeout: float = 2.0) -> Delivery:
        """Send what waits, for at most `timeout` seconds, and say what became of all spans.

        An endpoint where nobody listens is given up at once.
        """
        carriers = (*self._carriers, *self._left)
        for carrier in carriers:
            carrier.hasten()
        end = time.monotonic() + timeout
        return _together(one.close(max(0.0, end - time.monotonic())) for one in carriers)

    def _begin(self, run: str) -> Timeline:
        timeline = self._timelines[run] = Timeline(
            lambda segment, track: self._ended(run, segment, track), keep_items=False
        )
        return timeline

    def _ended(self, run: str, segment: Segment, track: Track | None) -> None:
        worth = 1 if track is None else 1 + len(track.trials) + len(track.stops)
        self._last_run = run
        outline = self._outlines.get(run)
        self._put(Ended(self._timelines[run], segment, track, outline), worth)

    def _put(self, thing: Any, spans: int = 1) -> None:
        for carrier in self._carriers:
            carrier.put(thing, spans)

    # In the threads of the carriers

    def _masked(self, text: str) -> str:
        for vault in self._vaults:
            text = vault.mask(text)
        return text if self._mask is None else self._mask(text)

    def _warn(self, problem: str, to: str) -> None:
        run = self._last_run or "RUN"
        self._say(f"traces are incomplete: {problem}; `ciranda trace {run} {to}` sends them later")


def _together(deliveries: Iterable[Delivery]) -> Delivery:
    found = list(deliveries)
    return Delivery(sum(one.sent for one in found), sum(one.lost for one in found))


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
    try:
        return _sent(events, wire, outline)
    finally:
        wire.close()


def hand_over_run(
    events: Iterable[Event | ForeignEvent],
    name: str,
    exporter: SpanExporter,
    *,
    mask: Mask | None = None,
    outline: Outline | None = None,
) -> int:
    """Hand the traces of a run that is in the log to a plugin's exporter; return their number.

    Args:
        events: The run's log.
        name: What the exporter is called.
        exporter: It; it is shut down at the end.
        mask: Takes secrets out of a text.
        outline: The workflow's steps.

    Raises:
        TraceError: The exporter raised something, or does not take the spans.
    """
    way = Handed(name, exporter, mask)
    try:
        sent = _sent(events, way, outline)
    except TraceError:
        with suppress(TraceError):  # the first failure is the one to be told
            way.finish()
        raise
    way.finish()
    return sent


def _sent(events: Iterable[Event | ForeignEvent], way: Way, outline: Outline | None) -> int:
    from ciranda.observe.spans import Spans

    spans, waiting, sent = Spans(), list["ReadableSpan"](), 0

    def ended(segment: Segment, track: Track | None) -> None:
        nonlocal sent
        waiting.extend(spans.of(timeline, segment, track, outline))
        if len(waiting) >= _BATCH:
            sent += way.send(tuple(waiting))
            waiting.clear()

    timeline = Timeline(ended, keep_items=False)
    for event in events:
        timeline.apply(event)
    timeline.interrupt()
    return sent + way.send(tuple(waiting))
