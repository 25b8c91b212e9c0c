"""The plugin `markdown`: what the engine sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda import hookimpl
from ciranda.actions import Action
from ciranda.expressions import Function
from ciranda.layer import Modifier
from ciranda.workflow.loader import Loader

from .actions import contents, links, summary
from .headings import slug
from .layers import wrapped
from .runbooks import read_runbook
from .settings import MarkdownSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

__all__ = ["CIRANDA_API", "actions", "exporters", "functions", "loaders", "modifiers", "settings"]

CIRANDA_API = (1, 0)


@hookimpl
def settings() -> type[MarkdownSettings]:
    """Offer the section `[markdown]`."""
    return MarkdownSettings


@hookimpl
def actions(settings: MarkdownSettings) -> list[Action]:
    """Offer `markdown.contents`, `markdown.links` and `markdown.summary`."""
    return [contents, links(settings), summary]


@hookimpl
def modifiers() -> list[Modifier]:
    """Offer the layer `markdown.wrapped`."""
    return [wrapped]


@hookimpl
def functions() -> list[Function]:
    """Offer the function `heading_slug` for `${{ }}`."""
    doc = "What a heading is called in links to it."
    return [Function("heading_slug", slug, minimum=1, maximum=1, pure=True, doc=doc)]


@hookimpl
def loaders() -> dict[str, Loader]:
    """Read workflows out of Markdown files."""
    return {".md": Loader(read_runbook)}


@hookimpl
def exporters(settings: MarkdownSettings) -> dict[str, SpanExporter]:
    """Offer `markdown.ledger`, if the settings name its file."""
    if settings.ledger is None:
        return {}
    from .ledger import Ledger  # OpenTelemetry is imported by those who want it

    return {"markdown.ledger": Ledger(settings.ledger)}
