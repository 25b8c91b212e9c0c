"""`ciranda consensus simulate`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "simulate",
    epilog=examples(
        "ciranda consensus simulate --runs 100",
        "ciranda consensus simulate --seed 42 --nodes 7",
        "ciranda consensus simulate --runs 1000 --nodes 4 -o json | jq .failures",
    ),
)
@click.option("--seed", type=click.IntRange(min=0), default=1, metavar="N",
              help="The first seed; each run has the next one.  [default: 1]")  # fmt: skip
@click.option("--nodes", type=click.IntRange(1, 1000), default=4, metavar="N",
              help="How many validators.  [default: 4]")  # fmt: skip
@click.option("--runs", type=click.IntRange(min=1), default=1, metavar="N",
              help="How many runs.  [default: 1]")  # fmt: skip
@options.json_option
@click.pass_context
def command(ctx: click.Context, /, seed: int, nodes: int, runs: int, form: str) -> None:
    """Run the protocol in a simulated network that does its worst, and check it at every step.

    Messages are lost, late, doubled and out of order, networks are cut, validators crash and come
    back, and some of them lie. The same seed is the same run, everywhere and for ever. The exit
    code is 1 if anything happened that must not.
    """
    import time

    import msgspec

    from ciranda.cli.values import as_json
    from ciranda.observe.spoken import plural, spoken

    from ..simulation import simulate

    begun = time.perf_counter()
    found = simulate(range(seed, seed + runs), nodes)
    took = time.perf_counter() - begun
    if form == "json":
        plain: dict[str, Any] = msgspec.to_builtins(found, enc_hook=repr)
        screen.out(as_json({**plain, "seconds": round(took, 3)}))
    else:
        screen.out(
            f"{plural(found.runs, 'run')} of {plural(nodes, 'validator')}: "
            f"{plural(found.blocks, 'block')} agreed on, {found.deliveries:,} deliveries checked"
        )
        for one in found.failures:
            screen.out(f"seed {one.seed}: {one.violation or 'nothing is agreed on any more'}")
        if not found.failures:
            screen.say(f"nothing happened that must not, in {spoken(took)}")
    ctx.exit(Exit.FAILED if found.failures else Exit.OK)
