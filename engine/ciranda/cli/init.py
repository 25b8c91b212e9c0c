"""`ciranda init`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]

WORKFLOW: Final = "workflow.yaml"
SCHEMA: Final = "workflow.schema.json"

# Each line of it is tried by a test.
TEXT: Final = """\
# yaml-language-server: $schema=workflow.schema.json
ciranda: 1
name: first
description: Count the words of a text, twice.

# What a run can be given: `ciranda run workflow.yaml -i text='to be or not to be'`.
# Without a default an input must be given.
inputs:
  text: {type: string, default: the quick brown fox, description: What to count.}
  least: {type: integer, default: 3, minimum: 0}

# What steps start from that do not say it themselves.
defaults: {timeout: 30s}

# Steps form a graph: one that reads another's output waits for it, the rest runs side by side.
steps:
  words:
    run: [wc, -w]                       # a program and its arguments; no shell
    stdin: ${{ inputs.text }}
    parse: json                         # its output as data: `steps.words.output.data`

  letters:
    run: [wc, -c]
    stdin: ${{ inputs.text }}
    parse: json
    retry: {attempts: 3, backoff: 200ms}  # again if it fails, with growing pauses

  # A condition; `validate` says what is wrong with it before anything runs.
  praise:
    if: steps.words.output.data >= inputs.least
    run: [echo, "${{ steps.words.output.data }} words are plenty"]

# What a run gives back. `??` stands in for what a skipped step does not have.
outputs:
  words: ${{ steps.words.output.data }}
  letters: ${{ steps.letters.output.data }}
  said: ${{ steps.praise.output.stdout ?? 'too short' }}
"""


@click.command(
    "init",
    epilog=examples(
        "ciranda init",
        "ciranda init flows",
    ),
)
@click.argument(
    "folder",
    metavar="[FOLDER]",
    default=".",
    callback=options.not_empty,
    shell_complete=completing.folders,
)
def command(folder: str) -> None:
    """Write a small commented workflow to start from.

    FOLDER, the working directory if left out, gets `workflow.yaml` and beside it the schema by
    which editors complete and check it. A file that exists is left as it is.
    """
    from ciranda.cli.schema import schema_text

    root = Path(folder)
    if root.exists() and not root.is_dir():
        raise click.ClickException(f"{folder} is a file: name a folder")
    try:
        root.mkdir(parents=True, exist_ok=True)
        made = [
            _write(root / WORKFLOW, TEXT),
            _write(root / SCHEMA, schema_text()),
        ]
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise click.ClickException(f"{error.filename or root} cannot be written: {why}") from None
    if any(made):
        screen.say(f"try `ciranda run {shlex.quote(str(root / WORKFLOW))}`")


def _write(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as file:  # never over somebody's work
            file.write(text)
    except FileExistsError:
        screen.say(f"{path} exists and is left as it is")
        return False
    screen.say(f"wrote {path}")
    return True
