"""`ciranda show`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.cli.review import Review

__all__ = ["command"]

_MOST: Final = 20  # events of plugins that are shown to people


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
    from ciranda.cli.history import opened
    from ciranda.cli.review import review
    from ciranda.cli.values import as_json

    with opened(store, reading=True) as log:
        seen = review(log, log.run(run))
    if form == "json":
        screen.out(as_json(seen.plain()))
        return
    for line in _text(seen, [] if store is None else ["--store", store]):
        screen.out(line)


def _text(seen: Review, where: list[str]) -> Iterator[str]:
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
        for name, view in seen.steps.items()
    ]
    yield from table(("step", "status", "took", "attempts", ""), rows)
    if isinstance(seen.outputs, dict) and seen.outputs:
        yield from ("", "outputs:")
        yield from (f"  {line}" for line in lines_of(seen.outputs))
    if seen.published:
        yield from ("", "published:")
        yield from (f"  {local(one['at'])}  {_published(one)}" for one in seen.published[:_MOST])
        if len(seen.published) > _MOST:
            yield f"  and {len(seen.published) - _MOST} more: -o json tells all"
    for name, view in seen.steps.items():
        if view["error"] and view["error"].get("log"):
            yield from ("", f"{name} printed last:")
            yield from (f"  {line}" for line in view["error"]["log"].splitlines())
    if row.status not in ("succeeded", "running"):
        again = shlex.join(["ciranda", "resume", row.id, *where])
        yield from ("", f"`{again}` goes on with it")


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
    from ciranda.observe.spoken import tally

    if view["error"]:
        place = f" ({view['error']['place']})" if view["error"].get("place") else ""
        return f"{view['error']['kind']}: {view['error']['message']}{place}"
    if view["counts"]:
        return tally(view["counts"])
    return "from the cache" if view["cached"] else str(view["reason"])
