"""Honest work goes on in the sandbox as outside of it."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from ciranda_skills.sandbox import Level, Policy, detect
from ciranda_skills.sandbox.features import try_features

from . import arena, benign
from .poorer import without

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confined work needs Linux")


def all_of(scripts):
    """Return work that does everything, each in a folder of its own, and names what fails."""

    def work(world):
        failed = {}
        for script in scripts:
            home = world.home / script.__name__
            home.mkdir()
            try:
                worked = script(replace(world, home=home))
            except Exception as error:
                worked, failed[script.__name__] = True, repr(error)
            if not worked:
                failed[script.__name__] = "it has no effect"
        if failed:
            raise OSError(failed)
        return f"{len(scripts)} scripts"

    return work


@pytest.mark.parametrize("profile", ["python", "program"])
def test_thirty_scripts_work(profile):
    # What the forking process of the tests holds by then counts, too.
    ended = arena.run(all_of(benign.SCRIPTS), Policy(profile=profile, memory_mb=2048))

    assert ended.text == "succeeded: '30 scripts'"


def test_scripts_work_where_there_are_no_namespaces():
    features = try_features(without("unshare"))

    ended = arena.run(all_of(benign.SCRIPTS), Policy(), features=features)

    assert ended.text == "succeeded: '30 scripts'"


@pytest.mark.skipif(not benign.HAS_NUMPY, reason="numpy is not installed")
def test_numbers_in_arrays_work():
    ended = arena.run(benign.numbers_in_arrays, Policy(memory_mb=512))

    assert ended.succeeded, ended.text


def shell(world):
    script = "set -e; echo $((6 * 7)) > $HOME/n; sort -n $HOME/n | tr -d '\\n'; ls / >/dev/null"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    return "sorted 42" if (done.returncode, done.stdout) == (2, "42") else done


def subprocesses(world):
    code = "import json, multiprocessing as m; q = m.Queue(); q.put(1); print(q.get())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.stdout != "1\n":
        raise OSError(done.stderr)
    return True


@pytest.mark.parametrize("work", [shell, subprocesses], ids=["a shell", "another interpreter"])
def test_programs_run_in_the_profile_of_programs(work):
    ended = arena.run(work, Policy(profile="program", memory_mb=512), measured=True)

    assert ended.succeeded, ended.text


def test_the_machine_of_these_tests_gives_namespaces_or_says_why_not():
    report = detect(Policy(profile="program"))

    if report.level < Level.L3:
        pytest.skip(f"level 3 is not tested here: {report.line()}")
    assert f"landlock {try_features(without()).landlock}" in report.layers
    assert os.getpid() > 2
