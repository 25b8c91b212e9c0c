"""`ciranda experts review`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import options, screen
from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ..learning.reviews import Review

__all__ = ["by_option", "command"]

_review = click.argument("review", metavar="ID", callback=options.not_empty)
_RIGHT = ("approved", "rejected")


def by_option(function: options.Decorated) -> options.Decorated:
    """Add `--by`."""
    text = "Who says so.  [default: your login]"
    return click.option("--by", metavar="NAME", help=text)(function)


@click.command(
    "review",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        "ciranda experts review list",
        "ciranda experts review resolve r0123456789 --verdict approved --note 'seen the invoice'",
    ),
)
def command() -> None:
    """Decide what the council is uncertain about; it learns from it."""


@command.command(
    "list",
    epilog=examples(
        "ciranda experts review list",
        "ciranda experts review list --all -o json",
    ),
)
@click.option("--all", "everything", is_flag=True, help="Those that are resolved, too.")
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=100, help="At the most.  [default: 100]"
)
@options.store_option
@options.json_option
def list_(everything: bool, limit: int, store: str | None, form: str) -> None:
    """List what waits for a human, the oldest first."""
    from ciranda.cli.runs import local
    from ciranda.cli.values import as_json, table

    from ..learning.reviews import ReviewStatus
    from .books import books

    with books(store) as opened:
        status = None if everything else ReviewStatus.OPEN
        found = opened.learning.reviews.items(status, limit=limit)
    if form == "json":
        screen.out(as_json([_plain(one) for one in found]))
        return
    if not found:
        screen.say("nothing waits for a human" if not everything else "there is no review yet")
        return
    rows = [
        (
            one.id,
            one.status.value,
            local(one.opened),
            str(one.asked),
            one.judgement.id or "-",
            one.judgement.reason,
            one.why,
        )
        for one in found
    ]
    titles = ("review", "status", "since", "asked", "intent", "reason", "")
    for line in table(titles, rows):
        screen.out(line)


@command.command(
    "show",
    epilog=examples(
        "ciranda experts review show r0123456789",
        "ciranda experts review show r0123456789 -o json",
    ),
)
@_review
@options.store_option
@options.json_option
def show(review: str, store: str | None, form: str) -> None:
    """Show an item: the intent, and what each expert said.

    ID is the id of the review, or as much of it as no other begins with.
    """
    from ciranda.cli.runs import local
    from ciranda.cli.values import as_json

    from ..explain import explained
    from .books import books

    with books(store) as opened:
        found = opened.learning.reviews.find(review)
    if form == "json":
        screen.out(as_json(_plain(found)))
        return
    screen.out(f"{found.id}: {found.status}, since {local(found.opened)}, asked {found.asked}x")
    if found.resolved is not None:
        note = f": {found.note}" if found.note else ""
        screen.out(f"  {found.status} by {found.by} on {local(found.resolved)}{note}")
    screen.out()
    source = found.source
    screen.out(source if isinstance(source, str) else as_json(source))
    screen.out()
    for line in explained(found.judgement):
        screen.out(line)


@command.command(
    "resolve",
    epilog=examples(
        "ciranda experts review resolve r0123456789 --verdict approved",
        "ciranda experts review resolve r0123456789 --verdict rejected --note 'unknown payee'",
    ),
)
@_review
@click.option("--verdict", type=click.Choice(_RIGHT), required=True, help="What is right.")
@click.option("--note", default="", metavar="TEXT", help="Why.")
@by_option
@options.store_option
def resolve(review: str, verdict: str, note: str, by: str | None, store: str | None) -> None:
    """Say what is right about an item, once and for all.

    ID is the id of the review, or as much of it as no other begins with.
    """
    from ciranda.events.judging import Verdict

    from .books import books, whoever

    with books(store) as opened:
        reviews = opened.learning.reviews
        one = reviews.find(review).id
        found = reviews.resolve(one, Verdict(verdict), by=whoever(by), note=note)
    screen.out(f"{found.id}: {found.status} by {found.by}")


def _plain(review: Review) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(review)
    return found
