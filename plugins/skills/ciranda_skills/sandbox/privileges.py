"""Capabilities: given up for good, so that root is a user like any other."""

import ctypes
from typing import Final

from .syscalls import Kernel

__all__ = ["drop"]

_VERSION: Final = 0x20080522
_NO_NEW_PRIVS: Final = 38  # prctl: no program gives back what its parent has not


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def drop(kernel: Kernel) -> None:
    """Give up every capability, of this namespace and of all above it.

    Raises:
        OSError: The kernel refused.
    """
    kernel.call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    nothing = (ctypes.c_uint32 * 6)()
    kernel.call("capset", ctypes.byref(_Header(_VERSION, 0)), nothing)
