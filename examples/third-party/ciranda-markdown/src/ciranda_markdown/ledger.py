"""A line of Markdown for each run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

__all__ = ["Ledger"]


class Ledger(SpanExporter):
    """Appends a line for each run to a file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write a line for each span that is a whole run."""
        lines = [_line(span) for span in spans if span.name.startswith("workflow.run ")]
        if lines:
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(lines)
        return SpanExportResult.SUCCESS


def _line(span: ReadableSpan) -> str:
    attributes = span.attributes or {}
    seconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
    name, result = (attributes.get(f"cicd.pipeline.{key}", "?") for key in ("name", "result"))
    return f"- {name}: {result}, {seconds:.1f} s\n"
