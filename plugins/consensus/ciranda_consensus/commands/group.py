"""The group `ciranda consensus`."""

from __future__ import annotations

import click

from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

from ..missing import require_library
from .anchor import command as anchor
from .audit import command as audit
from .epoch import command as epoch
from .incidents import command as incidents
from .init import command as init
from .node import command as node
from .prove import command as prove
from .simulate import command as simulate
from .status import command as status
from .submit import command as submit
from .verify import command as verify

__all__ = ["command"]


@click.command(
    "consensus",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        "ciranda consensus submit decision.json --receipts receipts",
        "ciranda consensus verify receipts/*.json",
        "ciranda consensus anchor last                  then: ciranda consensus audit last",
        "ciranda consensus init net --validators 4      four validators of your own",
        "ciranda consensus node net/0                   run one of them",
        "ciranda consensus simulate --runs 100          break it, if you can",
    ),
)
def command() -> None:
    """Have several validators agree on what was decided, so that anybody can check it."""
    require_library()


for _each in (submit, verify, prove, anchor, audit, status, incidents, init, node, epoch, simulate):
    command.add_command(_each)
