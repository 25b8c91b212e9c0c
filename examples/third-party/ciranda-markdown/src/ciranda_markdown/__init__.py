"""The plugin `markdown`: what the engine sees of it."""

from __future__ import annotations

from ciranda import hookimpl
from ciranda.actions import Action
from ciranda.expressions import Function
from ciranda.layer import Modifier

from .actions import contents, links, summary
from .headings import slug
from .layers import wrapped
from .settings import MarkdownSettings

__all__ = ["CIRANDA_API", "actions", "functions", "modifiers", "settings"]

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
