"""`ciranda validate`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "validate",
    epilog=examples(
        "ciranda validate flow.yaml",
        "ciranda validate flows/*.yaml -o json",
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
@options.json_option
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], form: str) -> None:
    """Check workflow files without running anything.

    All faults of all files are told at once, each with its line and a caret; what names mean and
    whether types fit is looked at in files whose keys and values are in order. Plugins that a
    file names are imported, for the types of their actions.
    """
    from ciranda.cli.checking import checked_file
    from ciranda.errors import CirandaError, Fault, WorkflowError

    found: dict[str, tuple[Fault, ...]] = {}
    for file in files:
        try:
            checked_file(file)
        except WorkflowError as error:
            found[file] = error.faults
        except CirandaError as error:  # a plugin that cannot be used
            found[file] = (getattr(error, "fault", None) or Fault(str(error), file),)
        else:
            found[file] = ()
    faults = [fault for each in found.values() for fault in each]
    if form == "json":
        _print_json(found)
    else:
        for file, wrong in found.items():
            if not wrong:
                screen.out(f"{file}: ok")
        if faults:
            screen.faults(faults)
    if faults:
        ctx.exit(Exit.USAGE)


def _print_json(found: dict[str, Any]) -> None:
    from ciranda.cli.values import as_json

    screen.out(
        as_json(
            [
                {
                    "file": file,
                    "ok": not faults,
                    "faults": [
                        {
                            "message": fault.message,
                            "line": fault.line,
                            "column": fault.column,
                            "hint": fault.hint,
                            "kind": fault.kind,
                        }
                        for fault in faults
                    ],
                }
                for file, faults in found.items()
            ]
        )
    )
