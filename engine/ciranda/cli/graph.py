"""`ciranda graph`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.cli.nests import Standing
    from ciranda.workflow.model import Workflow

__all__ = ["command"]


@click.command(
    "graph",
    epilog=examples(
        "ciranda graph flow.yaml",
        "ciranda graph last --format mermaid",
        "ciranda graph flow.yaml --format dot | dot -Tsvg > flow.svg",
    ),
)
@click.argument(
    "target",
    metavar="FILE|RUN",
    callback=options.not_empty,
    shell_complete=completing.files_and_runs,
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "dot"]),
    default="text",
    help="A picture for a terminal, or text for Mermaid or Graphviz.  [default: text]",
)
@options.store_option
def command(target: str, form: str, store: str | None) -> None:
    """Draw which step of a workflow waits for which, and what is inside of steps.

    Of a run, each step has the mark of its status.
    """
    workflow, standing = _workflow(target, store)
    if form == "text":
        from ciranda.cli.lanes import draw

        for line in draw(workflow, standing, unicode=screen.speaks_unicode()):
            screen.out(line)
        return
    from ciranda.cli.diagrams import dot, mermaid

    for line in (mermaid if form == "mermaid" else dot)(workflow, standing):
        screen.out(line)


def _workflow(target: str, store: str | None) -> tuple[Workflow, Standing]:
    from ciranda.cli.nests import Standing

    if Path(target).is_file() or target.endswith((".yaml", ".yml")) or "/" in target:
        from ciranda.calling import project_loaders
        from ciranda.workflow.load import load

        return load(target, loaders=project_loaders()), Standing()
    from ciranda.cli.history import opened, pinned_workflow
    from ciranda.cli.review import review

    with opened(store, reading=True) as log:
        row = log.run(target)
        seen = review(log, row)
        return pinned_workflow(log, row.id), Standing(seen.statuses(), seen.entered)
