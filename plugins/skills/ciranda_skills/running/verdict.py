"""From how a process ended to the verdict on its run."""

from __future__ import annotations

import dataclasses
import re
import signal
from typing import Final, final

import msgspec

from ciranda.errors import StepError
from ciranda.executors.pool import Exit

from ..sandbox import Profile, SandboxError
from .folders import Room
from .outcome import Status

__all__ = ["Verdict", "crammed", "judge", "judge_failure", "judge_warm", "started_below"]

_SIGNALLED: Final = 128
# What runtimes say last when they get no more memory.
_PYTHON: Final = re.compile(rb"(?:^|\n)MemoryError\b[^\n]*\n?\Z")
_DENIED: Final = re.compile(rb"\nPermissionError: \[Errno 1\] [^\n]*\n?\Z")
# What they say of a folder in memory that has no more room; a full disk is no other.
_FULL: Final = re.compile(rb"\[Errno 28\]|No space left on device|ENOSPC")
_PROGRAM: Final = re.compile(rb"(?i)out of memory|cannot allocate|MemoryError|bad_alloc")


@final
class Verdict(msgspec.Struct, frozen=True):
    """The verdict on one run.

    Args:
        status: In one word.
        exit_code: None when a signal ended it.
        signal: That ended it.
        message: One sentence when it did not go well.
        kind: Dotted word on why it was refused, or what it had too little of.
    """

    status: Status
    exit_code: int | None = None
    signal: int | None = None
    message: str = ""
    kind: str = ""


_WENT_WELL: Final = Verdict(Status.OK, 0)


def judge(ended: Exit, profile: Profile, stderr: bytes, script: str, memory_mb: int) -> Verdict:
    """Return the verdict on a process that ended.

    Args:
        ended: How, as the kernel says.
        profile: Whether it was Python's.
        stderr: The end of what it wrote there.
        script: What messages call it.
        memory_mb: MiB that it was allowed.
    """
    if ended.code == 0:
        return _WENT_WELL
    if ended.over == "processes":
        message = f"`{script}` was killed with all its processes: there were too many"
        return Verdict(Status.FAILED, None, ended.signal, message)
    how = f"ended with exit code {ended.code}"
    if ended.signal is not None:
        how = f"was killed by {_name(ended.signal)}"
    words = _PYTHON if profile == "python" else _PROGRAM
    killed = ended.signal == signal.SIGKILL and ended.oom
    if ended.over == "memory" or killed or words.search(stderr):
        message = f"`{script}` {how}: it needed more than {memory_mb} MiB of memory"
        return Verdict(Status.KILLED_MEMORY, ended.code, ended.signal, message)
    if profile == "python" and _DENIED.search(stderr):
        how += ": in its sandbox it may neither start programs nor use the network"
    return Verdict(Status.FAILED, ended.code, ended.signal, f"`{script}` {how}")


def crammed(ended: Exit, stderr: bytes, script: str, room: Room) -> Verdict | None:
    """Return the verdict on a process whose private folder had no more room; None where it had.

    Args:
        ended: How, as the kernel says.
        stderr: The end of what it wrote there.
        script: What messages call it.
        room: What its folder has room for.
    """
    size, files = f"{room.mb} MiB", f"{room.files:,} files"
    if ended.over in ("size", "files"):
        held = size if ended.over == "size" else files
        message = f"`{script}` was killed: its private folder held more than {held}"
    elif ended.code and _FULL.search(stderr):
        message = (
            f"`{script}` ended with exit code {ended.code}: there was no room left for what it "
            f"wrote; its private folder has room for {size} and {files}"
        )
    else:
        return None
    return Verdict(Status.FAILED, ended.code, ended.signal, message, "skills.room")


def started_below(ended: Exit, began: bool, stderr: bytes) -> Exit:
    """Return how a process ended that bubblewrap tells of: 128 and the signal, as shells do.

    Raises:
        SandboxError: bubblewrap itself failed, and the script never began.
    """
    if not began:
        said = stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SandboxError(f"nothing runs below bubblewrap here: {said or 'it does not say why'}")
    number = (ended.code or 0) - _SIGNALLED
    if number not in set(signal.Signals):
        return ended
    return dataclasses.replace(ended, code=None, signal=number)


def judge_warm(code: int, stderr: bytes, script: str, memory_mb: int) -> Verdict:
    """Return the verdict on a run in a warm process, from the exit code it would have had."""
    if code == 0:
        return _WENT_WELL
    return judge(Exit(code), "python", stderr, script, memory_mb)


def _name(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def _number(name: str | None) -> int | None:
    """Return the signal that a pool names, or tells by its number where it has no name."""
    if name is None:
        return None
    return int(name) if name.isdigit() else signal.Signals[name].value


def judge_failure(error: StepError, script: str) -> Verdict:
    """Return the verdict on a run whose worker failed around it."""
    if error.kind == "worker-lost":
        number = _number(error.detail.get("signal"))
        return Verdict(Status.FAILED, error.detail.get("exit_code"), number, f"`{script}`: {error}")
    if error.kind == "memory":
        return Verdict(Status.KILLED_MEMORY, message=f"`{script}`: {error}")
    if error.kind == "invalid-output":
        return Verdict(Status.FAILED, None, signal.SIGKILL, f"`{script}`: {error}")
    kind = "skills.limit" if error.kind == "limit" else "skills.sandbox"
    return Verdict(Status.REFUSED, message=f"`{script}` was not run: {error}", kind=kind)
