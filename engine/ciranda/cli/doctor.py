"""`ciranda doctor`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "doctor",
    epilog=examples(
        "ciranda doctor",
        "ciranda doctor -o json",
    ),
)
@options.store_option
@options.json_option
@click.pass_context
def command(ctx: click.Context, store: str | None, form: str) -> None:
    """Check this installation and project.

    Each line is ok, warn or fail; with a fail the exit code is 1. What a sandbox can use is found
    out by trying it in a child process, not by asking for versions.
    """
    from ciranda.cli.checkup import checkup
    from ciranda.cli.values import as_json, table

    findings = checkup(store)
    if form == "json":
        screen.out(
            as_json(
                [
                    {"check": one.check, "level": one.level, "message": one.message}
                    for one in findings
                ]
            )
        )
    else:
        rows = [(one.level, one.check, one.message) for one in findings]
        for line in table(("", "check", ""), rows)[1:]:
            screen.out(line)
    if any(one.level == "fail" for one in findings):
        ctx.exit(Exit.FAILED)
