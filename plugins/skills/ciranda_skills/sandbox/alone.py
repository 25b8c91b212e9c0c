"""A child with one thread: only such a one can change its namespaces and be confined."""

import os
import sys
import threading
import warnings

__all__ = ["fork_alone", "threads"]


def threads() -> int:
    """Return how many threads this process has, those that Python knows nothing of included."""
    if sys.platform != "linux":
        return threading.active_count()
    return os.stat("/proc/self/task").st_nlink - 2


def fork_alone() -> int:
    """Fork a child that does nothing but system calls; return as `os.fork` does.

    Libraries may begin threads in every child, as OpenTelemetry does for each exporter. Such a
    child only waits for one of its own, in which nothing begins, and ends as that one does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of our threads; it uses none
        pid = os.fork()
        if pid or threads() == 1:
            return pid
        threading.Thread.start = _never  # type: ignore[method-assign]  # in this child alone
        pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    return 0


def _never(self: threading.Thread) -> None:  # its name is that of a method
    """Begin no thread."""
