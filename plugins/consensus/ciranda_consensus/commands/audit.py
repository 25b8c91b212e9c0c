"""`ciranda consensus audit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

from .options import validators_option

if TYPE_CHECKING:
    from ..audited import Audited

__all__ = ["command"]

_MOST: Final = 20  # faults that are shown to people
_EXIT_CODES = """

\b
Exit codes:
  0 all anchored events are as they were, 1 they are not, or there is no anchor, 2 the run, a
  receipt or the set cannot be read"""


@click.command(
    "audit",
    epilog=examples(
        "ciranda consensus audit last",
        "ciranda consensus audit 01k4 -o json | jq .faults",
        "ciranda consensus audit 01k4 --receipt anchor.json --validators net/genesis.toml",
    )
    + _EXIT_CODES,
)
@options.run_argument
@click.option(
    "--receipt",
    "receipts",
    metavar="FILE",
    multiple=True,
    shell_complete=completing.files,
    help="Compare with this receipt of an anchor, and do not ask the validators.",
)
@validators_option
@options.store_option
@options.json_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, run: str, receipts: tuple[str, ...], **given: Any) -> None:
    """Name every event of RUN that was changed, removed, inserted or moved since its anchors.

    RUN is the run's id, a start of it that is unambiguous, or `last`. The anchors are what the
    validators say, or what receipts say that their set signed: whatever the store says of them is
    not believed.
    """
    import msgspec

    from ciranda.cli.values import as_json

    from ..anchor_hooks import AuditRun
    from .reading import read_receipts
    from .session import ask, require_runs

    require_runs(given["store"])
    plain = [one.plain() for file in receipts for one in read_receipts(file)]
    request = AuditRun(run=run, validators=given["validators"], receipts=tuple(plain))
    found = ask(request, store=given["store"], backend=given["backend"])
    if given["form"] == "json":
        screen.out(as_json(msgspec.to_builtins(found)))
    else:
        for line in _lines(found):
            screen.out(line)
    ctx.exit(Exit.OK if found.ok else Exit.FAILED)


def _lines(found: Audited) -> Iterator[str]:
    from ciranda.observe.spoken import plural

    for one in found.anchors:
        keys = "one process holds all keys" if one.trust == "embedded" else "validators signed"
        yield (
            f"anchor {one.index}: {plural(one.size, 'event')}, {one.chain}, block {one.height}, "
            f"{one.weight} of {one.total} stake, {keys}"
        )
    for fault in found.faults[:_MOST]:
        yield f"{fault.kind.value}: {fault.message}"
    if len(found.faults) > _MOST:
        yield f"and {len(found.faults) - _MOST} more: -o json tells all"
    if found.ok:
        yield f"run {found.run}: all {plural(found.anchored, 'anchored event')} as they were"
    if found.anchors and found.later:
        yield f"{plural(found.later, 'event')} later than the last anchor: not anchored yet"
