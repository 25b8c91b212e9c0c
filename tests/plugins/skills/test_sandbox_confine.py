"""Confining: limits, descriptors, environment, and failures that leave nothing half done."""

import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ciranda_skills.sandbox import (
    Kernel,
    Level,
    Policy,
    SandboxError,
    bubblewrap_command,
    confine,
    detect,
    environment,
    find_bubblewrap,
    rlimits,
    tree,
)
from ciranda_skills.sandbox.features import try_features

from . import arena
from .poorer import without

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confining needs Linux")
MIB = 1 << 20


def refused(policy, **more):
    """Return what confining in a child says."""

    def attempt(world):
        confine(policy, keep_fds=(world.result,), **more)

    return arena.run(attempt, measured=True).text


def test_a_process_with_threads_is_not_confined():
    def threaded(world):
        import threading

        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
        confine(Policy(), keep_fds=(world.result,))

    assert "a process is confined before it starts threads; this one has 2" in (
        arena.run(threaded).text
    )


def test_a_granted_path_must_be_there(tmp_path):
    assert "the sandbox cannot grant" in refused(Policy(read=(tmp_path / "nowhere",)))
    assert "the sandbox fails at mounts" in refused(Policy(write=(tmp_path / "nowhere",)))
    assert "the sandbox fails at folder" in refused(Policy(cwd=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("unshare", "namespaces"),
        ("mount_setattr", "mounts"),
        ("capset", "privileges"),
        ("landlock_restrict_self", "landlock"),
        ("seccomp", "seccomp"),
    ],
)
def test_a_layer_that_worked_in_the_trial_and_fails_now_is_an_error(name, step):
    full = try_features(Kernel())
    if full.why:
        pytest.skip(f"this machine lacks something: {full}")

    said = refused(Policy(), features=full, kernel=without(name, error=errno.EIO))

    assert said.startswith(f"blocked: SandboxError: the sandbox fails at {step}: ")


def test_everything_is_as_the_policy_says(tmp_path):
    def look(world):
        return {
            "env": dict(os.environ),
            "cwd": os.getcwd(),
            "fds": sorted(map(int, os.listdir("/proc/self/fd")))[:-1],
            "session": os.getsid(0) == os.getpid(),
        }

    policy = Policy(cwd=tmp_path, read=(tmp_path,), env={"TOKEN": "t"}, keep_env=("LANG",))
    ended = arena.run(look, policy, measured=True)

    seen = eval(ended.text.removeprefix("succeeded: "), {})  # what we printed ourselves
    assert seen["env"]["TOKEN"] == "t"
    assert seen["env"]["HOME"] == seen["env"]["TMPDIR"]
    assert set(seen["env"]) <= {"TOKEN", "HOME", "TMPDIR", "PATH", "MALLOC_ARENA_MAX", "LANG"}
    assert seen["cwd"] == str(tmp_path)
    assert len(seen["fds"]) == 1
    assert seen["session"]


def test_the_environment_is_what_is_kept_then_what_is_set():
    policy = Policy(home=Path("/h"), env={"PATH": "/p"}, keep_env=("LANG", "GONE"))

    assert environment.wanted(policy, {"LANG": "C", "SECRET": "s"}) == {
        "LANG": "C",
        "PATH": "/p",
        "MALLOC_ARENA_MAX": "2",
        "HOME": "/h",
        "TMPDIR": "/h",
    }


def allocates(mib):
    def work(world):
        return len(bytearray(mib * MIB))

    return work


def test_memory_ends_at_its_limit():
    policy = Policy(memory_mb=256)

    assert arena.run(allocates(225), policy).succeeded
    # Far above: what the forking process of the tests holds by then is allowed besides.
    assert "MemoryError" in arena.run(allocates(8_000), policy).text


