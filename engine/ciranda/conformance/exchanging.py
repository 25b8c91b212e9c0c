"""What reads files and what takes spans: whether they do so, whatever they are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ciranda.conformance.examined import Examined, place_of
from ciranda.conformance.finding import Finding
from ciranda.errors import WorkflowError
from ciranda.workflow.opening import document_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

__all__ = ["exchange_rules"]

FILES: Final = "loader-files"
SPANS: Final = "exporter-spans"
# What files of any kind may hold by mistake: nothing, bytes, halves, much of one thing.
_FILES: Final = (
    b"",
    b"\n",
    b"\xff\xfe\x00\x80",
    b"\0" * 64,
    b"ciranda: 1\nsteps: {a: {run: 'true'}}\n",
    b'{"ciranda": 1',
    b"[" * 5000,
    b"# A heading\n\n```yaml\nciranda: 1\n",
    "Grüße: „1“\r\n".encode(),
    b"<a><b>",
)


def exchange_rules(one: Examined) -> Iterator[Finding]:
    """Yield loaders that raise what they should not, and exporters that do not take a span."""
    yield from _loaders(one)
    yield from _exporters(one)


def _loaders(one: Examined) -> Iterator[Finding]:
    loaders = one.plugins.loaders if one.plugins else {}
    if not loaders:
        yield Finding.skip(FILES, "it reads no files")
    for suffix, loader in loaders.items():
        place = place_of(loader.read)
        for data in _FILES:
            try:
                document_of(data, f"sample{suffix}", {suffix: loader}.get)
            except WorkflowError as error:
                wrong = next((each for each in error.faults if each.kind == "loader"), None)
                if wrong is not None:
                    said = f"`{suffix}` files: {wrong.message} for {data[:24]!r}; raise ValueError"
                    yield Finding.fail(FILES, said, place)
                    break


def _exporters(one: Examined) -> Iterator[Finding]:
    exporters = one.plugins.exporters if one.plugins else {}
    if not exporters:
        yield Finding.skip(SPANS, "it takes no spans")
    wanted = one.subject.samples.get("exporters", ())
    for name in wanted:
        if name not in exporters:
            yield Finding.fail(SPANS, f"there is no exporter `{name}` to try")
    for name, exporter in exporters.items():
        place = place_of(type(exporter))
        if name not in wanted:
            yield Finding.skip(SPANS, f"`{name}` is not among the exporters to try", place)
        elif said := _tried(exporter):
            yield Finding.fail(SPANS, f"`{name}` {said}", place)


def _tried(exporter: SpanExporter) -> str:
    """Return what is wrong with an exporter that gets a span and is ended."""
    from opentelemetry.sdk.trace.export import SpanExportResult

    try:
        result = exporter.export((_span(),))
    except Exception as error:  # of another author's code: it is what is looked for
        return f"raises {type(error).__name__}: {error}"
    if not isinstance(result, SpanExportResult):
        return f"answers {result!r}: return SpanExportResult.SUCCESS or FAILURE"
    try:
        exporter.shutdown()
    except Exception as error:  # as above
        return f"raises {type(error).__name__} in `shutdown`: {error}"
    return ""


def _span() -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, TraceFlags

    context = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return ReadableSpan(
        "workflow.run sample", context, attributes={"n": 1}, start_time=1, end_time=2
    )
