"""What people read: results on standard output, everything else on standard error.

On a terminal nothing in the data can move the cursor or change colours; a pipe gets it as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from ciranda.cli.streams import is_terminal

if TYPE_CHECKING:
    from ciranda.errors import Fault

__all__ = ["error", "faults", "flush", "is_coloured", "out", "raw", "say", "speaks_unicode", "warn"]


def out(text: str = "") -> None:
    """Write lines of the result."""
    raw(f"{text}\n")


def raw(text: str) -> None:
    """Write a part of the result, without an end of line."""
    if sys.stdout is not None:
        sys.stdout.write(_safe(text, sys.stdout))


def flush() -> None:
    """Let a reader have what is written so far."""
    if sys.stdout is not None:
        sys.stdout.flush()


def say(text: str = "") -> None:
    """Write lines for a person, beside the result."""
    if sys.stderr is not None:
        sys.stderr.write(_safe(f"{text}\n", sys.stderr))
        sys.stderr.flush()


def warn(text: str) -> None:
    """Write what a person should look at, though nothing has failed."""
    _marked("Warning:", "33", text)


def error(text: str) -> None:
    """Write why the command ends without a result."""
    _marked("Error:", "31", text)


def faults(found: Iterable[Fault]) -> None:
    """Write every fault with its place, and how many there are."""
    known = list(found)
    for fault in known:
        say(fault.picture())
    files = list(dict.fromkeys(fault.file for fault in known if fault.file))
    where = f" in {files[0]}" if len(files) == 1 else ""
    error(f"{len(known)} fault{'' if len(known) == 1 else 's'}{where}")


def is_coloured(stream: TextIO | None) -> bool:
    """Say whether colours are wanted: on a terminal, unless NO_COLOR or TERM speak against it."""
    dumb = os.environ.get("TERM", "dumb") == "dumb"
    return is_terminal(stream) and not dumb and not os.environ.get("NO_COLOR")


def speaks_unicode() -> bool:
    """Say whether standard output can show more than ASCII."""
    encoding = (sys.stdout and sys.stdout.encoding) or "ascii"
    return encoding.lower().replace("-", "").startswith("utf")


def _marked(word: str, colour: str, text: str) -> None:
    if is_coloured(sys.stderr):
        sys.stderr.write(f"\x1b[{colour}m{word}\x1b[0m ")
        say(text)
    else:
        say(f"{word} {text}")


def _safe(text: str, stream: TextIO) -> str:
    if not is_terminal(stream):
        return text
    from ciranda.observe.visible import visible

    return "\n".join(visible(line) for line in text.split("\n"))
