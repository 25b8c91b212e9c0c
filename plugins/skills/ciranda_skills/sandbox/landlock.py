"""Landlock: which files may be read, run or changed, by rules that no process can take back."""

import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from enum import IntFlag
from pathlib import Path
from typing import Final, final

import msgspec

from .error import SandboxError
from .syscalls import Kernel

__all__ = ["Access", "Rule", "allow", "begin", "enforce", "restrict", "version"]

_VERSION: Final = 1  # flag of create_ruleset that asks for the ABI
_PATH_BENEATH: Final = 1
_NO_NEW_PRIVS: Final = 38
_TCP: Final = 0b11  # bind, connect
_SCOPES: Final = 0b11  # abstract unix sockets, signals
TCP_ABI: Final = 4
SCOPE_ABI: Final = 6
TRUNCATE_ABI: Final = 3


class Access(IntFlag):
    """What a rule grants, with the kernel's bits."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15

    READ = READ_FILE | READ_DIR
    RUN = READ | EXECUTE
    # All but running and device nodes.
    CHANGE = (
        READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO
        | MAKE_SYM | REFER | TRUNCATE
    )  # fmt: skip


_ALL: Final = -1
_OF_FILES: Final = int(
    Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV
)
# First ABI that knows the bits below this one.
_KNOWN: Final = ((5, 16), (3, 15), (2, 14), (1, 13))


@final
class Rule(msgspec.Struct, frozen=True):
    """Access to a file, or to everything below a folder.

    Args:
        path: Need not exist when `optional`.
        access: What is granted.
        optional: Whether a path that is not there, or out of reach, is no mistake.
        folder: Whether it is one; None looks.
    """

    path: Path
    access: Access
    optional: bool = False
    folder: bool | None = None


class _Attributes(ctypes.Structure):
    _fields_ = [
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _Beneath(ctypes.Structure):
    _fields_ = [
        ("allowed_access", ctypes.c_uint64),
        ("parent_fd", ctypes.c_int32),
    ]


def version(kernel: Kernel) -> int:
    """Return the kernel's Landlock ABI.

    Raises:
        OSError: It has none (ENOSYS), or it is switched off (EOPNOTSUPP).
    """
    return kernel.call("landlock_create_ruleset", None, 0, _VERSION)


def handled(abi: int) -> Access:
    """Return every kind of access that an ABI can forbid."""
    bits = next(bits for first, bits in _KNOWN if abi >= first)
    return Access((1 << bits) - 1)


def restrict(kernel: Kernel, rules: Iterable[Rule], *, abi: int, network: bool) -> None:
    """Confine this thread, and all it starts, to the rules; for ever.

    Args:
        kernel: Where to ask.
        rules: What is granted; all else that the ABI handles is refused.
        abi: As `version` gave it.
        network: Whether TCP is left alone.

    Raises:
        SandboxError: A path that must be there is not.
        OSError: The kernel refused.
    """
    ruleset = begin(kernel, abi=abi, network=network)
    try:
        allow(kernel, ruleset, rules, abi=abi)
        enforce(kernel, ruleset)
    finally:
        os.close(ruleset)


def begin(kernel: Kernel, *, abi: int, network: bool) -> int:
    """Return the descriptor of a ruleset that grants nothing yet.

    Args:
        kernel: Where to ask.
        abi: As `version` gave it.
        network: Whether TCP is left alone.

    Raises:
        OSError: The kernel refused.
    """
    attributes = _Attributes(handled(abi), 0, 0)
    size = 8
    if abi >= TCP_ABI:
        attributes.handled_access_net = 0 if network else _TCP
        size = 16
    if abi >= SCOPE_ABI:
        attributes.scoped = _SCOPES
        size = 24
    return kernel.call("landlock_create_ruleset", ctypes.byref(attributes), size, 0)


def allow(kernel: Kernel, ruleset: int, rules: Iterable[Rule], *, abi: int) -> None:
    """Grant in a ruleset what the rules say.

    Raises:
        SandboxError: A path that must be there is not.
        OSError: The kernel refused.
    """
    fs = handled(abi)
    for rule in rules:
        _add(kernel, ruleset, rule, fs)


def enforce(kernel: Kernel, ruleset: int) -> None:
    """Confine this thread, and all it starts, to a ruleset; for ever.

    Raises:
        OSError: The kernel refused.
    """
    kernel.call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    kernel.call("landlock_restrict_self", ruleset, 0)


def _add(kernel: Kernel, ruleset: int, rule: Rule, fs: Access) -> None:
    try:
        fd = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        gone = (errno.ENOENT, errno.EACCES, errno.ENOTDIR)  # out of reach needs no rule
        if rule.optional and error.errno in gone:
            return
        raise SandboxError(
            f"the sandbox cannot grant {str(rule.path)!r}: {error.strerror}"
        ) from None
    try:
        folder = rule.folder
        if folder is None:
            folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        access = int(rule.access) & int(fs) & (_ALL if folder else _OF_FILES)
        beneath = _Beneath(access, fd)
        kernel.call("landlock_add_rule", ruleset, _PATH_BENEATH, ctypes.byref(beneath), 0)
    finally:
        os.close(fd)
