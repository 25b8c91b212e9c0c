"""OpenTelemetry's OTLP exporter, made when first used and kept from talking on stderr."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, final

from ciranda.errors import TraceError
from ciranda.observe.endpoint import shown_url

if TYPE_CHECKING:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["Wire"]

_LOGGER: Final = "opentelemetry.exporter.otlp"


class _Ear(logging.Handler):
    """Keeps what the exporter says about a batch, in place of printing it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.reason = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reason of a failure; the exporter's last words only say that it gives up."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        for argument in arguments:
            if isinstance(argument, Exception):
                self.reason = _root_of(argument)
        self.reason = self.reason or record.getMessage().rpartition("reason: ")[2]


def _root_of(error: BaseException) -> str:
    """Return the words of the operating system, if they are behind an error, else its own."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error) or type(error).__name__


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
        self._ear: Final = _Ear()
        self._propagated = True
        self._closed = False

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

        if self._exporter is None:
            self._exporter = self._make()
        self._ear.reason = ""
        if self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            said = self._ear.reason
            if self._mask is not None:
                said = self._mask(said)
            raise TraceError(f"{shown_url(self._url)} did not take the spans: {said}")
        return len(spans)

    def close(self) -> None:
        """Break off what is under way; nothing can be sent any more."""
        if self._closed:
            return
        self._closed = True
        if self._exporter is not None:
            self._exporter.shutdown()  # type: ignore[no-untyped-call]  # theirs
            logger = logging.getLogger(_LOGGER)
            logger.removeHandler(self._ear)
            logger.propagate = self._propagated

    def _make(self) -> OTLPSpanExporter:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        from ciranda.observe.courier import Courier

        logger = logging.getLogger(_LOGGER)
        logger.addHandler(self._ear)
        self._propagated, logger.propagate = logger.propagate, False
        try:
            return OTLPSpanExporter(endpoint=self._url, timeout=self._timeout, session=Courier())
        except (OSError, ValueError) as error:  # a certificate, a number, a word of the environment
            raise TraceError(f"the exporter cannot be set up: {error}") from error
