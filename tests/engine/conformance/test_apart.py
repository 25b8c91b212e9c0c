"""A plugin that does not come back is stopped, named, and leaves no process."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ciranda.conformance import Finding, Verdict, conform_apart, find_subject
from ciranda.conformance.importing import probe

from .conftest import failing

HEAD = """
import os
import re
import subprocess
import time

import anyio

from ciranda import action, hookimpl

CIRANDA_API = (1, 0)


@action("sample.shout", pure=True)
def shout(text: str) -> str:
    return text.upper()


@hookimpl
def actions():
    return [shout, slow]


@action("sample.slow", pure=True)
"""
STARTS = "subprocess.Popen(['sleep', '600'], start_new_session=True)"
LEFT = "open('left', 'w').write(str({STARTS}.pid))".replace("{STARTS}", STARTS)


def checked(folder: Path, body: str, *rules: str) -> list[Finding]:
    file = folder / "sample.py"
    file.write_text(f"{HEAD}{body}\n")
    return conform_apart(find_subject("sample.py"), "sample.py", only=rules, seconds=1.0)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def gone(folder: Path) -> bool:
    """Return whether the process whose number the action wrote down has ended."""
    number = (folder / "left").read_text()
    end = time.monotonic() + 5
    while (known := _alive(number)) and time.monotonic() < end:
        time.sleep(0.01)
    return not known


def _alive(number: str) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    "body",
    [
        # Nothing else in its process is done meanwhile: a thread that watches would not be heard.
        "def slow() -> bool: return bool(re.match('(a+)+$', 'a' * 60 + 'b'))",
        f"async def slow() -> None:\n    {LEFT}\n    await anyio.sleep_forever()",
    ],
    ids=["busy", "waiting"],
)
def test_an_action_that_never_ends_is_stopped_and_named(tmp_path: Path, body: str) -> None:
    found = checked(tmp_path, body, "api", "action-runs", "action-cancel", "teardown")

    (failed,) = failing(found)
    assert failed.rule == "action-runs"
    assert failed.message == "`sample.slow` on asyncio had not ended after 1 s and was stopped"
    assert failed.place.startswith(f"{tmp_path}/sample.py:")
    said = {one.rule: one for one in found if one.verdict is not Verdict.FAIL}
    assert said["api"].verdict is Verdict.PASS
    for rule in ("action-cancel", "teardown"):
        assert said[rule].verdict is Verdict.NOT_APPLICABLE
        assert "was stopped" in said[rule].message
    assert "sleep" not in body or gone(tmp_path)


def test_an_action_that_ends_its_process_is_named(tmp_path: Path) -> None:
    (failed,) = failing(checked(tmp_path, "def slow() -> None: os._exit(3)", "action-runs"))

    assert failed.message == (
        "`sample.slow` on asyncio ends the process that it is checked in (exit code 3)"
    )


def test_an_import_that_never_ends_is_told_whatever_is_asked_for(tmp_path: Path) -> None:
    found = checked(tmp_path, "def slow() -> None: ...\ntime.sleep(600)", "action-docs")

    assert [one.rule for one in failing(found)] == ["import"]
    assert failing(found)[0].message == "importing `sample` had not ended after 1 s and was stopped"
    assert {one.verdict for one in found if one.rule == "action-docs"} == {Verdict.NOT_APPLICABLE}


def test_an_import_that_waits_for_a_process_is_stopped_with_it(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(
        f"import subprocess\nchild = {STARTS}\n"
        "open('left', 'w').write(str(child.pid))\nchild.wait()\n"
    )

    assert probe(find_subject("sample.py"), seconds=1.0).error == "it takes longer than 1 s"
    assert gone(tmp_path)


def test_what_a_plugin_prints_while_it_is_checked_is_no_part_of_the_answer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    body = "def slow() -> None:\n    print('hello')\n\n\nprint('imported')"

    assert failing(checked(tmp_path, body, "api", "action-runs")) == []
    assert capfd.readouterr().out == ""
