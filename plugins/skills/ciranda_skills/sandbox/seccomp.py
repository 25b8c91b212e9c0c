"""seccomp: which system calls a confined process may make, and with what."""

import ctypes
import functools
from typing import Final, final

import msgspec

from .bpf import SELF, Check, Encoded, Rule, assemble, encode
from .policy import Profile
from .syscalls import MACHINE, Kernel

__all__ = ["Filter", "compiled", "load"]

_EPERM: Final = 1
_ENOSYS: Final = 38
_NO_NEW_PRIVS: Final = 38
_SET_MODE_FILTER: Final = 1
_PARENT_DEATH: Final = 1  # prctl: whose end we hear of
_THREAD: Final = 0x00010000
_NEW_NAMESPACES: Final = 0x7E020080  # every CLONE_NEW*


def _own(argument: int) -> tuple[tuple[Check, ...], ...]:
    return ((Check(argument, 0),), (Check(argument, SELF),))


# What neither profile needs: other processes, the kernel's wider doors, the machine itself.
_NEVER: Final = Rule(
    (
        "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
        "kcmp", "pidfd_getfd", "perf_event_open", "migrate_pages", "move_pages",
        "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "userfaultfd",
        "keyctl", "add_key", "request_key", "fanotify_init", "fanotify_mark",
        "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
        "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig",
        "fsmount", "fspick", "move_mount", "open_tree", "open_tree_attr", "mount_setattr",
        "statmount", "listmount", "open_by_handle_at", "inotify_init", "inotify_init1",
        "reboot", "swapon", "swapoff", "sethostname", "setdomainname", "settimeofday",
        "clock_settime", "clock_adjtime", "adjtimex", "acct", "quotactl", "quotactl_fd",
        "nfsservctl", "syslog", "iopl", "ioperm", "vhangup", "lookup_dcookie", "uselib", "sysfs",
        "_sysctl", "modify_ldt",
    ),
    _EPERM,
)  # fmt: skip
_BOTH: Final = (
    _NEVER,
    Rule(("clone3",), _ENOSYS),  # its flags are out of a filter's sight; libc falls back to clone
    # Somebody else would get the signals of a descriptor, or wait for a lease to be given back.
    Rule(("fcntl",), _EPERM, only=tuple((Check(1, command),) for command in (8, 10, 15, 1024))),
    # Keys would be typed on a terminal; and the signals of a socket.
    Rule(
        ("ioctl",),
        _EPERM,
        only=tuple((Check(1, request),) for request in (0x5412, 0x541C, 0x8901, 0x8902)),
    ),
    Rule(("personality",), _EPERM, unless=((Check(0, 0),), (Check(0, 0xFFFFFFFF),))),
    # A datagram of a pair can be sent to any socket with a path: streams cannot.
    Rule(
        ("socketpair",),
        _EPERM,
        unless=((Check(0, 1), Check(1, 1, 0xF)), (Check(0, 1), Check(1, 5, 0xF))),
    ),
)
_PYTHON: Final = (
    Rule(("execve", "execveat", "fork", "vfork"), _EPERM),
    Rule(("clone",), _EPERM, unless=((Check(0, _THREAD, _THREAD | _NEW_NAMESPACES),),)),
    Rule(("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"), _EPERM, unless=_own(0)[1:]),
    Rule(("tkill", "pidfd_open", "pidfd_send_signal"), _EPERM),
    Rule(
        ("prlimit64", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity"),
        _EPERM,
        unless=_own(0),
    ),
    Rule(("setpriority",), _EPERM, unless=tuple((Check(0, 0), *way) for way in _own(1))),
    Rule(("ioprio_set",), _EPERM, unless=tuple((Check(0, 1), *way) for way in _own(1))),
    Rule(("prctl",), _EPERM, only=((Check(0, _PARENT_DEATH),),)),
    # What other processes of one user share by key or name, and memory that no limit counts.
    Rule(
        (
            "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget",
            "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "memfd_create", "memfd_secret",
        ),
        _EPERM,
    ),
)  # fmt: skip
_PROGRAM: Final = (
    Rule(("clone",), _EPERM, unless=((Check(0, 0, _NEW_NAMESPACES),),)),
    # Memory that no limit counts; who is told that there is none takes a file of /dev/shm.
    Rule(("shmget", "memfd_create", "memfd_secret"), _ENOSYS),
)
# Where strangers can be named: a program keeps to itself by 0, since its id is not known here.
_STRANGERS: Final = (
    Rule(
        ("prlimit64", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity"),
        _EPERM,
        unless=((Check(0, 0),),),
    ),
    Rule(("setpriority", "ioprio_set", "pidfd_open"), _EPERM),
)
_NO_NETWORK: Final = (
    Rule(("socket", "connect", "bind", "listen", "accept", "accept4"), _EPERM),
    Rule(("sendto",), _EPERM, unless=((Check(4, 0), Check(4, 0, high=True)),)),
)
# Internet, and the question to the kernel with which libc sorts addresses.
_NETWORK: Final = (
    Rule(
        ("socket",),
        _EPERM,
        unless=((Check(0, 2),), (Check(0, 10),), (Check(0, 16), Check(2, 0))),
    ),
)
# Landlock does not see modes, owners, times and attributes. Where mounts cannot be made
# read-only these calls seem to work and do nothing: copying files goes on as before.
_NO_ATTRIBUTES: Final = (
    Rule(
        (
            "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat",
            "utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr",
            "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
            "file_setattr",
        ),
        0,
    ),
)  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


@final
class Filter(msgspec.Struct, frozen=True):
    """Which filter is meant.

    Args:
        profile: Of the policy.
        network: Whether internet sockets may be opened.
        attributes: Whether modes, owners and times of files may be changed: only where other
            files lie on read-only mounts.
        truncate: Whether files may be cut by path: only where Landlock sees it.
        alone: Whether no stranger can be named, in a process namespace.
    """

    profile: Profile = "python"
    network: bool = False
    attributes: bool = False
    truncate: bool = True
    alone: bool = False

    def rules(self) -> tuple[Rule, ...]:
        """Return what is refused."""
        python = self.profile == "python"
        return (
            *_BOTH,
            *(_PYTHON if python else _PROGRAM),
            *(() if python or self.alone else _STRANGERS),
            *(_NETWORK if self.network else _NO_NETWORK),
            *(() if self.attributes or not python else _NO_ATTRIBUTES),
            *(() if self.truncate else (Rule(("truncate",), _EPERM),)),
        )


@functools.cache
def compiled(which: Filter, machine: str = MACHINE) -> Encoded:
    """Return a filter as the kernel wants it, assembled once.

    Raises:
        KeyError: There is no filter for this machine.
    """
    return encode(assemble(which.rules(), machine))


def load(kernel: Kernel, code: Encoded, pid: int) -> None:
    """Put this thread and all it starts under a filter; for ever.

    Args:
        kernel: Where to ask.
        code: The filter.
        pid: Our process id, as calls name it.

    Raises:
        OSError: The kernel refused.
    """
    raw = code.filled(pid)
    held = (ctypes.c_char * len(raw)).from_buffer(raw)
    program = _Program(len(code), ctypes.addressof(held))
    kernel.call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    kernel.call("seccomp", _SET_MODE_FILTER, 0, ctypes.byref(program))
