"""What this machine offers, found by trying it in a child that is thrown away."""

import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import Final, final

import msgspec

from . import landlock, seccomp
from .alone import fork_alone
from .namespaces import Namespace, enter, fresh_proc, read_only_but
from .syscalls import MACHINE, Kernel

__all__ = ["Features", "try_features"]

_KINDS: Final = (
    Namespace.USER,
    Namespace.NET,
    Namespace.IPC,
    Namespace.UTS,
    Namespace.MOUNT,
    Namespace.PID,
)
_NONE: Final = Namespace(0)
READ_ONLY: Final = "read-only mounts"
PROC: Final = "proc"
LANDLOCK: Final = "landlock"
SECCOMP: Final = "seccomp"
MEMORY: Final = "memory limit"
PARENT: Final = "parent-death signal"
_ENDED: Final = "the trial ended before it came to this"


@final
class Features(msgspec.Struct, frozen=True):
    """What worked.

    Args:
        landlock: Its ABI, 0 for none.
        seccomp: Whether filters can be loaded.
        namespaces: The kinds that can be had together.
        read_only: Whether mounts can be made read-only.
        proc: Whether a fresh /proc can be mounted.
        why: Name and reason of what did not.
    """

    landlock: int = 0
    seccomp: bool = False
    namespaces: Namespace = _NONE
    read_only: bool = False
    proc: bool = False
    why: tuple[tuple[str, str], ...] = ()

    def reason(self, name: str) -> str:
        """Return why something did not work."""
        return dict(self.why).get(name, "not tried")


def name_of(kind: Namespace) -> str:
    """Return how a report names a kind of namespace."""
    return f"{kind.name.lower()}ns" if kind.name else str(int(kind))


def _names() -> tuple[str, ...]:
    return (*map(name_of, _KINDS), READ_ONLY, PROC, LANDLOCK, SECCOMP)


@functools.cache
def try_features(kernel: Kernel) -> Features:
    """Try everything once a process; takes some milliseconds."""
    if sys.platform != "linux":
        elsewhere = f"{sys.platform} has nothing like it"
        return from_answers({}, elsewhere, lacks=(MEMORY, PARENT))
    read, write = os.pipe()
    if (pid := fork_alone()) == 0:
        code = 1
        try:
            os.close(read)
            _try(kernel, lambda name, answer: os.write(write, f"{name}={answer}\n".encode()))
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with open(read, encoding="ascii") as pipe:
        lines = [line.rstrip("\n").rpartition("=") for line in pipe if line.endswith("\n")]
    os.waitpid(pid, 0)
    return from_answers({name: int(answer) for name, _, answer in lines}, _ENDED)


def from_answers(answers: dict[str, int], silent: str, lacks: tuple[str, ...] = ()) -> Features:
    """Return what the answers of a trial say.

    Args:
        answers: By name: at least 0 for success, else the negative errno.
        silent: Reason for what has no answer.
        lacks: What else is not there, for the same reason.
    """
    why = {name: silent for name in (*_names(), *lacks) if name not in answers}
    why |= {name: os.strerror(-answer) for name, answer in answers.items() if answer < 0}
    kinds = _NONE
    for kind in _KINDS:
        if name_of(kind) not in why:
            kinds |= kind
    return Features(
        landlock=max(0, answers.get(LANDLOCK, 0)),
        seccomp=SECCOMP not in why,
        namespaces=kinds,
        read_only=READ_ONLY not in why,
        proc=PROC not in why,
        why=tuple(why.items()),
    )


def _try(kernel: Kernel, tell: Callable[[str, int], object]) -> None:
    def attempt(name: str, act: Callable[[], int | None]) -> bool:
        try:
            answer = act() or 0
        except OSError as error:
            answer = -(error.errno or errno.EIO)
        tell(name, answer)
        return answer >= 0

    had = _NONE
    # A user namespace that cannot be mapped would still give powers to try the others with.
    if attempt(name_of(Namespace.USER), lambda: _in_child(lambda: enter(kernel, Namespace.USER))):
        enter(kernel, Namespace.USER)
    for kind in _KINDS[1:]:
        if attempt(name_of(kind), functools.partial(enter, kernel, kind)):
            had |= kind
    if Namespace.MOUNT in had:
        attempt(READ_ONLY, lambda: read_only_but(kernel, ()))
    if Namespace.MOUNT | Namespace.PID in had:
        attempt(PROC, lambda: _in_child(lambda: fresh_proc(kernel)))
    attempt(LANDLOCK, lambda: _landlock(kernel))
    attempt(SECCOMP, lambda: _seccomp(kernel))


def _in_child(act: Callable[[], object]) -> None:
    """Try in a child: alone, or as the first process of a namespace just made.

    Raises:
        OSError: It did not work there.
    """
    pid = fork_alone()
    if pid == 0:
        code = errno.EIO
        try:
            act()
            code = 0
        except OSError as error:
            code = error.errno or errno.EIO
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if status:
        raise OSError(os.waitstatus_to_exitcode(status), "in a child")


def _landlock(kernel: Kernel) -> int:
    abi = landlock.version(kernel)
    landlock.restrict(kernel, (), abi=abi, network=False)
    return abi


def _seccomp(kernel: Kernel) -> None:
    try:
        code = seccomp.compiled(seccomp.Filter())
    except KeyError:
        raise OSError(errno.ENOSYS, f"no filter for {MACHINE}") from None
    seccomp.load(kernel, code, os.getpid())
