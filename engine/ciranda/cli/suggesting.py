"""What a shell offers for names of plugins, rules and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ciranda.errors import CirandaError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["awaited_events", "plugins", "rules"]

_MOST = 5  # the newest runs that are looked into: each is read from its beginning


def plugins(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of installed plugins, or let the shell complete a path."""
    from ciranda.cli.completing import files
    from ciranda.discovery import ALWAYS, NAMED, discover

    named = [
        _item(one.name, f"{one.distribution} {one.version}")
        for one in sorted(discover(groups=(NAMED, ALWAYS)), key=lambda one: one.name)
        if one.name.startswith(incomplete)
    ]
    return named or files(ctx, param, incomplete)


def rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the rules that plugins keep."""
    from ciranda.conformance import RULES

    return [_item(one.id, one.wants) for one in RULES if one.id.startswith(incomplete)]


def awaited_events(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the events that steps of the newest open runs wait for."""
    from ciranda.cli.history import OPEN, opened
    from ciranda.runs.waits import waits_of

    found: dict[str, str] = {}
    try:
        with opened(ctx.params.get("store"), reading=True) as log:
            rows = [row for status in OPEN for row in log.runs(limit=_MOST, status=status)]
            for row in sorted(rows, key=lambda row: row.created, reverse=True)[:_MOST]:
                for path, asked in waits_of(log, row.id).open.items():
                    if asked.what == "event":
                        found.setdefault(asked.event, f"{path} of {row.name}")
    except CirandaError:
        return []
    return [_item(name, text) for name, text in found.items() if name.startswith(incomplete)]


def _item(value: str, text: str) -> CompletionItem:
    from click.shell_completion import CompletionItem

    return CompletionItem(value, help=text)
