"""What a poorer machine gives: the next level, every missing layer by name, and why."""

import errno
import sys

import pytest

from ciranda_skills.sandbox import (
    Gap,
    Kernel,
    Level,
    Policy,
    SandboxError,
    SandboxReport,
    confine,
    detect,
    require,
)
from ciranda_skills.sandbox.features import Features, _try, from_answers, try_features
from ciranda_skills.sandbox.level import Ask, planned
from ciranda_skills.sandbox.namespaces import Namespace

from . import arena, probes
from .poorer import landlock_of, without, without_namespaces

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is nothing to detect")
ALL = ~Namespace(0)
FULL = Features(7, True, ALL, read_only=True, proc=True)


def machine(**lacks):
    """Return the features of a machine that has everything but these."""
    values = {name: getattr(FULL, name) for name in ("landlock", "seccomp", "namespaces")}
    return Features(**{**values, "read_only": True, "proc": True, **lacks})


@pytest.mark.parametrize(
    ("found", "ask", "level", "missing"),
    [
        (FULL, Ask(), Level.L3, ()),
        (FULL, Ask("program"), Level.L3, ()),
        (FULL, Ask(strict=True), Level.L4, ()),
        (machine(landlock=0), Ask(), Level.L0, ("landlock",)),
        (machine(seccomp=False), Ask(), Level.L1, ("seccomp",)),
        (machine(seccomp=False), Ask(strict=True), Level.L1, ("seccomp",)),
        (machine(namespaces=ALL & ~Namespace.NET), Ask(), Level.L2, ("netns",)),
        (machine(namespaces=ALL & ~Namespace.NET), Ask(network=True), Level.L3, ()),
        (machine(namespaces=ALL & ~Namespace.PID), Ask(), Level.L3, ()),
        (machine(namespaces=ALL & ~Namespace.PID), Ask("program"), Level.L2, ("pidns",)),
        (machine(namespaces=ALL & ~Namespace.USER), Ask(), Level.L3, ("userns",)),
        (machine(read_only=False), Ask(), Level.L2, ("read-only mounts",)),
        (machine(proc=False), Ask("program"), Level.L3, ("proc",)),
        (
            machine(landlock=2),
            Ask(),
            Level.L3,
            ("landlock truncate", "landlock tcp", "landlock scope"),
        ),
        (machine(landlock=3), Ask(network=True), Level.L3, ("landlock scope",)),
        (machine(landlock=5), Ask(), Level.L3, ("landlock scope",)),
        (
            Features(),
            Ask("program"),
            Level.L0,
            ("landlock", "seccomp", "mountns", "utsns", "ipcns", "userns", "pidns", "netns"),
        ),
    ],
)  # fmt: skip
def test_a_level_is_reached_when_nothing_below_it_is_missing(found, ask, level, missing):
    report = planned(found, ask).report

    assert report.level == level
    assert report.missing == (*missing, "cgroup")


def test_a_report_is_one_line():
    some = SandboxReport(Level.L3, ("landlock 7", "seccomp 127", "userns"), (Gap("cgroup", "no"),))

    assert some.line() == "sandbox: L3 (landlock 7, seccomp 127, userns) missing: cgroup"
    assert SandboxReport(Level.L0).line() == "sandbox: L0"


def test_a_level_that_is_required_is_refused_with_what_is_missing_and_why():
    answers = {"landlock": 7, "seccomp": -errno.EINVAL, "netns": -errno.ENOSPC, "mountns": 0}
    report = planned(from_answers(answers, "it was not tried"), Ask()).report

    require(report, Level.L1)
    with pytest.raises(
        SandboxError,
        match=r"^sandbox L2 is required and this machine gives L1 \(seccomp: Invalid argument\);"
        r" allow less with --require-sandbox L1$",
    ):
        require(report, Level.L2)
    with pytest.raises(SandboxError, match="netns: No space left on device"):
        require(report, Level.L3)
    with pytest.raises(SandboxError, match=r"L3 \(bubblewrap: "):
        require(planned(FULL, Ask()).report, Level.L4)


