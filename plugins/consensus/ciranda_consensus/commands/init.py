"""`ciranda consensus init`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "init",
    epilog=examples(
        "ciranda consensus init net",
        "ciranda consensus init net --validators 7 --chain payments --address 10.0.0.1:7001",
        "ciranda consensus init bank --application accounts --reserve 1000000",
    ),
)
@click.argument(
    "folder",
    metavar="FOLDER",
    callback=options.not_empty,
    shell_complete=completing.folders,
)
@click.option("--validators", "count", type=click.IntRange(1, 1000), default=4, metavar="N",
              help="How many.  [default: 4]")  # fmt: skip
@click.option("--chain", metavar="NAME", help="What the chain is called.  [default: FOLDER's name]")
@click.option("--address", metavar="HOST:PORT", default="127.0.0.1:7001",
              help="Where the first listens; each further one a port above."
              "  [default: 127.0.0.1:7001]")  # fmt: skip
@click.option("--stake", type=click.IntRange(min=1), default=1000, metavar="UNITS",
              help="What each has at stake.  [default: 1000]")  # fmt: skip
@click.option("--application", type=click.Choice(["records", "accounts"]), default="records",
              help="What is agreed on.  [default: records]")  # fmt: skip
@click.option("--reserve", type=click.IntRange(min=0), default=0, metavar="UNITS",
              help="What accounts may earn, all together.  [default: 0]")  # fmt: skip
@click.option("--blocks", type=click.IntRange(min=0), default=0, metavar="N",
              help="How many blocks the first epoch has; 0 is no end.  [default: 0]")  # fmt: skip
@options.json_option
def command(folder: str, **given: Any) -> None:
    """Make keys and settings for validators that run by themselves.

    FOLDER gets `genesis.toml`, which names the validators and is the same for all of them and for
    everybody who checks receipts, and a folder for each validator with its settings and its key,
    which only its owner may read. Give each validator's folder to whoever runs it, and keep none.
    """
    from pathlib import Path

    from ciranda.cli.values import as_json

    from .founding import found

    made = found(
        Path(folder),
        count=given["count"],
        chain=given["chain"],
        address=given["address"],
        stake=given["stake"],
        application=given["application"],
        reserve=given["reserve"],
        blocks=given["blocks"],
    )
    if given["form"] == "json":
        screen.out(as_json(made))
        return
    screen.out(f"{made['genesis']}: chain {made['chain']}, {len(made['validators'])} validators")
    for one in made["validators"]:
        screen.out(f"  {one['folder']}  {one['public'][:16]}  {one['address']}")
    screen.say(f"`ciranda consensus node {made['validators'][0]['folder']}` runs the first")
