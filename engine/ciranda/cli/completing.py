"""What a shell offers for the words of a command line."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING

import click

from ciranda.errors import CirandaError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ciranda.store import Log

__all__ = [
    "actions",
    "asking_steps",
    "files",
    "files_and_runs",
    "folders",
    "runs",
    "steps",
    "triggers",
]

_MOST = 20  # the newest runs; whoever means an older one looks it up
_FAR = 20_000  # events in which the items of a map are looked for
_ITEMS = 100  # of a map or a loop


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
    """Complete the steps of the run that the words before name, one level after the other."""
    from ciranda.cli.history import opened

    try:
        with opened(ctx.params.get("store"), reading=True) as log:
            names = _paths(log, log.run(ctx.params.get("run") or "last").id, incomplete)
    except CirandaError:
        return []
    return [_item(name) for name in names if name.startswith(incomplete)]


def _paths(log: Log, run: str, incomplete: str) -> list[str]:
    """Return the paths that stand one level below what is complete of a word."""
    from ciranda.cli.history import events_of, pinned_workflow
    from ciranda.events import LoopTurned, MapExpanded
    from ciranda.events.path import above, is_index, place
    from ciranda.observe.folds import Folds
    from ciranda.observe.outline import places

    typed = incomplete.rpartition("/")[0]
    workflow = pinned_workflow(log, run)
    known, folds = dict(places(workflow)), Folds(workflow)
    owner = folds.place(place(typed))
    if typed and owner in known and known[owner].repeats and not is_index(typed.rpartition("/")[2]):
        count = 0
        for event in islice(events_of(log, run), _FAR):
            if isinstance(event, MapExpanded) and event.path == typed:
                count = event.count
            elif isinstance(event, LoopTurned) and event.path == typed:
                count = event.turn + 1
        return [f"{typed}/{number}" for number in range(min(count, _ITEMS))]
    owner = folds.inside(owner)
    below = [name for name in known if above(name) == owner]
    return [name if not typed else f"{typed}/{folds.named(name, owner)}" for name in below]


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


def triggers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the triggers of the file that the words before name."""
    from ciranda.calling import project_loaders
    from ciranda.serve import names_of
    from ciranda.workflow.load import load

    file = ctx.params.get("file")
    try:
        found = names_of(load(file, loaders=project_loaders()).triggers) if file else []
    except CirandaError:
        return []
    return [_item(name) for name in found if name.startswith(incomplete)]


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
