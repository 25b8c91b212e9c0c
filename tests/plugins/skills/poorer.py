"""Kernels that lack something, for tests."""

import errno
from typing import Any

from ciranda_skills.sandbox import Kernel
from ciranda_skills.sandbox.namespaces import Namespace


def without(*names: str, error: int = errno.EPERM) -> Kernel:
    """Return a kernel that refuses these calls."""

    def answer(name: str, _: tuple[Any, ...]) -> int | None:
        return -error if name in names else None

    return Kernel(answer if names else None)


def without_namespaces(kinds: Namespace, error: int = errno.EPERM) -> Kernel:
    """Return a kernel that refuses these kinds of namespaces."""

    def answer(name: str, arguments: tuple[Any, ...]) -> int | None:
        return -error if name == "unshare" and arguments[0] & int(kinds) else None

    return Kernel(answer)


def landlock_of(abi: int) -> Kernel:
    """Return a kernel of an older Landlock, which refuses what came later."""

    def answer(name: str, arguments: tuple[Any, ...]) -> int | None:
        if name == "landlock_create_ruleset":
            _, size, flags = arguments
            if flags:
                return abi
            if size > (8 if abi < 4 else 16 if abi < 6 else 24):
                return -errno.E2BIG
        return None

    return Kernel(answer)
