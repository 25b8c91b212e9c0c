"""Programs of the user that this package calls, such as git: with an end, and nobody to ask."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

__all__ = ["Completed", "OutputError", "complete", "find", "kept", "running"]

_LARGEST_FILE: Final = 1 << 30  # bytes, where the system can bound it from outside
_TOLD: Final = 1 << 16


class OutputError(Exception):
    """A program wrote more than it may."""


class Completed:
    """What a program came to.

    Attributes:
        code: Its exit code; negative for a signal.
        out: What it wrote.
        told: The last of its lines on stderr that are not blank.
    """

    def __init__(self, code: int, out: bytes, told: tuple[str, ...]) -> None:
        self.code: Final = code
        self.out: Final = out
        self.told: Final = told


def find(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the path of a program, if it is installed."""
    return shutil.which(name, path=environ.get("PATH", os.defpath))


def kept(
    environ: Mapping[str, str], names: Sequence[str], beginnings: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the variables that a program may see: these, and what leads through a proxy."""
    return {
        name: value
        for name, value in environ.items()
        if name in names or name.lower().endswith("_proxy") or name.startswith(beginnings or "\0")
    }


def complete(
    words: Sequence[str],
    within: Path,
    environ: Mapping[str, str],
    *,
    timeout: float,
    limit: int = _TOLD,
) -> Completed:
    """Run a program to its end.

    Args:
        words: The program's path and its arguments.
        within: Its folder.
        environ: All of its environment.
        timeout: Seconds.
        limit: Bytes that it may write.

    Raises:
        TimeoutError: It did not end; it was killed with all that it started.
        OutputError: It wrote too much.
        OSError: It cannot be started.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
        with running(words, within, environ, stdout=out, stderr=told) as process:
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                raise TimeoutError(f"did not end within {timeout:g} s") from None
        out.seek(0)
        found = out.read(limit + 1)
        if len(found) > limit:
            raise OutputError(f"writes more than {limit:,} bytes")
        return Completed(code, found, lines_of(told))


@contextlib.contextmanager
def running(
    words: Sequence[str],
    within: Path,
    environ: Mapping[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as the block goes on; then it ends with all that it started.

    Raises:
        OSError: It cannot be started.
    """
    process = subprocess.Popen(
        list(words),
        cwd=within,
        env=dict(environ),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )
    try:
        _bound(process.pid)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # a pipe that nobody reads any more
                    stream.close()
        process.wait()


def _bound(pid: int) -> None:
    import resource

    setter = getattr(resource, "prlimit", None)
    if setter is not None:
        with contextlib.suppress(OSError):  # it has ended
            setter(pid, resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))


def lines_of(told: IO[bytes]) -> tuple[str, ...]:
    """Return the lines of a file that are not blank, without what a terminal obeys."""
    told.seek(0)
    text = told.read(_TOLD).decode(errors="replace")
    clean = ("".join(c if c.isprintable() else "?" for c in line) for line in text.splitlines())
    return tuple(line.strip() for line in clean if line.strip())
