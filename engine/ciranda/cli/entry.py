"""Whatever happens becomes a sentence and an exit code."""

from __future__ import annotations

import os

import click

from ciranda.cli import screen, streams
from ciranda.cli.commands import ciranda
from ciranda.cli.exits import Exit
from ciranda.errors import CirandaError, WorkflowError

__all__ = ["outcome"]

NAME = "ciranda"


def outcome(arguments: list[str]) -> int:  # noqa: PLR0911  (one for each way to end)
    """Carry out a command; return the exit code of the process."""
    try:
        if "_CIRANDA_COMPLETE" in os.environ:  # a shell asks for words; click answers and exits
            ciranda.main(arguments, prog_name=NAME)
        with ciranda.make_context(NAME, arguments) as context:
            ciranda.invoke(context)
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as mistake:
        return _mistaken(mistake)
    except (click.Abort, KeyboardInterrupt):
        screen.say("interrupted")
        return Exit.INTERRUPTED
    except WorkflowError as error:
        screen.faults(error.faults)
        return Exit.USAGE
    except CirandaError as error:
        screen.error(_sentence(error))
        return Exit.USAGE
    except OSError as error:
        if streams.reader_gone():  # `ciranda runs | head -1` has had enough
            return Exit.OK
        if streams.is_unwritable(error):
            screen.error(f"the result cannot be written: {error.strerror}")
            return Exit.USAGE
        return _internal(error)
    except Exception as error:  # the boundary of the process
        return _internal(error)
    return Exit.OK


def _mistaken(mistake: click.ClickException) -> int:
    if isinstance(mistake, click.exceptions.NoArgsIsHelpError):
        screen.say(mistake.format_message())
        return Exit.USAGE
    screen.error(" ".join(mistake.format_message().split()))
    context = getattr(mistake, "ctx", None)
    if context is not None:
        screen.say(f"Try `{context.command_path} --help`.")
    return Exit.USAGE


def _sentence(error: CirandaError) -> str:
    picture = getattr(error, "picture", None)  # expressions show the place
    notes = getattr(error, "__notes__", [])
    return "\n".join([picture() if picture is not None else str(error), *notes])


def _internal(error: Exception) -> int:
    from ciranda.cli.crash import keep

    screen.error(f"ciranda itself failed {keep(error)}")
    return Exit.INTERNAL