def test_memory_of_a_program_ends_at_its_limit():
    def program(mib):
        line = [sys.executable, "-I", "-S", "-c", f"bytearray({mib} << 20)"]
        return lambda world: subprocess.run(line, check=False, capture_output=True).returncode == 0

    policy = Policy(profile="program", memory_mb=256)

    assert arena.run(program(225), policy).succeeded
    # Far above: what the forking process of the tests holds by then is allowed besides.
    assert not arena.run(program(8_000), policy).succeeded


def test_a_file_ends_at_its_limit():
    def writes(world):
        with (world.home / "f").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 8 * MIB)
            return file.write(b"x" * 10)

    assert arena.run(writes, Policy(file_mb=8)).succeeded
    assert "File too large" in arena.run(writes, Policy(file_mb=7)).text


def test_processor_time_ends_with_a_signal():
    def burns(world):
        signal.signal(signal.SIGXCPU, lambda *_: os.write(world.result, b"xcpu ") and os._exit(0))
        while True:
            pass

    assert arena.run(burns, Policy(cpu_s=1)).text == "xcpu "


def test_programs_have_as_many_processes_as_the_policy_says():
    def forks(world):
        for count in range(100):
            try:
                if os.fork() == 0:
                    time.sleep(5)
                    os._exit(0)
            except BlockingIOError:
                return f"stopped at {count}"
            if os.geteuid() == 0:
                time.sleep(0.005)  # root is counted, not limited
        time.sleep(2)
        return "never stopped"

    ended = arena.run(forks, Policy(profile="program", processes=10), measured=os.getuid() != 0)
    if os.getuid() == 0:
        assert ended.text == "blocked: it was killed"
        ended = arena.run(forks, Policy(profile="program", processes=10), uid=arena.NOBODY)
    assert ended.text == "succeeded: 'stopped at 9'"


def reaps(most):
    """Return work that starts a process with a child of its own and reaps it."""

    def work(world):
        worker = os.fork()
        if worker == 0:
            if os.fork() == 0:
                os._exit(0)
            time.sleep(0.05)
            os._exit(3)
        return os.waitstatus_to_exitcode(tree._reaped(worker, most)) or "well"

    return work


def test_the_first_process_reaps_until_the_worker_ends_and_kills_it_when_there_are_too_many():
    assert arena.run(reaps(None), measured=True).text == "succeeded: 3"
    assert arena.run(reaps(100_000), measured=True).text == "succeeded: 3"
    assert arena.run(reaps(0), measured=True).text == "succeeded: -9"


def test_a_process_ends_as_another_did():
    def end(status):
        pid = os.fork()
        if pid == 0:
            tree.end_as(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def work(world):
        return [end(each << 8) for each in (0, 7, 255)] + [end(9), end(11), end(15)]

    assert arena.run(work).text == "succeeded: [0, 7, 255, -9, -11, -15]"


@pytest.mark.parametrize("uid", [None, arena.NOBODY] if os.getuid() == 0 else [None])
def test_a_process_still_ends_with_its_parent(uid):
    def asked(world):
        signum = ctypes.c_int()
        ctypes.CDLL(None).prctl(2, ctypes.byref(signum), 0, 0, 0)  # PR_GET_PDEATHSIG
        return signum.value

    ended = arena.run(asked, Policy(), uid=uid, before=_die_with_parent)

    assert ended.text == "succeeded: 9"


def _die_with_parent():
    assert ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0) == 0


def test_when_the_process_outside_is_killed_everything_inside_ends():
    def works(world):
        for _ in range(1000):
            world.shared[300] = (world.shared[300] + 1) % 256
            time.sleep(0.01)

    def outside(world):
        """Confine a child as a program, kill the process outside, and look who goes on."""
        outer = os.fork()
        if outer == 0:
            confine(Policy(profile="program", home=world.home), keep_fds=())
            works(world)
            os._exit(0)
        while not world.shared[300]:
            time.sleep(0.001)
        os.kill(outer, signal.SIGKILL)
        os.waitpid(outer, 0)
        for _ in range(50):
            seen = world.shared[300]
            time.sleep(0.1)
            if world.shared[300] == seen:
                return "it ended"
        return "it goes on"

    if detect(Policy(profile="program")).level < Level.L3:
        pytest.skip("there are no process namespaces here")
    assert arena.run(outside).text == "succeeded: 'it ended'"


