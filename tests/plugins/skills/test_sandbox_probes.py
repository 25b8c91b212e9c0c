"""Forty attacks: each works outside of the sandbox, none inside; as root and as nobody."""

import os
import sys

import pytest

from ciranda_skills.sandbox import Level, Policy, detect
from ciranda_skills.sandbox.features import try_features

from . import arena, probes, program_probes
from .poorer import without
from .rounds import ended

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="attacks are on Linux")

ROOT = os.getuid() == 0
USERS = [
    pytest.param(os.getuid(), id="root" if ROOT else "ourselves"),
    pytest.param(
        arena.NOBODY,
        id="nobody",
        marks=pytest.mark.skipif(not ROOT, reason="only root can be somebody else"),
    ),
]
# What the profile is for, and what matters only where no namespace ends with its first process.
PERMITTED = {"run_a_program", "outlive_the_parent"}
# What a machine may refuse by itself, with how: these then prove nothing, and a test says so.
REFUSED_BY_MACHINES = {
    "load_bpf": "kernel.unprivileged_bpf_disabled",
    "io_uring": "kernel.io_uring_disabled",
    "user_namespace": "user.max_user_namespaces, AppArmor",
    "keyring": "a kernel without CONFIG_KEYS",
    "calls_of_another_machine": "a kernel without CONFIG_IA32_EMULATION",
    "ptrace_parent": "kernel.yama.ptrace_scope",
    "process_vm_readv": "kernel.yama.ptrace_scope",
    "memory_of_parent": "kernel.yama.ptrace_scope",
    "queue_of_parent": "a kernel without CONFIG_POSIX_MQUEUE",
    "environment_of_the_first": "it has none",
    "capabilities_by_exec": "an ordinary user has none",
    "new_root": "an ordinary user may not",
}


def in_full(profile):
    report = detect(Policy(profile=profile))
    if report.level < Level.L3:
        pytest.skip(f"not the level that is meant: {report.line()}")


def worked(texts):
    """Return what was not blocked, or broke."""
    return {name: text for name, text in texts.items() if not text.startswith("blocked")}


def test_there_are_28_classic_attacks_and_12_of_our_own():
    assert (len(set(probes.CLASSIC)), len(set(probes.OWN))) == (28, 12)


def test_attacks_work_outside():
    texts = ended(os.getuid(), "outside", "classic", "own", "program")

    refused = {name: text for name, text in texts.items() if not text.startswith("succeeded")}
    assert {name: text for name, text in refused.items() if name not in REFUSED_BY_MACHINES} == {}
    if refused:
        why = ", ".join(f"{name} ({REFUSED_BY_MACHINES[name]})" for name in refused)
        pytest.skip(f"{len(texts) - len(refused)} work; this machine itself refuses {why}")


@pytest.mark.parametrize("uid", USERS)
def test_all_28_and_12_are_blocked_in_a_python_process(uid):
    texts = ended(uid, "python", "classic", "own")

    assert len(texts) == 40
    assert worked(texts) == {}


def test_all_28_and_12_are_blocked_without_namespaces():
    features = try_features(without("unshare"))
    if not (features.landlock and features.seccomp):
        pytest.skip(f"this machine lacks more than that: {features}")

    assert worked(ended(os.getuid(), "python", "classic", "own", namespaces=False)) == {}


@pytest.mark.parametrize("uid", USERS)
def test_38_of_the_40_are_blocked_for_programs(uid):
    in_full("program")

    texts = ended(uid, "program", "classic", "own")

    assert worked({name: text for name, text in texts.items() if name not in PERMITTED}) == {}
    assert texts.keys() > PERMITTED


@pytest.mark.parametrize("uid", USERS)
def test_twelve_attacks_by_programs_are_blocked(uid):
    in_full("program")

    texts = ended(uid, "program", "program", "daemon")

    assert len(texts) == 13  # the daemon is looked at below
    assert worked(texts) == {}


def test_a_daemon_dies_with_the_worker():
    in_full("program")

    def started(world):
        program_probes.live_on(world)
        return True

    assert arena.run(started, Policy(profile="program"), wait_for=(200, 0.6)) == arena.Outcome(
        "succeeded: True", reached=False
    )
    assert arena.run(started, wait_for=(200, 10)) == arena.Outcome("succeeded: True", reached=True)


def test_a_mapping_shared_by_nobody_is_what_programs_can_still_make_large():
    ended_ = arena.run(program_probes.shared_mapping, Policy(profile="program", memory_mb=128))

    assert ended_.succeeded, "it is blocked now: say so in the documentation"


def test_a_granted_network_is_the_internet_and_not_unix_sockets():
    uid = os.getuid()

    granted = ended(uid, "python-network", "network")
    texts = ended(uid, "python-network", "classic")

    assert worked(granted) == granted
    assert worked(texts) == granted
