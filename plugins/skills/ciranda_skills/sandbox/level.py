"""From what a machine offers and what a policy asks for to the level that results."""

import functools
from collections.abc import Iterator
from typing import Final, final

import msgspec

from . import features as names, landlock, seccomp
from .features import Features, name_of
from .namespaces import Namespace
from .policy import Profile
from .report import Gap, Level, SandboxReport

__all__ = ["Ask", "Plan", "planned"]

_CGROUP: Final = Gap("cgroup", "limits are per process, none of a whole tree")


@final
class Ask(msgspec.Struct, frozen=True):
    """The part of a policy that decides the layers."""

    profile: Profile = "python"
    network: bool = False
    strict: bool = False


@final
class Plan(msgspec.Struct, frozen=True):
    """What will be done to a process.

    Args:
        namespaces: To enter.
        read_only: Whether to make mounts read-only.
        proc: Whether /proc shall show our own processes alone, or does already.
        landlock: ABI to use, 0 for none.
        filter: To load, None for none.
        report: What that amounts to.
    """

    namespaces: Namespace
    read_only: bool
    proc: bool
    landlock: int
    filter: seccomp.Filter | None
    report: SandboxReport


def asked(ask: Ask) -> Namespace:
    """Return the namespaces that a policy wants.

    A python process cannot start another, so a process namespace would only make it the first
    one there, which ignores its own signals.
    """
    if ask.strict:
        return Namespace(0)  # bubblewrap has made all of them
    kinds = Namespace.USER | Namespace.IPC | Namespace.UTS | Namespace.MOUNT
    if not ask.network:
        kinds |= Namespace.NET
    if ask.profile == "program":
        kinds |= Namespace.PID
    return kinds


@functools.cache
def planned(found: Features, ask: Ask) -> Plan:
    """Decide what to do, and say what it amounts to."""
    kinds = asked(ask) & found.namespaces
    read_only = Namespace.MOUNT in kinds and found.read_only
    which = (
        seccomp.Filter(
            profile=ask.profile,
            network=ask.network,
            attributes=read_only or ask.strict,
            truncate=read_only or ask.strict or found.landlock >= landlock.TRUNCATE_ABI,
            alone=ask.strict or Namespace.PID in kinds,
        )
        if found.seccomp
        else None
    )
    gaps = tuple(_gaps(found, ask))
    level = min((Level(gap.level - 1) for gap in gaps if gap.level), default=Level.L3)
    if ask.strict and level == Level.L3:
        level = Level.L4
    report = SandboxReport(level, tuple(_layers(found, ask, kinds, which)), gaps)
    proc = ask.strict or (Namespace.PID in kinds and Namespace.MOUNT in kinds and found.proc)
    return Plan(kinds, read_only, proc, found.landlock, which, report)


def _layers(
    found: Features, ask: Ask, kinds: Namespace, which: seccomp.Filter | None
) -> Iterator[str]:
    if found.landlock:
        yield f"landlock {found.landlock}"
    if which is not None:
        yield f"seccomp {len(seccomp.compiled(which))}"
    yield from (name_of(kind) for kind in kinds)
    if ask.strict:
        yield "bubblewrap"


def _gaps(found: Features, ask: Ask) -> Iterator[Gap]:
    if not found.landlock:
        yield Gap(names.LANDLOCK, found.reason(names.LANDLOCK), Level.L1)
    else:
        yield from _landlock_gaps(found.landlock, ask)
    if not found.seccomp:
        yield Gap(names.SECCOMP, found.reason(names.SECCOMP), Level.L2)
    for kind in asked(ask) & ~found.namespaces:
        name = name_of(kind)
        # Root makes the others without a user namespace, and gives up its powers anyway.
        yield Gap(name, found.reason(name), None if kind == Namespace.USER else Level.L3)
    if Namespace.MOUNT in asked(ask) & found.namespaces and not found.read_only:
        yield Gap(names.READ_ONLY, found.reason(names.READ_ONLY), Level.L3)
    if Namespace.PID in asked(ask) & found.namespaces and not found.proc:
        yield Gap(names.PROC, found.reason(names.PROC))
    for name in (names.MEMORY, names.PARENT):
        if name in dict(found.why):
            yield Gap(name, found.reason(name))
    yield _CGROUP


def _landlock_gaps(abi: int, ask: Ask) -> Iterator[Gap]:
    if abi < landlock.TRUNCATE_ABI:
        yield Gap("landlock truncate", f"ABI {abi} is below {landlock.TRUNCATE_ABI}")
    if abi < landlock.TCP_ABI and not ask.network:
        yield Gap("landlock tcp", f"ABI {abi} is below {landlock.TCP_ABI}")
    if abi < landlock.SCOPE_ABI:
        yield Gap("landlock scope", f"ABI {abi} is below {landlock.SCOPE_ABI}")
