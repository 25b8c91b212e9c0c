"""A process namespace: one process waits outside, one inside reaps, one does the work.

The one outside is the child that a pool's keeper knows: it ends as the worker ends, so the
keeper sees the worker's own status, and when it is killed its child, the first process inside,
gets the kernel's parent-death signal. With the first process inside everything there dies.
"""

import os
import resource
import signal
import struct
from typing import Final, NoReturn

from .descriptors import close_all_but
from .namespaces import fresh_proc, shared_memory
from .syscalls import Kernel

__all__ = ["branch"]

_PARENT_DEATH: Final = 1  # prctl
_STATUS: Final = struct.Struct("=i")
_PID_MAX: Final = "/proc/sys/kernel/pid_max"
_EVERY: Final = 0.02  # seconds between counts
_ABOVE: Final = 2  # the first process and the worker
_FEWEST: Final = 301  # the kernel lets a namespace have no smaller one


def branch(kernel: Kernel, *, proc: bool, shm_mb: int, processes: int) -> bool:
    """Go on in a new process namespace, entered already; return whether /dev/shm is our own.

    Only the worker returns; the other two stay here until everything inside has ended.

    Args:
        kernel: Where to ask.
        proc: Whether to mount a fresh /proc.
        shm_mb: MiB of a /dev/shm of our own; 0 leaves it.
        processes: How many root may have inside, where limits do not bind it; with more,
            everything is killed. Needs a fresh /proc.

    Raises:
        OSError: The kernel refused.
    """
    read, write = os.pipe()
    first = os.fork()
    if first:
        close_all_but([read])  # nobody shall wait for an end of ours
        _outside(first, read)
    os.close(read)
    kernel.call("prctl", _PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    if proc:
        fresh_proc(kernel)
        _fewest_processes()
    own = bool(shm_mb) and shared_memory(kernel, shm_mb)
    worker = os.fork()
    if worker:
        close_all_but([write])
        most = processes + _ABOVE if proc and os.geteuid() == 0 else None
        os.write(write, _STATUS.pack(_reaped(worker, most)))
        os._exit(0)  # the kernel kills who is left, and ends this one last
    os.close(write)
    return own


def _fewest_processes() -> None:
    """Bound the processes of this namespace, root's too (from Linux 6.14)."""
    try:
        with open(_PID_MAX, "w", encoding="ascii") as file:
            file.write(str(_FEWEST))
    except OSError:
        return  # whoever is not root is bound by a limit, and root is counted


def _outside(first: int, read: int) -> NoReturn:
    _, status = os.waitpid(first, 0)
    told = os.read(read, _STATUS.size)
    if len(told) == _STATUS.size:
        status = _STATUS.unpack(told)[0]
    end_as(status)


def _reaped(worker: int, most: int | None) -> int:
    """Reap whoever ends until the worker has; return its status.

    Args:
        worker: Whose status counts.
        most: Processes of this namespace above which the worker is killed; None counts none.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # to be waited for, with a limit
    while True:
        pid, status = os.waitpid(-1, 0 if most is None else os.WNOHANG)
        if pid == worker:
            return status
        if pid == 0 and most is not None:
            if sum(name.isdigit() for name in os.listdir("/proc")) > most:
                os.kill(worker, signal.SIGKILL)
                most = None  # its end comes next, whatever the others do
            else:
                signal.sigtimedwait([signal.SIGCHLD], _EVERY)


def end_as(status: int) -> NoReturn:
    """End the way another process did, as far as one can.

    Args:
        status: As `os.waitpid` gave it.
    """
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signum = os.WTERMSIG(status)
        if signum not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(signum, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signum])
        os.kill(os.getpid(), signum)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
