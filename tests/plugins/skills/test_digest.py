"""The digest of a skill: every change counts, nothing else does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ciranda_skills.digest import digest
from ciranda_skills.error import SkillLimitError, UnreadableError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "skill"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: skill\n---\n")
    (folder / "scripts" / "run.py").write_text("print(1)")
    return folder


def test_it_is_stable_from_version_to_version(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("x")
    (tmp_path / "SKILL.md").chmod(0o644)

    assert digest(tmp_path) == "6a8ad6124e070b5548ee595117675314d9ac9503b63b04ddcb0709c7b46d5a44"


def test_the_same_content_elsewhere_is_the_same(root: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(root, tmp_path / "elsewhere" / "other-name")
    os.utime(copied / "SKILL.md", (0, 0))

    assert digest(copied) == digest(root)


def _edit(root: Path) -> None:
    (root / "scripts" / "run.py").write_text("print(2)")


def _edit_unseen(root: Path) -> None:
    """Change one byte and put size and times back."""
    path = root / "scripts" / "run.py"
    before = path.stat()
    path.write_text("print(2)")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _import_by_stealth(root: Path) -> None:
    (root / "scripts" / "__pycache__").mkdir()
    (root / "scripts" / "__pycache__" / "run.cpython-311.pyc").write_bytes(b"")


def _require_by_stealth(root: Path) -> None:
    (root / "node_modules").mkdir()
    (root / "node_modules" / "index.js").write_text("")


@pytest.mark.parametrize(
    "change",
    [
        _edit,
        _edit_unseen,
        _import_by_stealth,
        _require_by_stealth,
        lambda root: (root / "new.txt").write_text(""),
        lambda root: (root / "SKILL.md").unlink(),
        lambda root: (root / "SKILL.md").rename(root / "skill.md"),
        lambda root: (root / "scripts" / "run.py").rename(root / "run.py"),
        lambda root: (root / "scripts" / "run.py").chmod(0o755),
        lambda root: (root / "link").symlink_to("SKILL.md"),
        lambda root: (root / "link").symlink_to("/etc/passwd"),
        lambda root: os.mkfifo(root / "pipe"),
    ],
)
def test_every_change_changes_it_at_once(root: Path, change: object) -> None:
    before = digest(root)

    assert callable(change)
    change(root)

    assert digest(root) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "empty").mkdir(),
        lambda root: (root / "SKILL.md").touch(),
        lambda root: (root / "SKILL.md").chmod(0o600),
        lambda root: (root / ".git").mkdir() or (root / ".git" / "HEAD").write_text("x"),
    ],
)
def test_what_no_run_can_notice_does_not_count(root: Path, change: object) -> None:
    before = digest(root)

    assert callable(change)
    change(root)

    assert digest(root) == before


def test_a_link_counts_by_what_it_says_not_by_what_is_there(root: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to(tmp_path / "far.txt")
    before = digest(root)
    (tmp_path / "far.txt").write_text("secret")

    assert digest(root) == before
    (root / "link").unlink()
    (root / "link").symlink_to(tmp_path / "other.txt")
    assert digest(root) != before


def test_files_are_told_apart_from_their_names(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, content in ((one, {"a": "bc", "d": ""}), (two, {"a": "b", "cd": ""})):
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)

    assert digest(one) != digest(two)


def test_it_reads_no_more_than_it_may(root: Path) -> None:
    (root / "big").write_bytes(bytes(1000))
    assert digest(root, limit=2000)

    with pytest.raises(SkillLimitError, match="have more than 1,000 bytes"):
        digest(root, limit=1000)


def test_a_skill_that_is_gone_has_none(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="gone cannot be read: no such file"):
        digest(tmp_path / "gone")


@pytest.mark.parametrize("name", ["scripts", "SKILL.md"])
def test_what_cannot_be_read_cannot_be_vouched_for(root: Path, name: str) -> None:
    (root / name).chmod(0)
    if os.access(root / name, os.R_OK):
        pytest.skip("this user reads everything")
    try:
        with pytest.raises(UnreadableError, match=f"{name} cannot be read: permission denied"):
            digest(root)
    finally:
        (root / name).chmod(0o755)


_TREES = st.dictionaries(
    st.text(st.sampled_from("abé"), min_size=1, max_size=3), st.binary(max_size=5), max_size=4
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_TREES, _TREES)
def test_two_trees_are_the_same_exactly_when_their_files_are(
    tmp_path: Path, one: dict[str, bytes], two: dict[str, bytes]
) -> None:
    digests = []
    for number, tree in enumerate((one, two)):
        folder = tmp_path / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in tree.items():
            (folder / name).write_bytes(content)
        digests.append(digest(folder))

    assert (digests[0] == digests[1]) == (one == two)
