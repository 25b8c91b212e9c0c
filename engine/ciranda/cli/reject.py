"""`ciranda reject`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli.answering import answer, answer_options
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "reject",
    epilog=examples(
        "ciranda reject last --comment 'too early'",
        "ciranda reject 01k4 release --as ana",
    ),
)
@answer_options
def command(run: str, step: str | None, **given: Any) -> None:
    """Say no to a step that waits for approval.

    STEP is the step's path, the beginning of it or its last word; it may be left out where one
    step alone waits for approval. The first answer counts.
    """
    answer(run, step, approved=False, **given)
