"""What a shell offers for the words of a command line."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING

import click

from ciranda.errors import CirandaError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["actions", "asking_steps", "files", "files_and_runs", "folders", "runs", "steps"]

_MOST = 20  # the newest runs; whoever means an older one looks it up


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a file."""
    return [_item(incomplete, kind="file")]


def folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a folder."""
    return [_item(incomplete, kind="dir")]


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete `last` and the ids of the newest runs; a store that cannot be read has none."""
    from ciranda.cli.history import opened

    try:
        with opened(ctx.params.get("store"), reading=True) as log:
            rows = log.runs(limit=_MOST)
    except CirandaError:  # a half-written line is no place to complain
        return []
    found = [_item("last", "the newest run"), *(_item(row.id, row.name) for row in rows)]
    return [item for item in found if item.value.startswith(incomplete)]


def files_and_runs(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete runs once a word begins like one, else files."""
    return (incomplete and runs(ctx, param, incomplete)) or files(ctx, param, incomplete)


def steps(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the steps of the run that the words before name."""
    from ciranda.cli.history import opened, pinned_workflow

    try:
        with opened(ctx.params.get("store"), reading=True) as log:
            names = list(pinned_workflow(log, log.run(ctx.params.get("run") or "last").id).steps)
    except CirandaError:
        return []
    return [_item(name) for name in names if name.startswith(incomplete)]


def asking_steps(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the steps that wait for approval in the run that the words before name."""
    from ciranda.cli.history import opened
    from ciranda.runs.waits import waits_of

    try:
        with opened(ctx.params.get("store"), reading=True) as log:
            waits = waits_of(log, log.run(ctx.params.get("run") or "last").id)
    except CirandaError:
        return []
    return [
        _item(path, asked.prompt)
        for path, asked in waits.open.items()
        if asked.what == "approval" and path.startswith(incomplete)
    ]


def actions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the actions that workflows of this project can use."""
    from ciranda.cli.installed import all_plugins

    try:
        with redirect_stderr(StringIO()):  # warnings of broken plugins are for other moments
            found = all_plugins().actions
    except CirandaError:
        return []
    return [
        _item(name, action.doc.strip().partition("\n")[0])
        for name, action in sorted(found.items())
        if name.startswith(incomplete)
    ]


def _item(value: str, text: str = "", *, kind: str = "plain") -> CompletionItem:
    from click.shell_completion import CompletionItem

    return CompletionItem(value, type=kind, help=text or None)
