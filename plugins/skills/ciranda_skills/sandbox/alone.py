"""A child with one thread: only such a one can change its namespaces and be confined."""

import os
import sys
import threading
import time
import warnings
from typing import Final

__all__ = ["fork_alone", "threads"]

_MOMENT: Final = 0.05  # seconds


def threads() -> int:
    """Return how many threads this process has, those that Python knows nothing of included."""
    if sys.platform != "linux":
        return threading.active_count()
    return os.stat("/proc/self/task").st_nlink - 2


def fork_alone() -> int:
    """Fork a child that does nothing but system calls; return as `os.fork` does.

    Libraries may begin threads in every child, as OpenTelemetry does: some that end at once, and a
    daemon for each exporter. A child with a daemon only waits for one of its own, in which none
    begins, and ends as that one does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of our threads; it uses none
        pid = os.fork()
        if pid or _settled():
            return pid
        threading.Thread.start = _start  # type: ignore[method-assign]  # in this child alone
        pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    _settled()
    return 0


def _settled() -> bool:
    """Wait a moment for threads that end; say whether ours is the only one."""
    end = time.monotonic() + _MOMENT
    while threads() > 1 and time.monotonic() < end:
        time.sleep(0.0005)
    return threads() == 1


_begin = threading.Thread.start


def _start(self: threading.Thread) -> None:  # its name is that of a method
    """Begin no daemon: nobody waits for one."""
    if not self.daemon:
        _begin(self)
