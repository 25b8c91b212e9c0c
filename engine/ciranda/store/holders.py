"""Who holds a lease, and whether that process can still be alive."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES: Final = Path("/proc")
_START_TIME: Final = 19  # field of /proc/PID/stat, counted after the name and its bracket


class Clock(msgspec.Struct, frozen=True):
    """Both clocks, in seconds: `wall` names moments, `steady` measures within one boot."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


class Holder(msgspec.Struct, frozen=True):
    """One process's hold on a run.

    `place` is the boot and the process namespace in which `pid` means something and `steady`
    can be compared; empty where the system does not tell.
    """

    owner: str
    pid: int
    started: str
    host: str
    place: str
    since: float
    wall: float
    steady: float
    ttl: float


def place() -> str:
    """Return the boot id and process namespace of this process, empty if unknown."""
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
        return f"{boot}:{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


class Process(msgspec.Struct, frozen=True):
    """What tells this process from all others, later ones with its pid included."""

    pid: int = msgspec.field(default_factory=os.getpid)
    started: str = msgspec.field(default_factory=lambda: start_time(os.getpid()) or "")
    host: str = msgspec.field(default_factory=socket.gethostname)
    place: str = msgspec.field(default_factory=place)

    def hold(self, owner: str, ttl: float, clock: Clock) -> Holder:
        """Return a hold that starts now."""
        wall = clock.wall()
        return Holder(
            owner=owner,
            pid=self.pid,
            started=self.started,
            host=self.host,
            place=self.place,
            since=wall,
            wall=wall,
            steady=clock.steady(),
            ttl=ttl,
        )


def renewed(holder: Holder, clock: Clock) -> Holder:
    """Return the hold, counted from now."""
    return msgspec.structs.replace(holder, wall=clock.wall(), steady=clock.steady())


def start_time(pid: int) -> str | None:
    """Return when a process started, in ticks of its boot; None if there is no such process.

    An empty text means that the system does not tell.
    """
    if not _PROCESSES.joinpath("self", "stat").exists():
        return _signalled(pid)
    try:
        text = _PROCESSES.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[_START_TIME]


def _signalled(pid: int) -> str | None:
    if os.name != "posix":  # elsewhere, signal 0 would end the process
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""


def is_held(
    holder: Holder,
    process: Process,
    clock: Clock,
    started: Callable[[int], str | None] = start_time,
) -> bool:
    """Tell whether a hold still stands, as seen from a process.

    It falls when its time is up, or at once when its process is known to be gone.
    """
    if holder.place and holder.place == process.place:
        found = started(holder.pid)
        if found is None or (found and holder.started and found != holder.started):
            return False
        # The wall clock may jump; the steady one is shared by all processes of a boot.
        return clock.steady() <= holder.steady + holder.ttl
    # An earlier boot, or a system that does not tell. A hold from the future means that the
    # clock was set back: waiting for that time could take for ever.
    return abs(clock.wall() - holder.wall) <= holder.ttl


def describe(run: str, holder: Holder) -> str:
    """Return the sentence for a run that somebody else executes."""
    since = datetime.fromtimestamp(holder.since, UTC).astimezone()
    pid = f"pid {holder.pid}"
    owner = "" if holder.owner == pid else f" ({holder.owner})"
    return (
        f"run {run} is being executed by {pid} on {holder.host} "
        f"since {since:%Y-%m-%d %H:%M:%S}{owner}: wait for it or cancel it"
    )
