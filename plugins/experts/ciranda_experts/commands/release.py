"""`ciranda experts release`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command("release", epilog=examples("ciranda experts release payment-17"))
@click.argument("transaction", metavar="ID", callback=options.not_empty)
@options.store_option
def command(transaction: str, store: str | None) -> None:
    """Free a transaction that a process was killed over.

    Whoever judges a transaction reserves its ID. A process that was killed could not give it
    back: the same step may take it up again, and for all others it is a double spend. Be sure
    that nobody judges it any more. What was approved stays spent.
    """
    from ..conservation.spent import State
    from ..intent.error import IntentError
    from ..intent.fields import read_transaction
    from .books import spent

    try:
        transaction = read_transaction(transaction, "ID")  # the form in which it is kept
    except IntentError as error:
        raise click.BadParameter(error.message) from None
    with spent(store) as opened:
        if opened.release(transaction):
            screen.out(f"{transaction} is free")
            return
        known = opened.state(transaction)
    if known is State.SPENT:
        raise click.ClickException(f"transaction {transaction} was approved, and stays spent")
    raise click.ClickException(f"transaction {transaction} is not reserved: nothing to free")