@linux
@pytest.mark.parametrize(
    ("kernel", "profile", "most", "missing"),
    [
        (without("landlock_create_ruleset", error=errno.ENOSYS), "python", Level.L0, "landlock"),
        (without("landlock_restrict_self"), "python", Level.L0, "landlock"),
        (without("seccomp"), "python", Level.L1, "seccomp"),
        (without("unshare"), "python", Level.L2, "netns"),
        (without_namespaces(Namespace.IPC), "python", Level.L2, "ipcns"),
        (without_namespaces(Namespace.PID), "program", Level.L2, "pidns"),
        (without("mount_setattr", error=errno.ENOSYS), "python", Level.L2, "read-only mounts"),
        (without("mount"), "program", Level.L3, "proc"),
        (landlock_of(1), "python", Level.L3, "landlock truncate"),
        (landlock_of(4), "python", Level.L3, "landlock scope"),
    ],
)
def test_a_machine_without_a_layer_gives_less_and_names_it_once(kernel, profile, most, missing):
    report = detect(Policy(profile=profile), kernel)

    assert report.level == min(most, detect(Policy(profile=profile)).level)
    assert report.missing.count(missing) == 1


@linux
@pytest.mark.parametrize(
    ("kernel", "blocked"),
    [
        (without("landlock_create_ruleset", error=errno.ENOSYS), [probes.tcp_connect]),
        (without("seccomp"), [probes.read_outside, probes.write_outside]),
        (without("mount_setattr"), [probes.mode_outside, probes.read_by_symlink]),
        (landlock_of(1), [probes.read_outside, probes.truncate_outside, probes.tcp_connect]),
        (landlock_of(4), [probes.read_outside, probes.kill_parent, probes.tcp_bind]),
    ],
)
def test_what_is_left_still_holds(kernel, blocked):
    features = try_features(kernel)
    policy = Policy(memory_mb=128)

    ended = {each.__name__: arena.run(each, policy, features=features).text for each in blocked}

    assert {name: text for name, text in ended.items() if not text.startswith("blocked")} == {}


@linux
def test_truncating_by_path_is_refused_where_landlock_does_not_see_it():
    found = try_features(landlock_of(2))
    blind = Features(found.landlock, found.seccomp, Namespace(0))

    assert arena.run(probes.truncate_outside, Policy(), features=blind).text.startswith("blocked")


@linux
def test_a_trial_that_dies_counts_what_it_said_before():
    def answer(name, arguments):
        raise SystemExit(name)

    features = try_features(Kernel(answer))

    assert features.landlock == 0
    assert features.reason("seccomp") == "the trial ended before it came to this"


@linux
def test_what_a_trial_does_is_seen_by_who_runs_it():
    def tried(world):
        said: dict[str, int] = {}
        _try(Kernel(), said.__setitem__)
        return said

    ended = arena.run(tried, measured=True)

    assert "'landlock': " in ended.text
    assert ended.text.count("ns': ") == 6


def test_elsewhere_the_level_is_0_and_everything_is_missing(monkeypatch):
    monkeypatch.setattr("ciranda_skills.sandbox.features.sys.platform", "darwin")
    kernel = Kernel(lambda name, arguments: 0)  # not seen before, so that nothing is remembered

    report = detect(kernel=kernel)

    assert report.level == Level.L0
    assert report.layers == ()
    assert {"landlock", "seccomp", "netns", "memory limit", "cgroup"} <= set(report.missing)
    with pytest.raises(SandboxError, match="landlock: darwin has nothing like it"):
        require(report, Level.L1)


@linux
def test_a_policy_may_require_what_a_machine_has_not():
    features = try_features(without("seccomp"))

    with pytest.raises(SandboxError, match="sandbox L2 is required and this machine gives L1"):
        confine(Policy(require=Level.L2), features=features)
