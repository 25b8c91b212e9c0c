"""The end of a process and of all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import Any, Final

from ciranda.executors.descendants import descendants

__all__ = ["end_all"]

_ROUNDS: Final = 3  # what is killed may have started something meanwhile


def end_all(child: subprocess.Popen[Any]) -> None:
    """Kill a process that leads a session, and all that it started; wait for it."""
    for _ in range(_ROUNDS):
        if child.returncode is not None:  # its number may be somebody else's by now
            break
        for pid in [*descendants(child.pid), child.pid]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)
                os.kill(pid, signal.SIGKILL)
    child.wait()
