"""`ciranda test`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciranda.trials import TestFile, Verdict

__all__ = ["command"]


@click.command(
    "test",
    epilog=examples(
        "ciranda test flow.test.yaml",
        "ciranda test flows/*.test.yaml -k retry",
        "ciranda test flow.test.yaml -o junit > report.xml",
    ),
)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    callback=options.not_empty,
    shell_complete=completing.files,
)
@click.option("-k", "only", metavar="TEXT", default="", help="Cases whose name holds this text.")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    help="How the result is written.  [default: text]",
)
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], only: str, form: str) -> None:
    """Run the cases of test files, with stand-ins and in virtual time.

    A case is one run of a workflow whose actions are played by what the file says; sleeps and
    retries take no time. Exit code 1: something else came than was expected; 2: a file, or a case,
    is at fault.
    """
    from ciranda.cli.values import as_json
    from ciranda.trials.report import junit, plain

    began = time.perf_counter()
    tests = _read(ctx, files)
    verdicts = _tried(tests, only, shown=form == "text")
    seconds = time.perf_counter() - began
    if form == "json":
        screen.out(as_json(plain(verdicts, seconds)))
    elif form == "junit":
        screen.raw(junit(verdicts, seconds))
    else:
        _tell(verdicts, seconds)
    if not verdicts:
        screen.error(f"no case is called `{only}`")
        ctx.exit(Exit.USAGE)
    outcomes = {verdict.outcome for verdict in verdicts}
    ctx.exit(
        Exit.USAGE if "faulty" in outcomes else Exit.FAILED if "failed" in outcomes else Exit.OK
    )


def _read(ctx: click.Context, files: Sequence[str]) -> list[TestFile]:
    from ciranda.errors import Fault, WorkflowError
    from ciranda.trials import read_tests

    found: list[TestFile] = []
    faults: list[Fault] = []
    for file in files:
        try:
            found.append(read_tests(file))
        except WorkflowError as error:
            faults += error.faults
    if faults:
        screen.faults(faults)
        ctx.exit(Exit.USAGE)
    return found


def _tried(tests: Sequence[TestFile], only: str, *, shown: bool) -> list[Verdict]:
    from ciranda.settings import read_configuration
    from ciranda.trials import perform
    from ciranda.trials.report import MARKS

    configuration = read_configuration(Path.cwd())
    verdicts: list[Verdict] = []
    for file in tests:
        cases = [case for case in file.cases if only.casefold() in case.name.casefold()]
        if shown and cases:
            screen.raw(f"{file.file} ")
        for case in cases:
            verdicts.append(perform(file, case, configuration))
            if shown:
                screen.raw(MARKS[verdicts[-1].outcome])
                screen.flush()
        if shown and cases:
            screen.out()
    return verdicts


def _tell(verdicts: Sequence[Verdict], seconds: float) -> None:
    from ciranda.trials.report import details, summed

    for line in details(verdicts):
        screen.out(line)
    if verdicts:
        screen.out()
        screen.out(summed(verdicts, seconds))
