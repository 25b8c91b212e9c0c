"""Confine this process, and all it will start, before foreign code runs in it."""

import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, final

import msgspec

from . import (
    bubblewrap,
    descriptors,
    environment,
    landlock,
    namespaces,
    privileges,
    rlimits,
    seccomp,
    tree,
)
from .alone import threads
from .error import SandboxError
from .features import Features, try_features
from .level import Ask, Plan, planned
from .namespaces import Namespace
from .paths import own_rules, system_rules
from .policy import Policy
from .report import SandboxReport, require
from .syscalls import Kernel

__all__ = ["Begun", "begin", "confine", "detect"]

_LINUX: Final = sys.platform == "linux"
_ABOVE_WORKER: Final = 2  # who waits outside, who reaps inside: both count as processes
_SHM_MB: Final = 64
_NO_RULESET: Final = -1
_LATE: Final = Namespace.PID  # begins with the next fork


@final
class Begun(msgspec.Struct, frozen=True):
    """What `begin` did.

    Args:
        kernel: That was asked.
        plan: What is done all in all.
        ruleset: Of Landlock, with what the system grants; less than 0 for none.
    """

    kernel: Kernel
    plan: Plan
    ruleset: int = _NO_RULESET


def detect(policy: Policy | None = None, kernel: Kernel | None = None) -> SandboxReport:
    """Return what `confine` would reach here, by trying in a child that is thrown away.

    What the machine offers is tried once a process; a process that forks confined ones calls
    this before, so that they need not.

    Args:
        policy: Whose sandbox; None is a python process without network.
        kernel: For tests.
    """
    return _planned(try_features(kernel or Kernel()), policy or Policy()).report


def begin(
    policy: Policy, *, kernel: Kernel | None = None, features: Features | None = None
) -> Begun:
    """Do ahead what takes long and is the same for all policies of one kind.

    A process that has begun is not confined yet: only `confine` makes it so, for a policy of the
    same profile, network and kept variables.

    Args:
        policy: Of that kind.
        kernel: For tests.
        features: What the machine offers; None tries it, once a process.

    Raises:
        SandboxError: A layer that worked in the trial fails now.
    """
    system = kernel or Kernel()
    plan = _planned(features or try_features(system), policy)
    return _begun(system, plan, policy)


def _begun(kernel: Kernel, plan: Plan, policy: Policy) -> Begun:
    at = "session"
    try:
        if os.getsid(0) != os.getpid():
            os.setsid()
        at = "namespaces"
        if plan.namespaces & ~_LATE:
            namespaces.enter(kernel, plan.namespaces & ~_LATE)
        at = "environment"
        environment.replace(environment.wanted(policy, os.environ))
        at = "landlock"
        if not plan.landlock or plan.proc:  # in a /proc that is not mounted yet
            return Begun(kernel, plan)
        ruleset = landlock.begin(kernel, abi=plan.landlock, network=policy.network)
        rules = system_rules(policy.profile, network=policy.network, proc=plan.proc)
        landlock.allow(kernel, ruleset, rules, abi=plan.landlock)
    except (OSError, ValueError) as error:
        raise SandboxError(f"the sandbox fails at {at}: {error}") from error
    return Begun(kernel, plan, ruleset)


def confine(
    policy: Policy,
    *,
    keep_fds: Collection[int] = (0, 1, 2),
    kernel: Kernel | None = None,
    features: Features | None = None,
    begun: Begun | None = None,
) -> SandboxReport:
    """Confine this process for ever; returns in the process that shall run foreign code.

    With the profile `program` that is a grandchild in a process namespace: the process that
    called stays outside, ends when and as the grandchild ends, and takes everything inside
    along when it is killed.

    Args:
        policy: What stays allowed.
        keep_fds: Descriptors to leave open.
        kernel: For tests.
        features: What the machine offers; None tries it, once a process.
        begun: What `begin` did in this process; `kernel` and `features` are then known.

    Raises:
        SandboxError: The process has other threads or is not where the policy says, the level
            that the policy requires cannot be reached, a granted path is not there, or a layer
            that worked in the trial fails now. The process may be half confined: it must end.
    """
    system = begun.kernel if begun is not None else kernel or Kernel()
    plan = _planned(features or try_features(system), policy) if begun is None else begun.plan
    require(plan.report, policy.require)
    _alone()
    if policy.strict and not bubblewrap.around():
        raise SandboxError("the policy is strict, and this process was not started by bubblewrap")
    early = begun or _begun(system, plan, policy)
    at = ""
    try:
        for at in _layers(early, policy, keep_fds):  # noqa: B007  (told when one fails)
            pass
    except (OSError, ValueError) as error:
        raise SandboxError(f"the sandbox fails at {at}: {error}") from error
    return plan.report


