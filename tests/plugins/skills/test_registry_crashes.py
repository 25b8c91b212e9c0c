"""A crash at any moment of an update leaves the old skill or the new one, whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ciranda_skills.digest import digest
from ciranda_skills.registry import Registry, source_of
from ciranda_skills.registry.exchange import exchange

from .installable import only_skills, skill_at

CRASHED = 9


@pytest.mark.parametrize("how", ["swap", "two steps"])
def test_each_crash_leaves_the_old_one_or_the_new_one(tmp_path: Path, how: str) -> None:
    origin = skill_at(tmp_path / "tool", run="print(1)")
    (tmp_path / "first").mkdir()
    Registry(tmp_path / "first").install(source_of(str(origin)))
    old = digest(origin)
    skill_at(origin, version="2", more="print(2)")
    new = digest(origin)
    helper = Path(__file__).with_name("crashing_update.py")

    told = subprocess.run([sys.executable, helper, tmp_path, how], capture_output=True, check=True)

    codes = json.loads(told.stdout)
    assert codes == [CRASHED] * (len(codes) - 1) + [0]
    seen = []
    for call in range(len(codes)):
        base = tmp_path / str(call)
        standing = base / ".ciranda" / "skills" / "tool"
        if how == "swap":  # for any onlooker, at any moment
            assert digest(standing) in (old, new)
        registry = Registry(base)
        with registry._changing():
            pass  # whoever takes the lock next finishes or undoes
        current = registry.find("tool").current.digest
        assert digest(standing) == current
        assert os.listdir(base / ".ciranda" / "skills") == ["tool"]
        only_skills(base)
        assert registry.update("tool").after.digest == new
        assert registry.rollback("tool").after.digest == old
        seen.append(current)
    assert {old, new} == set(seen)
    assert seen == sorted(seen, key=[old, new].index)


def test_folders_change_places_at_once_where_the_system_can(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "in a").touch()

    if exchange(tmp_path / "a", tmp_path / "b"):
        assert os.listdir(tmp_path / "b") == ["in a"]
    else:
        assert os.listdir(tmp_path / "a") == ["in a"]


def test_an_exchange_that_fails_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    if sys.platform == "linux":
        with pytest.raises(OSError, match="No such file"):
            exchange(tmp_path / "a", tmp_path / "none")


def test_a_failed_second_step_puts_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = skill_at(tmp_path / "tool", run="print(1)")
    (tmp_path / "base").mkdir()
    registry = Registry(tmp_path / "base", swap=lambda _one, _other: False)
    registry.install(source_of(str(origin)))
    old = digest(origin)
    skill_at(origin, version="2")
    real, calls = os.rename, []

    def rename(one: Path, other: Path) -> None:
        calls.append(one)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(one, other)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(Exception, match="cannot be changed: no space left on device"):
        registry.update("tool")

    assert digest(registry.folder / "tool") == old
    assert registry.find("tool").current.digest == old
    only_skills(tmp_path / "base")
