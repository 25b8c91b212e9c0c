"""`ciranda experts status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ..report.status import ExpertStatus, Status

__all__ = ["command"]


@click.command(
    "status",
    epilog=examples(
        "ciranda experts status",
        "ciranda experts status -o json",
        "ciranda experts status -o prometheus > /var/lib/node_exporter/ciranda.prom",
    ),
)
@options.store_option
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json", "prometheus"]),
    default="text",
    help="How the result is written.  [default: text]",
)
def command(store: str | None, form: str) -> None:
    """Show how the council is doing: latency, accuracy, alerts."""
    import msgspec

    from ciranda.cli.values import as_json

    from .books import books

    with books(store) as opened:
        found = opened.status()
        exposed = opened.prometheus() if form == "prometheus" else ""
    if form == "prometheus":
        screen.raw(exposed)
    elif form == "json":
        screen.out(as_json(msgspec.to_builtins(found)))
    else:
        for line in _lines(found):
            screen.out(line)


def _lines(status: Status) -> list[str]:
    from ciranda.cli.values import table
    from ciranda.observe.spoken import plural, spoken, tally

    figures = status.figures
    lines = [
        f"{plural(figures.count, 'judgement')} in the last {spoken(status.at - status.since)}"
        + (f": {tally(figures.verdicts)}" if figures.count else "")
    ]
    rows = [_row(expert) for expert in status.experts]
    if rows:
        titles = (
            "expert", "version", "answers", "approved", "rejected", "uncertain", "p50", "p95",
            "right",
        )  # fmt: skip
        lines += ["", *table(titles, rows), ""]
    lines.append(f"an approval needs a confidence of {status.threshold:.4g}")
    if status.crisis:
        lines.append(f"the council is in a crisis: {status.crises[-1].reason}")
    lines += [f"alert: {alert.message}" for alert in status.alerts]
    lines += [
        f"{trial.expert}: version {trial.candidate} is on trial beside {trial.incumbent}, "
        f"{plural(trial.pairs, 'outcome')} so far"
        for trial in status.trials
    ]
    if status.waiting:
        waiting = plural(status.waiting, "review")
        verb = "waits" if status.waiting == 1 else "wait"
        lines.append(f"{waiting} {verb} for a human: `ciranda experts review list`")
    lost = status.telemetry.get("dropped", 0) + status.telemetry.get("failed", 0)
    if lost:
        lines.append(f"{plural(lost, 'judgement')} could not be recorded")
    return lines


def _row(expert: ExpertStatus) -> tuple[str, ...]:
    from ..latency import shown

    figures = expert.figures
    verdicts = figures.verdicts
    newest = expert.accuracy[-1] if expert.accuracy else None
    return (
        expert.name,
        expert.version,
        f"{figures.count:,}",
        *(f"{verdicts.get(word, 0):,}" for word in ("approved", "rejected", "uncertain")),
        "" if figures.p50 is None else shown(figures.p50),
        "" if figures.p95 is None else shown(figures.p95),
        "" if newest is None else f"{newest.share:.1%} of {newest.count:,}",
    )
