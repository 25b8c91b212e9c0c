"""Resource limits: memory, processor time, file sizes, descriptors, processes."""

import contextlib
import os
import resource
import sys
import threading
from typing import Final

from .policy import Policy
from .syscalls import LIBC

__all__ = ["apply", "tasks_of"]

_MIB: Final = 1 << 20
_ARENA_MAX: Final = -8  # mallopt
_ARENAS: Final = 2
_STACK: Final = 2 * _MIB
_TO_START_MB: Final = 16  # what it takes us to start a program
# Shared memory and what a runtime only reserves: counted by no limit but the address space.
_RESERVED_MB: Final = 1 << 16


def _limit(kind: int, soft: int, hard: int | None = None) -> None:
    _, most = resource.getrlimit(kind)
    top = soft if hard is None else hard
    if most != resource.RLIM_INFINITY:
        top = min(top, most)
    resource.setrlimit(kind, (min(soft, top), top))


def _held() -> tuple[int, int]:
    """Return the bytes of address space and of data that this process has already."""
    if sys.platform != "linux":
        return 0, 0
    fd = os.open("/proc/self/statm", os.O_RDONLY)
    try:
        fields = os.read(fd, 256).split()
    finally:
        os.close(fd)
    page = os.sysconf("SC_PAGE_SIZE")
    return int(fields[0]) * page, int(fields[5]) * page


def tasks_of(uid: int) -> int:
    """Count the threads of a user, as the kernel does for its limit of processes."""
    count = 0
    for name in os.listdir("/proc") if sys.platform == "linux" else ():
        if name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile
                folder = f"/proc/{name}"
                count += len(os.listdir(f"{folder}/task")) if os.stat(folder).st_uid == uid else 0
    return count


def apply(policy: Policy, *, others: int | None) -> None:
    """Set the limits of this process and of all it starts; for ever.

    Args:
        policy: Says how much.
        others: Threads that count against the limit of processes already; None sets none.

    Raises:
        OSError: The kernel refused.
    """
    space, data = _held()
    more = policy.memory_mb * _MIB
    _reserve_less()
    if sys.platform != "linux":
        pass  # elsewhere address space is given away by the terabyte, and a limit is refused
    elif policy.profile == "python":
        _limit(resource.RLIMIT_AS, space + more)
        _limit(resource.RLIMIT_DATA, data + more)
    else:  # what it starts begins with nothing, and may reserve what it does not use
        _limit(resource.RLIMIT_AS, more + _RESERVED_MB * _MIB)
        _limit(resource.RLIMIT_DATA, max(more, data + _TO_START_MB * _MIB))
    _limit(resource.RLIMIT_CPU, policy.cpu_s, policy.cpu_s + 1)
    _limit(resource.RLIMIT_FSIZE, policy.file_mb * _MIB)
    _limit(resource.RLIMIT_NOFILE, policy.files)
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_MSGQUEUE, 0)
        _limit(resource.RLIMIT_RTPRIO, 0)
    if others is not None:
        _limit(resource.RLIMIT_NPROC, others + policy.processes)


def _reserve_less() -> None:
    """Keep a thread from reserving 64 MiB for malloc and 8 MiB of stack: limits count them."""
    threading.stack_size(_STACK)
    mallopt = getattr(LIBC, "mallopt", None)  # musl has none, nor arenas
    if mallopt is not None:
        mallopt(_ARENA_MAX, _ARENAS)
