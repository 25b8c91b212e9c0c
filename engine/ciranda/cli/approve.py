"""`ciranda approve`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli.answering import answer, answer_options
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "approve",
    epilog=examples(
        "ciranda approve last",
        "ciranda approve 01k4 release --as ana --set version=1.2 --comment 'looks good'",
    ),
)
@answer_options
def command(run: str, step: str | None, **given: Any) -> None:
    """Say yes to a step that waits for approval.

    STEP is the step's path, the beginning of it or its last word; it may be left out where one
    step alone waits for approval. The first answer counts.
    """
    answer(run, step, approved=True, **given)
