"""System calls by name; the one seam at which a test takes a feature away."""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from typing import Any, Final, final

import msgspec

from .numbers import ABSENT, number

__all__ = ["Answer", "Kernel"]

# Looks at a call before it is made: None lets it through, 0 or more is its result, less than 0
# the negative errno it fails with.
Answer = Callable[[str, tuple[Any, ...]], int | None]
LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_LONG: Final = ctypes.c_long
MACHINE: Final = os.uname().machine if hasattr(os, "uname") else ""


@final
class Kernel(msgspec.Struct, frozen=True):
    """The kernel as the sandbox sees it.

    Args:
        answer: Looks at every call first; for tests, which make a kernel poorer with it.
    """

    answer: Answer | None = None

    def call(self, name: str, *arguments: Any) -> int:
        """Make a system call and return its result.

        Args:
            name: As in the kernel's table.
            arguments: Integers, bytes, None for a null pointer, or ctypes data.

        Raises:
            OSError: It failed; ENOSYS where the kernel, or this platform, has no such call.
        """
        result = self.answer(name, arguments) if self.answer is not None else None
        if result is None:
            result = _made(name, arguments)
        if result < 0:
            raise OSError(-result, f"{name}: {os.strerror(-result)}")
        return result


def _made(name: str, arguments: tuple[Any, ...]) -> int:
    known = number(name, MACHINE)
    if LIBC is None or known == ABSENT:
        return -errno.ENOSYS
    # An int alone would be cut to 32 bits.
    passed = [_LONG(each) if isinstance(each, int) else each for each in arguments]
    result = int(LIBC.syscall(_LONG(known), *passed))
    return result if result >= 0 else -ctypes.get_errno()
