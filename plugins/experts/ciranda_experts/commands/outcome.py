"""`ciranda experts outcome`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

from .review import by_option

__all__ = ["command"]


@click.command(
    "outcome",
    epilog=examples(
        "ciranda experts outcome payment-17 --was rejected",
        "ciranda experts outcome payment-17 --was approved --by 'the bank'",
    ),
)
@click.argument("judgement", metavar="ID", callback=options.not_empty)
@click.option(
    "--was",
    type=click.Choice(("approved", "rejected")),
    required=True,
    help="What would have been right.",
)
@click.option("--key", metavar="KEY", help="The intent's key, where its id is not its own.")
@by_option
@options.store_option
def command(judgement: str, was: str, key: str | None, by: str | None, store: str | None) -> None:
    """Say how a judged intent turned out: the council learns.

    ID is the id of the intent; of several judgements with this id the newest is meant.
    """
    from ciranda.events.judging import Verdict

    from .books import books, whoever

    with books(store) as opened:
        learned = opened.learning.learn(judgement, Verdict(was), by=whoever(by), key=key)
    screen.out(f"{judgement}: {was}" if learned.new else f"{judgement}: {was}, as was known")
    for expert in learned.fitted:
        screen.out(f"  the confidence of {expert} was fitted anew")
    if learned.threshold is not None:
        screen.out(f"  an approval needs a confidence of {learned.threshold.value:.4g} from now on")
    for change in learned.changes:
        screen.out(f"  {change.expert}: {change.what}, {change.former} to {change.latter}")
