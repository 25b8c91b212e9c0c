"""OpenTelemetry's OTLP exporter, made when first used and kept from talking on stderr."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, final

from ciranda.errors import TraceError
from ciranda.observe.endpoint import shown_url

if TYPE_CHECKING:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import ReadableSpan

    from ciranda.observe.courier import Courier

__all__ = ["Wire"]

_LOGGER: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


class _Silence(logging.Filter):
    """Drops what the exporter logs in our threads; others may use it and want to hear."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: Final[set[int]] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is none of ours."""
        return record.thread not in self.threads


@final
class Wire:
    """Sends spans to one endpoint.

    Headers, certificates, compression and timeout are what the environment of the process says
    by `OTEL_EXPORTER_OTLP_*`.

    Args:
        url: What receives the spans.
        mask: Applied to every text of every span, at the last moment.
        timeout: Seconds for one batch with its retries, in place of what the environment says.
    """

    def __init__(
        self, url: str, mask: Callable[[str], str] | None = None, timeout: float | None = None
    ) -> None:
        self._url: Final = url
        self._mask: Final = mask
        self._timeout: Final = timeout
        self._exporter: OTLPSpanExporter | None = None
        self._courier: Courier | None = None
        self._silence: Final = _Silence()
        self._sending = False
        self._closed = False
        self._hurried = False

    def send(self, spans: Sequence[ReadableSpan]) -> int:
        """Send spans and return their number.

        Raises:
            TraceError: The endpoint did not take them.
        """
        if self._mask is not None:
            from ciranda.observe.masking import masked

            spans = [masked(span, self._mask) for span in spans]
        if not spans:
            return 0
        from opentelemetry.sdk.trace.export import SpanExportResult

        if self._closed:
            raise TraceError(f"{shown_url(self._url)} did not take the spans: {self.trouble}")
        if self._exporter is None:
            self._exporter = self._make()
        self._silence.threads.add(threading.get_ident())
        self._sending = True
        try:
            result = self._exporter.export(spans)
        finally:
            self._sending = False
        if result is not SpanExportResult.SUCCESS:
            why = self.trouble or "the spans cannot be encoded"
            raise TraceError(f"{shown_url(self._url)} did not take the spans: {why}")
        return len(spans)

    @property
    def trouble(self) -> str:
        """Why the last request failed; empty when it did not."""
        return "" if self._courier is None else self._courier.trouble

    def hurry(self) -> None:
        """Do not wait any longer for an endpoint where nobody listens."""
        self._hurried = True
        if self._courier is not None:
            self._courier.hurried = True
            if self._courier.unreachable:
                self.close()

    def close(self) -> None:
        """Break off what is under way; nothing can be sent any more."""
        if self._closed:
            return
        self._closed = True
        if self._exporter is not None:
            self._exporter.shutdown()  # type: ignore[no-untyped-call]  # theirs
            if not self._sending:  # a thread that hangs would say so much later
                logging.getLogger(_LOGGER).removeFilter(self._silence)

    def _make(self) -> OTLPSpanExporter:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        from ciranda.observe.courier import Courier

        logging.getLogger(_LOGGER).addFilter(self._silence)
        try:
            self._courier = Courier()
            self._courier.hurried = self._hurried
            return OTLPSpanExporter(
                endpoint=self._url, timeout=self._timeout, session=self._courier
            )
        except (OSError, ValueError) as error:  # a certificate, a number, a word of the environment
            raise TraceError(f"the exporter cannot be set up: {error}") from error
