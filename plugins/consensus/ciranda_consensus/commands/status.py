"""`ciranda consensus status`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

from .options import validators_option

__all__ = ["command"]


@click.command(
    "status",
    epilog=examples(
        "ciranda consensus status",
        "ciranda consensus status --validators net/genesis.toml -o json",
    ),
)
@validators_option
@options.store_option
@options.json_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Show how far each validator is, and which do not answer.

    The exit code is 1 if one does not.
    """
    import msgspec

    from ciranda.cli.values import as_json, table

    from ..hooks import LookUpValidators
    from .session import ask

    request = LookUpValidators(validators=given["validators"])
    found = ask(request, store=given["store"], backend=given["backend"])
    if given["form"] == "json":
        screen.out(as_json(msgspec.to_builtins(found)))
    else:
        titles = ("validator", "key", "address", "height", "last block", "view", "peers", "")
        rows = [
            (
                str(one.seat),
                one.public[:16],
                one.address or "here",
                *(("-", "-", "-", "-", one.fault) if one.fault else (
                    str(one.height), one.tip[:16], str(one.view), str(one.peers), ""
                )),
            )
            for one in found
        ]  # fmt: skip
        for line in table(titles, rows):
            screen.out(line)
    ctx.exit(Exit.FAILED if any(one.fault for one in found) else Exit.OK)
