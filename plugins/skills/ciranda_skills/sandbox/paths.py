"""What every confined process may read: the interpreter and the harmless part of the system."""

import functools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from .landlock import Access, Rule
from .policy import Policy, Profile

__all__ = ["own_rules", "system_rules"]

_SYSTEM: Final = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin")
# Names, certificates, time: never the whole of /etc, where root reads passwords.
_SETTINGS: Final = (
    "group", "localtime", "mime.types", "nsswitch.conf", "os-release", "passwd", "ssl/certs",
    "ssl/openssl.cnf", "timezone",
)  # fmt: skip
_ADDRESSES: Final = ("gai.conf", "host.conf", "hosts", "protocols", "resolv.conf", "services")
_OF_PROGRAMS: Final = (
    *_ADDRESSES, "alternatives", "bash.bashrc", "ca-certificates", "debian_version", "fonts",
    "hostname", "inputrc", "java", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias",
    "locale.conf", "magic", "perl", "pki", "profile", "shells", "terminfo",
)  # fmt: skip
_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
_KERNEL: Final = ("cpuinfo", "loadavg", "meminfo", "stat", "uptime")


def own_rules(policy: Policy, *, proc: bool, shm: bool = False) -> Iterator[Rule]:
    """Yield the rules of a policy, besides those for the system.

    Args:
        policy: What it asks for must be there.
        proc: Whether /proc shows our own processes alone.
        shm: Whether /dev/shm is ours alone.

    Yields:
        What may be read, run or changed.
    """
    if not proc:
        yield Rule(Path("/proc/self"), Access.READ, optional=True)
    if shm:
        yield Rule(Path("/dev/shm"), Access.CHANGE)
    read = Access.READ if policy.profile == "python" else Access.RUN
    for path in policy.read:
        yield Rule(path, read)
    for path in policy.writable:
        yield Rule(path, Access.CHANGE)


@functools.cache
def system_rules(profile: Profile, *, network: bool, proc: bool) -> tuple[Rule, ...]:
    """Return the rules for what is there of the interpreter and the system; looked up once."""
    read = Access.READ if profile == "python" else Access.RUN
    rules = [Rule(Path(name), read, optional=True) for name in (*_SYSTEM, *_interpreter())]
    settings = _SETTINGS if profile == "python" else (*_SETTINGS, *_OF_PROGRAMS)
    settings = (*settings, *_ADDRESSES) if network else settings
    rules += [Rule(Path("/etc", name), Access.READ, optional=True) for name in settings]
    device = Access.READ | Access.WRITE_FILE
    rules += [Rule(Path("/dev", name), device, optional=True) for name in _DEVICES]
    kernel = ("",) if proc else _KERNEL
    rules += [Rule(Path("/proc", name), Access.READ, optional=True) for name in kernel]
    return tuple(_distinct(rules))


def _distinct(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield the rules for what is there, without what another one grants already."""
    seen: set[Path] = set()
    for rule in rules:
        try:
            place = rule.path.resolve(strict=True)
        except OSError:
            continue  # not there, or out of reach: nothing can be read there anyway
        if not seen.intersection((place, *place.parents)):
            seen.add(place)
            yield msgspec.structs.replace(rule, path=place, folder=place.is_dir())


def _interpreter() -> tuple[str, ...]:
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix} - {"/"}
    return tuple(sorted(prefixes))
