"""Namespaces: no network, no strangers, and every folder but the granted ones read-only."""

import ctypes
import errno
import os
from collections.abc import Iterable
from enum import IntFlag
from pathlib import Path
from typing import Final

from .syscalls import Kernel

__all__ = [
    "Namespace",
    "enter",
    "fresh_proc",
    "in_memory",
    "make_writable",
    "map_ids",
    "read_only_but",
    "shared_memory",
]


class Namespace(IntFlag):
    """What can be had anew, with the kernel's bits."""

    MOUNT = 0x00020000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NET = 0x40000000


_BIND: Final = 4096
_RECURSIVELY: Final = 16384
_PRIVATE: Final = 1 << 18
_NOSUID: Final = 2
_NODEV: Final = 4
_NOEXEC: Final = 8
_AT_CWD: Final = -100
_AT_RECURSIVE: Final = 0x8000
_RDONLY: Final = 1
_NAME: Final = b"sandbox"


class _MountAttributes(ctypes.Structure):
    _fields_ = [
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns", ctypes.c_uint64),
    ]


def enter(kernel: Kernel, kinds: Namespace) -> None:
    """Leave the namespaces of these kinds; a process namespace begins with the next child.

    Raises:
        OSError: The kernel refused.
    """
    uid, gid = os.geteuid(), os.getegid()
    kernel.call("unshare", int(kinds))
    if kinds & Namespace.USER:
        map_ids(uid, gid)
    if kinds & Namespace.UTS:
        kernel.call("sethostname", _NAME, len(_NAME))


def map_ids(uid: int, gid: int) -> None:
    """Stay who we are in a user namespace just entered; everybody else becomes nobody.

    Raises:
        OSError: The kernel refused.
    """
    for name, text in (
        ("setgroups", "deny"),  # without it an ordinary user may not map a group
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)


def _attributes(
    kernel: Kernel, path: Path, at: int, on: int, off: int = 0, propagation: int = 0
) -> None:
    wanted = _MountAttributes(on, off, propagation, 0)
    size = ctypes.sizeof(wanted)
    kernel.call("mount_setattr", _AT_CWD, os.fsencode(path), at, ctypes.byref(wanted), size)


def read_only_but(kernel: Kernel, writable: Iterable[Path]) -> None:
    """Make every mount read-only for us, and these folders writable again.

    Raises:
        OSError: The kernel refused; before Linux 5.12 it always does.
    """
    _attributes(kernel, Path("/"), _AT_RECURSIVE, _RDONLY | _NOSUID, propagation=_PRIVATE)
    for folder in writable:
        make_writable(kernel, folder)


def make_writable(kernel: Kernel, folder: Path) -> None:
    """Make one folder writable where its mount is not.

    Raises:
        OSError: The kernel refused.
    """
    raw = os.fsencode(folder)
    kernel.call("mount", raw, raw, None, _BIND | _RECURSIVELY, None)
    _attributes(kernel, folder, 0, _NODEV, _RDONLY)


def fresh_proc(kernel: Kernel) -> None:
    """Mount a /proc that shows the processes of our namespace alone.

    Raises:
        OSError: The kernel refused, as it does where parts of /proc are hidden.
    """
    kernel.call("mount", b"proc", b"/proc", b"proc", _NOSUID | _NODEV | _NOEXEC, None)


def shared_memory(kernel: Kernel, size_mb: int) -> bool:
    """Mount a small /dev/shm of our own; return whether that worked."""
    return in_memory(kernel, Path("/dev/shm"), f"size={size_mb}m,mode=1777")


def in_memory(kernel: Kernel, folder: Path, options: str) -> bool:
    """Mount a folder in memory over another; return whether that worked.

    Args:
        kernel: Where to ask.
        folder: Over which.
        options: Of a tmpfs: how much it has room for, and who may enter it.

    Raises:
        OSError: The kernel has another reason to refuse than that we may not.
    """
    path, wanted = os.fsencode(folder), options.encode()
    try:
        kernel.call("mount", b"tmpfs", path, b"tmpfs", _NOSUID | _NODEV, wanted)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOENT, errno.EACCES):
            raise
        return False
    return True
