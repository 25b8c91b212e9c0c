"""The three standard streams, whatever the caller closed, filled or walked away from."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

__all__ = ["for_result", "is_terminal", "is_unwritable", "prepare", "reader_gone", "silence"]

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF, errno.EFBIG})
_STANDARD: Final = (0, 1, 2)


def prepare() -> None:
    """Make the standard streams fit for use."""
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            # The next file opened would get this number, and a child would write into it.
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # never fail over a character


@contextmanager
def for_result() -> Iterator[None]:
    """Let the programs that Python code starts write to standard error only.

    Standard output is for the result, which is written after the block.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether a stream is a terminal that people look at."""
    return stream is not None and not stream.closed and stream.isatty()


def silence() -> None:
    """Send to nowhere what cannot be written: Python would complain of it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if _is_broken(stream):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def reader_gone() -> bool:
    """Say whether whoever read our output has left."""
    return any(_is_gone(stream) for stream in (sys.stdout, sys.stderr))


def is_unwritable(failure: OSError) -> bool:
    """Say whether the failure is that of a standard stream: a full disk, usually."""
    return failure.filename is None and failure.errno in _FULL


def _is_gone(stream: TextIO | None) -> bool:
    if stream is None:
        return False
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError):  # no file behind it
        return False


def _is_broken(stream: TextIO | None) -> bool:
    if stream is None or stream.closed:
        return False
    try:
        stream.flush()
    except OSError:
        return True
    return False
