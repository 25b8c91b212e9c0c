"""Filters of system calls: what is assembled decides as the rules do."""

import struct

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_skills.sandbox import bpf, seccomp
from ciranda_skills.sandbox.numbers import ABSENT, NEWEST, TABLE, number
from tests.effort import share

PID = 4321
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ENOSYS, EPERM = bpf._ERRNO | 38, bpf._ERRNO | 1
FILTERS = [
    seccomp.Filter(profile, network, attributes, truncate, alone)
    for profile in ("python", "program")
    for network in (False, True)
    for attributes in (False, True)
    for truncate in (False, True)
    for alone in (False, True)
]


def decided(raw, data):
    """Return what the kernel would: runs the instructions over `struct seccomp_data`."""
    code = list(struct.iter_unpack("=HBBI", raw))
    place = accumulator = 0
    while True:
        what, true, false, value = code[place]
        place += 1
        if what == bpf._LOAD:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif what == bpf._AND:
            accumulator &= value
        elif what == bpf._EQUAL:
            place += true if accumulator == value else false
        elif what == bpf._ABOVE:
            place += true if accumulator > value else false
        else:
            assert what == bpf._RETURN
            return value


def ruled(rules, machine, called, arguments):
    """Return what the rules say, read one by one: the oracle."""

    def holds(check):
        value = PID if check.value == bpf.SELF else check.value
        argument = arguments[check.argument]
        word = argument >> 32 if check.high else argument & 0xFFFFFFFF
        return word & check.mask == value

    if called > NEWEST:
        return ENOSYS
    for rule in rules:
        if called in {number(name, machine) for name in rule.names} - {ABSENT}:
            ways = [all(map(holds, way)) for way in rule.unless or rule.only]
            refused = not any(ways) if rule.unless else any(ways) or not rule.only
            return bpf._ERRNO | rule.errno if refused else bpf.ALLOW
    return bpf.ALLOW


def seen(machine, called, arguments):
    return struct.pack("=IIQ6Q", called, MACHINES[machine], 0, *arguments)


interesting = st.sampled_from(
    [0, 1, 2, 5, 8, 10, 15, 16, PID, PID + 1, 0x10000, 0x10000000, 0x3D0F00, 0x5412, 0xFFFFFFFF,
     1 << 32, (1 << 32) + PID, 0x801, 0x805]
)  # fmt: skip
filters = st.sampled_from(FILTERS)
machines = st.sampled_from(sorted(MACHINES))


@given(
    filters,
    machines,
    st.sampled_from(sorted(TABLE)) | st.integers(0, 2 * NEWEST),
    st.lists(interesting | st.integers(0, 2**64 - 1), min_size=6, max_size=6),
)
@settings(max_examples=share(400), deadline=None)
def test_a_filter_decides_as_its_rules_do(which, machine, called, arguments):
    chosen = called if isinstance(called, int) else number(called, machine)
    called_ = 0 if chosen == ABSENT else chosen
    raw = seccomp.compiled(which, machine).filled(PID)

    assert decided(raw, seen(machine, called_, arguments)) == ruled(
        which.rules(), machine, called_, arguments
    )


@pytest.mark.parametrize("which", FILTERS)
@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_calls_of_another_machine_kill_and_the_x32_table_is_not_there(which, machine):
    raw = seccomp.compiled(which, machine).filled(PID)

    assert decided(raw, struct.pack("=IIQ6Q", 20, 0x40000003, *[0] * 7)) == bpf.KILL
    assert decided(raw, seen(machine, 0x40000000 + 41, [0] * 6)) == ENOSYS
    assert len(raw) // 8 == len(seccomp.compiled(which, machine)) <= 4096


@pytest.mark.parametrize("machine", sorted(MACHINES))
@pytest.mark.parametrize(
    ("name", "arguments", "python", "program"),
    [
        ("execve", [0], EPERM, bpf.ALLOW),
        ("clone", [0x3D0F00], bpf.ALLOW, bpf.ALLOW),  # a thread
        ("clone", [0x1200011], EPERM, bpf.ALLOW),  # fork
        ("clone", [0x10000011], EPERM, EPERM),  # a user namespace
        ("clone3", [0], ENOSYS, ENOSYS),
        ("kill", [PID], bpf.ALLOW, bpf.ALLOW),
        ("kill", [0], EPERM, bpf.ALLOW),
        ("prlimit64", [0], bpf.ALLOW, bpf.ALLOW),
        ("prlimit64", [PID + 1], EPERM, bpf.ALLOW),
        ("socket", [2], EPERM, EPERM),
        ("socketpair", [1, 0x80801], bpf.ALLOW, bpf.ALLOW),
        ("socketpair", [1, 0x80802], EPERM, EPERM),
        ("sendto", [3, 0, 1, 0, 0], bpf.ALLOW, bpf.ALLOW),
        ("sendto", [3, 0, 1, 0, 1 << 40], EPERM, EPERM),
        ("ptrace", [0], EPERM, EPERM),
        ("inotify_init1", [0], EPERM, EPERM),  # it names files that cannot be listed
        ("fcntl", [3, 1024], EPERM, EPERM),  # a lease makes others wait
        ("fcntl", [3, 2], bpf.ALLOW, bpf.ALLOW),
        ("memfd_create", [0], EPERM, ENOSYS),
        ("fchmod", [0], bpf.ALLOW, bpf.ALLOW),
    ],
)
def test_a_profile_lets_through_what_it_is_for(machine, name, arguments, python, program):
    data = seen(machine, number(name, machine), [*arguments, *[0] * (6 - len(arguments))])
    answers = [
        decided(seccomp.compiled(which, machine).filled(PID), data)
        for which in (
            seccomp.Filter(attributes=True),
            seccomp.Filter("program", attributes=True, alone=True),
        )
    ]

    assert answers == [python, program]


def test_without_read_only_mounts_modes_seem_to_change():
    raw = seccomp.compiled(seccomp.Filter(), "x86_64").filled(PID)

    assert decided(raw, seen("x86_64", number("fchmod", "x86_64"), [0] * 6)) == bpf._ERRNO


def test_a_machine_without_a_table_has_no_filter():
    assert number("clone", "riscv64") == ABSENT
    with pytest.raises(KeyError):
        seccomp.compiled(seccomp.Filter(), "riscv64")
