"""`ciranda consensus status`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

from .options import validators_option

if TYPE_CHECKING:
    from ..standing import Standing

__all__ = ["command"]


@click.command(
    "status",
    epilog=examples(
        "ciranda consensus status",
        "ciranda consensus status --validators net/genesis.toml -o json",
        "ciranda consensus status --validators net/genesis.toml --prometheus",
    ),
)
@click.option("--prometheus", is_flag=True, help="In Prometheus' text format.")
@validators_option
@options.store_option
@options.json_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Show how far each validator is, what it counted, and what somebody has to look at.

    Durations, shares and accuracy are of the last thousand blocks, as each validator keeps them
    beside its chain. The exit code is 1 if a validator does not answer.
    """
    import msgspec

    from ciranda.cli.values import as_json, table

    from ..hooks import LookUpValidators
    from .session import ask

    request = LookUpValidators(validators=given["validators"], figures=True)
    found = ask(request, store=given["store"], backend=given["backend"])
    if given["prometheus"]:
        from ..figures.prometheus import exposition

        screen.out(exposition(found).rstrip("\n"))
    elif given["form"] == "json":
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
        for line in _counted(found):
            screen.out(line)
        for one in found:
            for alert in one.figures.alerts if one.figures is not None else ():
                about = f" ({alert.about[:16]})" if alert.about else ""
                screen.warn(f"validator {one.seat}: {alert.kind.value}{about}: {alert.message}")
    ctx.exit(Exit.FAILED if any(one.fault for one in found) else Exit.OK)


def _counted(found: Sequence[Standing]) -> list[str]:
    from ciranda.cli.values import table

    titles = (
        "validator", "blocks", "entries", "proofs", "median", "signed", "earned", "waiting",
        "signatures known",
    )  # fmt: skip
    rows = [
        (
            str(one.seat),
            str(told.totals.blocks),
            str(told.totals.entries),
            str(told.totals.proofs),
            _while(told.durations.p50),
            _share(told.totals.signed.get(one.seat, 0), told.totals.blocks),
            str(told.totals.rewards.get(one.public, 0)),
            str(told.pool.get("waiting", 0)),
            _share(signatures.hits, signatures.hits + signatures.misses),
        )
        for one in found
        if (told := one.figures) is not None
        for signatures in (told.caches["signatures"],)
    ]
    return ["", *table(titles, rows)] if rows else []


def _while(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e3:.3g} ms"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""
