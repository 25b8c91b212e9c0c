"""The way in and the only way out: whatever happens becomes a sentence and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from ciranda.cli import screen, streams
from ciranda.cli.commands import ciranda
from ciranda.cli.exits import Exit
from ciranda.errors import CirandaError, WorkflowError

__all__ = ["main"]

NAME = "ciranda"
_OBJECTS = 20_000  # made between two searches for garbage: imports make many and no garbage


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
    streams.prepare()
    signal.signal(signal.SIGTERM, _terminated)
    code = int(_outcome(list(sys.argv[1:] if arguments is None else arguments)))
    # What is still buffered may fail to be written, and that must show in the exit code.
    code = _finished(code)
    gc.freeze()  # Python would search all objects several times on its way out: 20 ms
    sys.exit(code)


def _terminated(signum: int, frame: object) -> NoReturn:
    raise SystemExit(Exit.TERMINATED)


def _outcome(arguments: list[str]) -> int:  # noqa: PLR0911  (one for each way to end)
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
            return Exit.INTERNAL
        return _internal(error)
    except Exception as error:  # the boundary of the process
        return _internal(error)
    return Exit.OK


def _finished(code: int) -> int:
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError as failure:
        gone = isinstance(failure, BrokenPipeError)
        if not gone:
            screen.error(f"the result cannot be written: {failure.strerror}")
        streams.silence()
        return code if gone or code else Exit.INTERNAL
    return code


def _mistaken(mistake: click.ClickException) -> int:
    if isinstance(mistake, click.exceptions.NoArgsIsHelpError):
        screen.say(mistake.format_message())
        return Exit.USAGE
    screen.error(mistake.format_message())
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

    screen.error(f"ciranda itself failed ({type(error).__name__}: {error}); {keep(error)}")
    return Exit.INTERNAL
