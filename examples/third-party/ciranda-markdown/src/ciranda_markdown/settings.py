"""What a project says about its Markdown."""

from __future__ import annotations

from pathlib import Path

from ciranda import Settings

__all__ = ["MarkdownSettings"]


class MarkdownSettings(Settings, section="markdown"):
    """The section `[markdown]` of `ciranda.toml`.

    Attributes:
        suffixes: Which files count as Markdown.
        ignore: Links that begin with one of these are not looked at.
        ledger: The file that gets a line for each run; none does by default.
    """

    suffixes: tuple[str, ...] = (".md", ".markdown")
    ignore: tuple[str, ...] = ("http://", "https://", "mailto:")
    ledger: Path | None = None
