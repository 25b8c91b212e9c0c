"""`ciranda experts versions`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

from .review import by_option

__all__ = ["command"]

_expert = click.argument("expert", metavar="EXPERT", callback=options.not_empty)
_why = click.option("--why", default="", metavar="TEXT", help="Why.")


@click.command(
    "versions",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        "ciranda experts versions list",
        "ciranda experts versions rollback security --why 'rejects every deployment'",
    ),
)
def command() -> None:
    """Show which versions of experts count, or change it."""


@command.command(
    "list",
    epilog=examples(
        "ciranda experts versions list",
        "ciranda experts versions list -o json",
    ),
)
@options.store_option
@options.json_option
def list_(store: str | None, form: str) -> None:
    """List trials that run, and what happened to versions, the newest first."""
    import msgspec

    from ciranda.cli.runs import local
    from ciranda.cli.values import as_json, table

    from .books import books

    with books(store) as opened:
        trials = opened.learning.versions.trials()
        history = opened.learning.versions.history()
    if form == "json":
        found = {"trials": trials, "history": history}
        screen.out(as_json(msgspec.to_builtins(found)))
        return
    for trial in trials:
        screen.out(
            f"{trial.expert}: {trial.candidate} beside {trial.incumbent} for {trial.share:.0%}; "
            f"of {trial.pairs} outcomes it alone was right in {trial.wins}, wrong in {trial.losses}"
        )
    if not trials and not history:
        screen.say("no version was ever on trial")
    rows = [
        (local(one.at), one.expert, one.what, one.former, one.latter, one.by, one.why)
        for one in history
    ]
    if rows:
        for line in table(("at", "expert", "what", "from", "to", "by", "why"), rows):
            screen.out(line)


@command.command(
    "rollback",
    epilog=examples(
        "ciranda experts versions rollback security",
        "ciranda experts versions rollback security --why 'rejects every deployment'",
    ),
)
@_expert
@_why
@by_option
@options.store_option
def rollback(expert: str, why: str, by: str | None, store: str | None) -> None:
    """Go back to the version before the last promotion."""
    from .books import books, whoever

    with books(store) as opened:
        version = opened.learning.versions.rollback(expert, by=whoever(by), why=why)
    screen.out(f"{expert}: version {version} counts from now on")


@command.command(
    "stop",
    epilog=examples(
        "ciranda experts versions stop security",
        "ciranda experts versions stop security --why 'too slow'",
    ),
)
@_expert
@_why
@by_option
@options.store_option
def stop(expert: str, why: str, by: str | None, store: str | None) -> None:
    """End a trial; the version in use stays."""
    from .books import books, whoever

    with books(store) as opened:
        opened.learning.versions.stop(expert, by=whoever(by), why=why)
    screen.out(f"{expert}: the trial has ended")


@command.command(
    "trial",
    epilog=examples(
        "ciranda experts versions trial hours 2 --of 1",
        "ciranda experts versions trial hours 2 --of 1 --share 0.25",
    ),
)
@_expert
@click.argument("candidate", metavar="VERSION", callback=options.not_empty)
@click.option("--of", "incumbent", metavar="VERSION", required=True, help="The version in use.")
@click.option(
    "--share", type=click.FloatRange(0, 1, min_open=True), help="Of the intents, up to 1."
)
@by_option
@options.store_option
def trial(
    expert: str,
    candidate: str,
    incumbent: str,
    share: float | None,
    by: str | None,
    store: str | None,
) -> None:
    """Let another version judge beside the one in use, which alone counts meanwhile."""
    import anyio

    from .books import books, whoever

    known = anyio.run(_known, store)
    with books(store) as opened:
        begun = opened.learning.versions.begin(
            expert, candidate, incumbent=incumbent, share=share, by=whoever(by), known=known
        )
    screen.out(f"{expert}: {begun.candidate} is on trial for {begun.share:.0%} of the intents")


async def _known(store: str | None) -> dict[str, list[str]]:
    from ..looking import Looking
    from .session import session

    async with session(store, plugins=[Looking()]) as opened:
        return opened.versions
