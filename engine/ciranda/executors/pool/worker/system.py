"""The few system calls that Python does not wrap; quiet no-ops where Linux is not."""

import contextlib
import ctypes
import os
import signal
import sys
from typing import Final

from ...descendants import descendants  # relative: a worker has no `ciranda`

__all__ = ["adopt_orphans", "descendants", "die_with_parent", "kill"]

_PDEATHSIG: Final = 1
_SUBREAPER: Final = 36


_LIBC: Final = ctypes.CDLL(None)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux" and _LIBC.prctl(option, value, 0, 0, 0):
        raise OSError(f"prctl({option}, {value}) failed")


def die_with_parent(signum: int) -> None:
    """Ask the kernel to send `signum` to this process when its parent ends (Linux)."""
    _prctl(_PDEATHSIG, signum)


def adopt_orphans() -> None:
    """Make this process the parent of every orphan among its descendants (Linux)."""
    _prctl(_SUBREAPER, 1)


def kill(pid: int) -> None:
    """Send SIGKILL; a process that has gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
