"""`ciranda consensus epoch`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "epoch",
    epilog=examples(
        "ciranda consensus epoch net/genesis.toml net-1",
        "ciranda consensus epoch net/genesis.toml net-1 --address 5f3a=10.0.0.9:7001",
        "ciranda consensus epoch net/genesis.toml net-1/genesis.toml --check",
    ),
)
@click.argument("genesis", metavar="SET", callback=options.not_empty,
                shell_complete=completing.files)  # fmt: skip
@click.argument("folder", metavar="FOLDER|SET...", nargs=-1, required=True,
                shell_complete=completing.folders)  # fmt: skip
@click.option("--check", is_flag=True, help="See that each SET follows from the one before it.")
@click.option("--address", "addresses", metavar="KEY=HOST:PORT", multiple=True,
              help="Where a validator that is new listens.")  # fmt: skip
@click.option("--blocks", type=click.IntRange(min=0), metavar="N",
              help="How many blocks the epoch has; 0 is no end.  [default: as before]")  # fmt: skip
@click.option("--solver", is_flag=True, help="Bind the epoch to the solver that is here.")
@options.json_option
@options.backend_option
def command(genesis: str, folder: tuple[str, ...], **given: Any) -> None:
    """Begin the next epoch where the last block of this one ended.

    SET is the `genesis.toml` of the epoch that is over. FOLDER gets that of the next one, the
    state that it begins with, and what shows that the old validators agreed on it. Who has the
    minimum stake in that state validates next; whoever took his stake out leaves. Every validator
    may make these files by itself: they come out the same, but for addresses.

    With `--check` the arguments are sets, one after the other, and nothing is asked of anybody:
    if you believe the first, you may believe the last.
    """
    from pathlib import Path

    from ciranda.errors import InputError

    from .succeeding import checked, made

    if given["check"]:
        rows = checked([Path(genesis), *map(Path, folder)])
    elif len(folder) != 1:
        raise InputError("an epoch is made in one FOLDER: `--check` takes several sets")
    else:
        rows = [
            made(
                Path(genesis), Path(folder[0]), given["backend"], addresses=given["addresses"],
                blocks=given["blocks"], solver=given["solver"],
            )
        ]  # fmt: skip
    if given["form"] == "json":
        from ciranda.cli.values import as_json

        screen.out(as_json(rows if given["check"] else rows[0]))
        return
    for one in rows:
        screen.out(
            f"{one['genesis']}: epoch {one['epoch']} of {one['chain']}, after block "
            f"{one['height']} ({one['after'][:16]}), {len(one['validators'])} validators"
        )
        for warning in one["warnings"]:
            screen.warn(warning)
