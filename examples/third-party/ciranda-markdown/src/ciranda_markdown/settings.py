"""What a project says about its Markdown."""

from __future__ import annotations

from ciranda import Settings

__all__ = ["MarkdownSettings"]


class MarkdownSettings(Settings, section="markdown"):
    """The section `[markdown]` of `ciranda.toml`.

    Attributes:
        suffixes: Which files count as Markdown.
        ignore: Links that begin with one of these are not looked at.
    """

    suffixes: tuple[str, ...] = (".md", ".markdown")
    ignore: tuple[str, ...] = ("http://", "https://", "mailto:")