def _layers(begun: Begun, policy: Policy, keep_fds: Collection[int]) -> Iterator[str]:
    """Put on one layer after another; yields the name of the one that comes next."""
    kernel, plan, ruleset = begun.kernel, begun.plan, begun.ruleset
    yield "namespaces"
    if plan.namespaces & _LATE:
        namespaces.enter(kernel, plan.namespaces & _LATE)
    yield "environment"  # before the other processes of a namespace copy it
    environment.replace(environment.wanted(policy, os.environ))
    yield "mounts"
    if plan.read_only:
        namespaces.read_only_but(kernel, policy.write)
        if policy.home is not None:
            _open_home(kernel, policy.home, policy)
    yield "process namespace"
    shm = False
    if Namespace.PID in plan.namespaces:
        own_mounts = Namespace.MOUNT in plan.namespaces
        shm = tree.branch(
            kernel,
            proc=plan.proc,
            shm_mb=_SHM_MB if own_mounts else 0,
            processes=policy.processes,
        )
    yield "resource limits"
    rlimits.apply(policy, others=_others(plan, policy))
    yield "descriptors"
    descriptors.close_all_but([*keep_fds, ruleset] if ruleset >= 0 else keep_fds)
    yield "folder"
    if policy.cwd is not None:
        os.chdir(policy.cwd)
    yield "privileges"
    if _LINUX:
        privileges.drop(kernel)
    yield "landlock"
    if plan.landlock:
        if ruleset < 0:
            ruleset = landlock.begin(kernel, abi=plan.landlock, network=policy.network)
            system = system_rules(policy.profile, network=policy.network, proc=plan.proc)
            landlock.allow(kernel, ruleset, system, abi=plan.landlock)
        own = own_rules(policy, proc=plan.proc, shm=shm)
        landlock.allow(kernel, ruleset, own, abi=plan.landlock)
        landlock.enforce(kernel, ruleset)
        os.close(ruleset)
    yield "seccomp"
    if plan.filter is not None:
        seccomp.load(kernel, seccomp.compiled(plan.filter), os.getpid())


def _open_home(kernel: Kernel, home: Path, policy: Policy) -> None:
    """Make the private folder writable: in memory if it has a bound, and as it is otherwise.

    Where memory is refused, whoever started us looks at what is in it.
    """
    room = f"size={policy.home_mb}m,nr_inodes={policy.home_files + 1},mode=0700"
    if not (policy.home_mb and namespaces.in_memory(kernel, home, room)):
        namespaces.make_writable(kernel, home)


def _planned(found: Features, policy: Policy) -> Plan:
    plan = planned(found, Ask(policy.profile, policy.network, policy.strict))
    # Looked up here, for all who are forked from us.
    environment.first_block()
    if plan.landlock:
        system_rules(policy.profile, network=policy.network, proc=plan.proc)
    return plan


def _alone() -> None:
    """Refuse a process with threads: Landlock and seccomp would bind the caller's alone."""
    count = threads()
    if count > 1:
        raise SandboxError(f"a process is confined before it starts threads; this one has {count}")


def _others(plan: Plan, policy: Policy) -> int | None:
    """Return how many processes count against the limit beside our own."""
    if plan.filter is not None and plan.filter.profile == "python":
        return None  # it cannot fork, and memory bounds its threads
    if policy.strict:
        return _ABOVE_WORKER  # bubblewrap itself
    if Namespace.USER in plan.namespaces:
        return _ABOVE_WORKER if Namespace.PID in plan.namespaces else 0  # counted by namespace
    return rlimits.tasks_of(os.getuid())