def test_without_namespaces_the_limit_of_processes_counts_all_of_the_user():
    def limit(world):
        return resource.getrlimit(resource.RLIMIT_NPROC)[0]

    features = try_features(without("unshare"))
    ended = arena.run(
        limit, Policy(profile="program", processes=10), features=features, measured=True
    )

    assert int(ended.text.removeprefix("succeeded: ")) >= 10 + 1
    assert rlimits.tasks_of(os.getuid()) >= 1


def bwrap():
    try:
        return find_bubblewrap()
    except SandboxError as error:
        return str(error)


has_bubblewrap = pytest.mark.skipif(" " in bwrap(), reason=bwrap())


@has_bubblewrap
def test_below_bubblewrap_only_what_is_granted_is_there(tmp_path):
    (tmp_path / "secret").write_text("s")
    for name in ("skill", "home"):
        (tmp_path / name).mkdir()
    policy = Policy(
        read=(tmp_path / "skill",), home=tmp_path / "home", cwd=tmp_path / "skill", env={"A": "1"}
    )
    script = (
        f"pwd; echo $A $HOME; ls {tmp_path}; touch x; touch $HOME/y; ls /proc | grep -c '^[0-9]'"
    )

    done = subprocess.run(
        bubblewrap_command(policy, ["/bin/sh", "-c", script]),
        capture_output=True,
        text=True,
        check=False,
    )

    where, env, listed, others, count = (
        done.stdout.splitlines()[0],
        done.stdout.splitlines()[1],
        set(done.stdout.splitlines()[2:4]),
        done.stderr,
        int(done.stdout.splitlines()[-1]),
    )
    assert where == str(tmp_path / "skill")
    assert env == f"1 {tmp_path}/home"
    assert listed == {"skill", "home"}
    assert "Read-only file system" in others
    assert count < 8
    assert (tmp_path / "home" / "y").exists()


@has_bubblewrap
def test_confining_goes_on_below_bubblewrap(tmp_path):
    code = (
        "from pathlib import Path; from ciranda_skills.sandbox import *;"
        f"print(confine(Policy(home=Path({str(tmp_path)!r}), strict=True)).line())"
    )
    source = Path(__file__).parents[3]
    roots = (source / "plugins/skills", source / "engine")
    policy = Policy(home=tmp_path, read=roots, env={"PYTHONPATH": ":".join(map(str, roots))})

    done = subprocess.run(
        bubblewrap_command(policy, [sys.executable, "-c", code]),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith("sandbox: L4 (landlock"), done.stdout + done.stderr
    assert "bubblewrap" in done.stdout


def test_a_strict_policy_needs_bubblewrap_around_it():
    assert "strict, and this process was not started by bubblewrap" in refused(Policy(strict=True))


def test_a_missing_or_broken_bubblewrap_is_said(tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no namespaces >&2\nexit 1\n")
    broken.chmod(0o755)

    with pytest.raises(SandboxError, match="needs bubblewrap and there is none: install `bwrap`"):
        find_bubblewrap("bwrap-that-is-not-there")
    with pytest.raises(SandboxError, match="fails: no namespaces"):
        find_bubblewrap(str(broken))
    broken.write_text("not a program")
    with pytest.raises(SandboxError, match="fails: "):
        find_bubblewrap(str(broken))


def test_the_command_of_bubblewrap_names_what_a_policy_grants(tmp_path):
    line = " ".join(bubblewrap_command(Policy(network=True, write=(tmp_path,)), ["/x"], bwrap="b"))

    assert line.startswith("b --unshare-all --die-with-parent")
    assert "--share-net" in line
    assert f"--bind {tmp_path} {tmp_path}" in line
    assert line.endswith("-- /x")
