"""Finding all processes below one, with and without the kernel's own lists of children."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from ciranda.executors.descendants import descendants


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    """A shell named to confuse whoever reads /proc, with a child in a session of its own."""
    script = "exec -a 'a) b (c' bash -c 'setsid sleep 60 & echo $!; cat; kill -9 $!'"
    with subprocess.Popen(
        ["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as shell:
        yield shell
        assert shell.stdin is not None
        shell.stdin.close()


@pytest.mark.parametrize("listed", [True, False])
def test_children_and_theirs_are_found_parents_first(
    family: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    assert family.stdout is not None
    sleeper = int(family.stdout.readline())
    if not listed:
        monkeypatch.setattr(os.path, "exists", lambda path: False)

    below = list(descendants(os.getpid()))

    assert below.index(family.pid) < below.index(sleeper)
    assert sleeper in descendants(family.pid)


@pytest.mark.parametrize("listed", [True, False])
def test_a_process_that_has_gone_has_nobody_below(
    monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    if not listed:
        monkeypatch.setattr(os.path, "exists", lambda path: False)
    gone = subprocess.Popen(["true"])
    gone.wait()

    assert list(descendants(gone.pid)) == []


def test_a_system_without_proc_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "isdir", lambda path: False)

    assert list(descendants(os.getppid())) == []
