"""Two folders that change places in one step."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path
from typing import Final

__all__ = ["exchange"]

_HERE: Final = -100  # AT_FDCWD
_LINUX_SWAP: Final = 2  # RENAME_EXCHANGE
_MAC_SWAP: Final = 2  # RENAME_SWAP
_CANNOT: Final = frozenset((errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM))


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places, for any onlooker at once.

    Returns:
        Whether it was done; False where the system or the file system has no such thing.

    Raises:
        OSError: It failed.
    """
    code = _swap(os.fsencode(one), os.fsencode(other))
    if code == 0:
        return True
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def _swap(one: bytes, other: bytes) -> int:
    """Return 0, or the number of the error."""
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        failed = library.renameat2(_HERE, one, _HERE, other, _LINUX_SWAP)
    elif sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(one, other, _MAC_SWAP)
    else:
        return errno.ENOSYS
    return ctypes.get_errno() if failed else 0
