"""`ciranda consensus anchor`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

from .options import validators_option

__all__ = ["command"]


@click.command(
    "anchor",
    epilog=examples(
        "ciranda consensus anchor last --receipt anchor.json",
        "ciranda consensus anchor last --validators net/genesis.toml -o json | jq .root",
    ),
)
@options.run_argument
@click.option(
    "--receipt",
    metavar="FILE",
    shell_complete=completing.files,
    help="Write the receipt there; `-` prints it.",
)
@click.option("--patience", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="Give up after so long without a block.  [default: 30]")  # fmt: skip
@validators_option
@options.store_option
@options.json_option
@options.backend_option
def command(run: str, receipt: str | None, **given: Any) -> None:
    """Have the event log of RUN agreed on, so that `audit` names what is changed later.

    RUN is the run's id, a start of it that is unambiguous, or `last`. A run that went on since is
    anchored again; one that did not is answered with the same receipt.
    """
    import msgspec

    from ciranda.cli.values import as_json
    from ciranda.cli.written import write
    from ciranda.observe.spoken import plural

    from ..anchor_hooks import AnchorRun
    from .session import ask, require_runs

    require_runs(given["store"])
    request = AnchorRun(run=run, validators=given["validators"], patience=given["patience"])
    found = ask(request, store=given["store"], backend=given["backend"])
    if receipt is not None:
        write(receipt, f"{as_json(found.receipt)}\n")
    if given["form"] == "json":
        if receipt != "-":
            screen.out(as_json(msgspec.to_builtins(found)))
        return
    say = screen.say if receipt == "-" else screen.out
    said = (
        f"{plural(found.size, 'event')} of run {found.run} are anchored in {found.chain}, "
        f"block {found.height}: root {found.root[:16]}"
    )
    if found.trust == "embedded":
        said += "; this process holds all keys, so it is only as good as this machine"
    say(said)
