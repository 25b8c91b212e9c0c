"""Ends programs whose engine was killed and could not do it itself."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, final

import anyio.to_thread

from ciranda.actions import resource

__all__ = ["Warden", "open_warden"]

# A shell, since one is there in a millisecond. It learns the numbers of process groups; when the
# engine is gone, whatever way it went, the pipe ends, and so do the groups that are still there.
_SCRIPT: Final = """
live=' '
while read -r sign group; do
  case $sign in
    +) live="$live$group " ;;
    -) case $live in *" $group "*) live="${live%% $group *} ${live#* $group }" ;; esac ;;
  esac
done
for group in $live; do kill -s KILL -- "-$group" 2>/dev/null; done
"""


@final
class Warden:
    """A small process that outlives the engine by the moment it needs.

    Args:
        process: The shell, with a pipe as its input; None where there is no shell.
    """

    def __init__(self, process: subprocess.Popen[bytes] | None) -> None:
        self._process: Final = process

    @contextmanager
    def watching(self, group: int) -> Iterator[None]:
        """Have a process group killed if this process dies within the block."""
        self._tell("+", group)
        try:
            yield
        finally:
            self._tell("-", group)

    def _tell(self, sign: str, group: int) -> None:
        if self._process is not None and self._process.stdin is not None:
            # Somebody may have killed the shell: then programs are as safe as without one.
            with contextlib.suppress(BrokenPipeError):
                os.write(self._process.stdin.fileno(), f"{sign} {group}\n".encode())


@resource(scope="engine")
@asynccontextmanager
async def open_warden() -> AsyncIterator[Warden]:
    """Start the shell when the first program runs, and let it go with the engine."""
    process = await anyio.to_thread.run_sync(_start)
    try:
        yield Warden(process)
    finally:
        if process is not None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_end, process)


def _start() -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,  # a Ctrl-C is for the engine
        )
    except OSError:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
