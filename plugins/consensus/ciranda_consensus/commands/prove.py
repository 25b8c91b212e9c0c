"""`ciranda consensus prove`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

from .options import validators_option

__all__ = ["command"]


@click.command(
    "prove",
    epilog=examples(
        "ciranda consensus prove sale-a7",
        "ciranda consensus prove sale-a7 --receipt proof.json",
        "ciranda consensus prove sale-a7 -o json | ciranda consensus verify -",
    ),
)
@click.argument("key", metavar="KEY", callback=options.not_empty)
@click.option(
    "--receipt",
    metavar="FILE",
    shell_complete=completing.files,
    help="Write the receipt there; `-` prints it.",
)
@validators_option
@options.store_option
@options.json_option
@options.backend_option
def command(key: str, receipt: str | None, **given: Any) -> None:
    """Show when an entry's KEY was used, or that it never was, with a receipt.

    The receipt is of the newest state that the validators have agreed on.
    """
    from ciranda.cli.values import as_json
    from ciranda.cli.written import write

    from ..hooks import LookUpRecord
    from .session import ask

    request = LookUpRecord(key=key, validators=given["validators"])
    found = ask(request, store=given["store"], backend=given["backend"])
    if receipt is not None:
        write(receipt, f"{as_json(found)}\n")
    if given["form"] == "json":
        if receipt != "-":
            screen.out(as_json(found))
        return
    height, until = found["state"]["height"], found["header"]["height"]
    said = f"`{key}` was not used" if height is None else f"`{key}` was used in block {height}"
    say = screen.say if receipt == "-" else screen.out
    say(f"{said}, as {found['header']['chain']} was after block {until}")
