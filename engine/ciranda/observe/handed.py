"""A plugin's exporter, with the words of our own: what it raises is told, and goes no further."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, final

from ciranda.errors import TraceError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

__all__ = ["Handed"]


@final
class Handed:
    """Hands spans to an exporter that somebody else wrote.

    Args:
        name: What the exporter is called.
        exporter: It; called by one thread at a time.
        mask: Applied to every text of every span, at the last moment.

    Attributes:
        trouble: Always empty: what is wrong is in what `send` raises.
    """

    def __init__(
        self, name: str, exporter: SpanExporter, mask: Callable[[str], str] | None = None
    ) -> None:
        self.name: Final = name
        self.trouble: Final = ""
        self._exporter: Final = exporter
        self._mask: Final = mask

    def send(self, spans: Sequence[ReadableSpan]) -> int:
        """Hand spans over and return their number.

        Raises:
            TraceError: The exporter raised something, or did not answer with success.
        """
        if not spans:
            return 0
        from opentelemetry.sdk.trace.export import SpanExportResult

        if self._mask is not None:
            from ciranda.observe.masking import masked

            spans = [masked(span, self._mask) for span in spans]
        try:
            result = self._exporter.export(spans)
        except BaseException as error:  # in a thread of ours SystemExit ends nothing but it
            raise self._raised(error) from error
        if result is not SpanExportResult.SUCCESS:
            answer = getattr(result, "name", None) or repr(result)
            raise TraceError(self._said(f"the exporter '{self.name}' answered {answer}"))
        return len(spans)

    def hurry(self) -> None:
        """Nothing is done faster for it."""

    def close(self) -> None:
        """Nothing is left to be closed: `finish` was called by the thread that sends."""

    def finish(self) -> None:
        """Let the exporter end what it has begun.

        Raises:
            TraceError: It raised something.
        """
        try:
            self._exporter.shutdown()
        except BaseException as error:  # as above
            raise self._raised(error) from error

    def _raised(self, error: BaseException) -> TraceError:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return TraceError(self._said(f"the exporter '{self.name}' raised {said}"))

    def _said(self, text: str) -> str:
        return text if self._mask is None else self._mask(text)
