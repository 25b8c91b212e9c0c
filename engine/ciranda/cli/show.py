"""`ciranda show`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.cli.parts import Part
    from ciranda.cli.review import Review

__all__ = ["command"]

_MOST: Final = 20  # events of plugins, waits and outputs of failed steps shown to people
_ROWS: Final = 300  # for what is inside of steps
_ITEMS: Final = 5  # of a map or a loop that have a row
_DEEPEST: Final = 8  # levels that are indented one by one


@click.command(
    "show",
    epilog=examples(
        "ciranda show last",
        "ciranda show 01k4 -o json | jq .steps.load.output",
    ),
)
@options.run_argument
@options.store_option
@options.json_option
def command(run: str, store: str | None, form: str) -> None:
    """Show what became of a run, step by step.

    RUN is the run's id, a start of it that is unambiguous, or `last`.
    """
    from ciranda.cli.history import events_of, opened
    from ciranda.cli.parts import parts_of
    from ciranda.cli.review import review
    from ciranda.cli.values import as_json

    with opened(store, reading=True) as log:
        seen = review(log, log.run(run))
        parts = parts_of(log, events_of(log, seen.row.id)) if seen.published else []
    if form == "json":
        screen.out(as_json(seen.plain()))
        return
    for line in _text(seen, parts, [] if store is None else ["--store", store]):
        screen.out(line)


def _text(seen: Review, parts: list[Part], where: list[str]) -> Iterator[str]:
    from ciranda.cli.runs import local
    from ciranda.cli.values import lines_of, table
    from ciranda.observe.spoken import spoken

    row = seen.row
    took = "" if row.finished is None else f" in {spoken(row.finished - row.created)}"
    yield f"run {row.id} of {row.name}: {row.status}{took}"
    yield f"began {local(row.created)}, file {row.file or '(none)'}"
    if seen.inputs:
        yield from ("", "inputs:")
        yield from (f"  {line}" for line in lines_of(seen.inputs))
    yield ""
    rows = [
        (name, view["status"], _seconds(view["duration"]), _attempts(view), _note(view))
        for name, view in _shown(seen)
    ]
    yield from table(("step", "status", "took", "attempts", ""), rows)
    yield from _waits(seen, where)
    yield from _parts(parts, where)
    if isinstance(seen.outputs, dict) and seen.outputs:
        yield from ("", "outputs:")
        yield from (f"  {line}" for line in lines_of(seen.outputs))
    if seen.published:
        yield from ("", "published:")
        yield from (f"  {local(one['at'])}  {_published(one)}" for one in seen.published[:_MOST])
        if len(seen.published) > _MOST:
            yield f"  and {len(seen.published) - _MOST} more: -o json tells all"
    failed = (one for one in seen.views() if one[1]["error"] and one[1]["error"].get("log"))
    for path, view in islice(failed, _MOST):
        yield from ("", f"{path} printed last:")
        yield from (f"  {line}" for line in view["error"]["log"].splitlines())
    if row.status not in ("succeeded", "running"):
        again = shlex.join(["ciranda", "resume", row.id, *where])
        yield from ("", f"`{again}` goes on with it")


def _shown(seen: Review) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what has a row: steps, those inside of them, items and turns that are worth a look."""
    room = _ROWS
    waiting = [(name, name, view) for name, view in seen.steps.items()][::-1]
    while waiting:
        path, name, view = waiting.pop()
        yield name, view
        inner = list((view["steps"] or {}).items())
        items = view["items"] or ()
        worth = (
            (str(number), item)
            for number, item in enumerate(items)
            if item["status"] in ("failed", "waiting") or (item["steps"] and len(items) <= _ITEMS)
        )
        inner += islice(worth, _ITEMS)
        if len(inner) > room:
            continue
        room -= len(inner)
        indent = "  " * min(len(path.split("/")), _DEEPEST)
        waiting += [(f"{path}/{one}", f"{indent}{one}", each) for one, each in reversed(inner)]


def _waits(seen: Review, where: list[str]) -> Iterator[str]:
    """Yield what is waited for, and the command that answers."""
    found = [(path, view["waits"]) for path, view in seen.views() if view["waits"]]
    if found:
        yield from ("", "waits:")
    for path, wait in found[:_MOST]:
        yield f"  {path}: {_awaited(wait)}"
        if wait["for"] == "approval":
            yield f"    {shlex.join(['ciranda', 'approve', seen.row.id, path, *where])}"
        elif wait["for"] == "event":
            yield f"    {shlex.join(['ciranda', 'emit', wait['event'], *where])}"
    if len(found) > _MOST:
        yield f"  and {len(found) - _MOST} more: -o json tells all"


def _parts(parts: list[Part], where: list[str]) -> Iterator[str]:
    """Yield the runs that steps began, and the command that shows each."""
    from ciranda.observe.visible import visible

    if parts:
        yield from ("", "runs of steps:")
    for part in parts[:_MOST]:
        again = shlex.join(["ciranda", "show", part.run, *where])
        known = "" if part.status == "pruned" else f": `{again}` shows it"
        yield f"  {part.path}: run {part.run} of {visible(part.name)}, {part.status}{known}"
    if len(parts) > _MOST:
        yield f"  and {len(parts) - _MOST} more: -o json tells all"


def _awaited(wait: dict[str, Any]) -> str:
    from ciranda.cli.runs import local

    until = "" if wait["until"] is None else f", until {local(wait['until'])}"
    if wait["for"] == "event":
        return f"the event {wait['event']}{until}"
    if wait["for"] == "approval":
        who = f" by {' or '.join(wait['who'])}" if wait["who"] else ""
        prompt = f": {wait['prompt']}" if wait["prompt"] else ""
        return f"approval{who}{prompt}{until}"
    return f"a time{until}"


def _published(event: dict[str, Any]) -> str:
    from ciranda.cli.values import cell
    from ciranda.observe.visible import visible

    fields = (
        f"{name}={visible(cell(event[name]))}" for name in event if name not in ("at", "type")
    )
    return " ".join((event["type"], *fields))


def _seconds(duration: float | None) -> str:
    from ciranda.observe.spoken import spoken

    return "" if duration is None else spoken(duration)


def _attempts(view: dict[str, Any]) -> str:
    return str(view["attempts"]) if view["attempts"] else ""


def _note(view: dict[str, Any]) -> str:
    from ciranda.observe.spoken import amounts

    used = f"used: {amounts(view['used'])}" if view["used"] else ""
    return "; ".join(one for one in (_reason(view), used) if one)


def _reason(view: dict[str, Any]) -> str:
    from ciranda.observe.spoken import plural, tally

    if view["error"]:
        place = f" ({view['error']['place']})" if view["error"].get("place") else ""
        return f"{view['error']['kind']}: {view['error']['message']}{place}"
    if view["counts"]:
        return tally(view["counts"])
    if view["turns"]:
        return plural(view["turns"], "turn")
    if view["answer"]:
        word = "approved" if view["answer"]["approved"] else "rejected"
        return f"{word} by {view['answer']['by']}"
    return "from the cache" if view["cached"] else str(view["reason"])
