"""`ciranda skills stats`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "stats",
    epilog=examples(
        "ciranda skills stats",
        "ciranda skills stats -o json",
        "ciranda skills stats --prometheus",
    ),
)
@click.option("--prometheus", is_flag=True, help="In Prometheus' text format.")
@options.json_option
def command(form: str, *, prometheus: bool) -> None:
    """Show how often the project's skills ran, how that ended, how long it took.

    Runs of workflows and of MCP clients count; times are medians by what a run found: no process
    (cold), one that was ready, or one that had served others (warm).
    """
    from pathlib import Path

    from ciranda.cli.values import as_json, table
    from ciranda.settings import project_root

    from .. import stats

    report = stats.read_report(project_root(Path.cwd()))
    told = stats.plain(report)
    if prometheus:
        screen.out(stats.prometheus(report).rstrip("\n"))
    elif form == "json":
        screen.out(as_json(told))
    elif not report.skills:
        screen.say("no skill ran in a workflow, or for an MCP client, yet")
    else:
        cells = [
            (
                name,
                str(each["runs"]),
                str(each["statuses"].get("ok", 0)),
                _shown(each["latency"].get("cold")),
                _shown(each["latency"].get("ready")),
                _shown(each["latency"].get("warm")),
                _share(each["cache"]["hit_rate"]),
            )
            for name, each in told["skills"].items()
        ]
        for line in table(("skill", "runs", "ok", "cold", "ready", "warm", "cached"), cells):
            screen.out(line)
        meters = {**told["meters"], "prefetch hit rate": _share(told["prefetch_hit_rate"])}
        said = [f"{name.replace('_', ' ')} {value}" for name, value in meters.items() if value]
        if said:
            screen.out(", ".join(said))


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _shown(latency: dict[str, float | None] | None) -> str:
    half = latency["p50"] if latency is not None else None
    return "" if half is None else f"{half * 1e3:.3g} ms"
