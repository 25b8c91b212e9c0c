"""The environment: cleared down to the block that the kernel shows, then set anew."""

import ctypes
import functools
import os
import sys
from collections.abc import Mapping
from typing import Final

from .policy import Policy
from .syscalls import LIBC

__all__ = ["first_block", "replace", "wanted"]

_START: Final = 47  # fields of /proc/self/stat behind the name in brackets
_END: Final = 48
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


def wanted(policy: Policy, current: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a confined process."""
    found = {name: current[name] for name in policy.keep_env if name in current}
    found["PATH"] = _PATH
    found["MALLOC_ARENA_MAX"] = "2"  # malloc reserves 64 MiB an arena, which limits count
    if policy.home is not None:
        found |= dict.fromkeys(("HOME", "TMPDIR"), str(policy.home))
    return found | dict(policy.env)


def replace(values: Mapping[str, str]) -> None:
    """Make these variables the only ones, and blank what was there at the start of the process.

    Copies that Python or a library made elsewhere in memory are not found: what must stay
    secret is not given to the process from which confined ones are forked.
    """
    for name in tuple(os.environ):
        del os.environ[name]
    native = sys.modules["posix"].environ  # what `os.environ` was made from
    native.clear()
    _blank()
    os.environ.update(values)
    if "tempfile" in sys.modules:  # importing it is dear, and it may have looked at TMPDIR before
        vars(sys.modules["tempfile"])["tempdir"] = None


@functools.cache
def first_block() -> tuple[int, int]:
    """Return where the environment of the start of this process lies: address and bytes.

    It lies there for everybody who is forked later, so one look is enough.
    """
    if LIBC is None:
        return 0, 0
    fd = os.open("/proc/self/stat", os.O_RDONLY)
    try:
        fields = os.read(fd, 4096).rpartition(b")")[2].split()
    finally:
        os.close(fd)
    start = int(fields[_START])  # 0 where this process may not know its own layout
    return start, int(fields[_END]) - start


def _blank() -> None:
    if LIBC is not None:
        LIBC.clearenv()
    start, size = first_block()
    if start:
        ctypes.memset(start, 0, size)
