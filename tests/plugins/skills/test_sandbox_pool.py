"""The sandbox inside the engine's pool: what ends how, and that nothing is left."""

import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from ciranda import StepError
from ciranda.executors.pool import Pool, WorkerKind
from ciranda_skills.sandbox import Level, Policy, detect

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="confined workers need Linux"),
]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def kind(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))  # workers get our path
    home = tmp_path / "home"
    home.mkdir()

    def make(profile):
        return WorkerKind(
            profile,
            setup="tests.plugins.skills.confined_worker:setup",
            confine="tests.plugins.skills.confined_worker:enclose",
            options={"profile": profile, "home": str(home)},
            lifetime="fork",
        )

    return make


def alive_in_group_of(name):
    found = []
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if name in status.read_bytes():
                found.append(status.parent.name)
        except OSError:
            continue  # it ended meanwhile
    return found


@pytest.mark.parametrize("profile", ["python", "program"])
async def test_a_call_ends_as_its_worker_ends(kind, profile):
    async with Pool(kind(profile), 1) as pool:
        home = await pool.call("where", None, deadline=30)
        with pytest.raises(StepError, match="ended with exit code 3") as coded:
            await pool.call("end", {"signal": 0, "code": 3}, deadline=30)
        with pytest.raises(StepError, match="was killed by SIGKILL"):
            await pool.call("end", {"signal": int(signal.SIGKILL), "code": 0}, deadline=30)
        with pytest.raises(StepError, match="was killed by SIGSEGV"):
            await pool.call("end", {"signal": int(signal.SIGSEGV), "code": 0}, deadline=30)

    assert coded.value.detail["exit_code"] == 3
    assert home["home"].endswith("/home")
    assert home["uid"] == os.getuid()


async def test_a_call_sees_nothing_but_what_was_granted(kind, tmp_path):
    (tmp_path / "secret").write_text("x")

    async with Pool(kind("python"), 1) as pool:
        with pytest.raises(StepError, match="PermissionError"):
            await pool.call("escape", str(tmp_path / "secret"), deadline=30)


async def test_programs_are_gone_when_their_call_has_ended(kind):
    if detect(Policy(profile="program")).level < Level.L3:
        pytest.skip("there are no process namespaces here")
    before = alive_in_group_of(b"sleep\x0060\x00")

    async with Pool(kind("program"), 1) as pool:
        inner = await pool.call("leave", None, deadline=30)
        after_answer = alive_in_group_of(b"sleep\x0060\x00")
        with pytest.raises(StepError, match=r"was killed after its 0\.3 seconds"):
            await pool.call("hang", None, deadline=0.3)
        after_deadline = alive_in_group_of(b"sleep\x0060\x00")
        with anyio.move_on_after(0.3):
            await pool.call("hang", None)

    assert inner < 10  # a number of its own namespace
    assert (after_answer, after_deadline) == (before, before)
    assert alive_in_group_of(b"sleep\x0060\x00") == before
