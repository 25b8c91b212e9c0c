"""Paths within a skill: none leads out, and nothing but files is opened."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ciranda_skills.error import (
    EscapeError,
    MissingResourceError,
    SkillError,
    SkillLimitError,
    UnreadableError,
)
from ciranda_skills.resources import list_resources, read_resource, resolve
from tests.effort import share


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a skill beside folders that it must never reach."""
    folder = tmp_path / "skill"
    (folder / "scripts").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "SKILL.md").write_text("---\n---\n")
    (folder / "scripts" / "run.py").write_text("print(1)")
    (folder / "assets" / "a.txt").write_text("inside")
    (tmp_path / "skill-evil").mkdir()
    (tmp_path / "skill-evil" / "run.py").write_text("outside")
    (tmp_path / "secret.txt").write_text("outside")
    return folder


@pytest.mark.parametrize(
    "path",
    [
        "scripts/run.py",
        "./scripts/run.py",
        "scripts//run.py",
        "scripts/../scripts/run.py",
        "assets/../scripts/./run.py",
        "../skill/scripts/run.py",
    ],
)
def test_a_path_that_ends_within_the_folder_is_resolved(root: Path, path: str) -> None:
    assert resolve(root, path) == (root / "scripts" / "run.py").resolve()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../evil", "leads out of the skill's folder"),
        ("../secret.txt", "leads out"),
        ("..", "leads out"),
        ("../skill-evil/run.py", "leads out"),
        ("../skill-evil/missing.py", "leads out"),
        ("scripts/../../secret.txt", "leads out"),
        ("a/b/../../../secret.txt", "leads out"),
        ("../" * 60 + "etc/passwd", "leads out"),
        ("/etc/passwd", "is absolute: name it from the skill's folder"),
        ("//etc/passwd", "is absolute"),
        ("\\\\host\\share", "is absolute"),
        ("C:\\windows", "is absolute"),
        ("c:evil", "is absolute"),
        ("scripts/run.py\0.txt", "holds a NUL character"),
        ("\0", "holds a NUL character"),
    ],
)
def test_a_path_out_of_the_folder_is_refused(root: Path, path: str, message: str) -> None:
    with pytest.raises(EscapeError, match=message.replace("(", "\\(")):
        resolve(root, path)


@pytest.mark.parametrize(
    "path", ["", "nope.md", "scripts/nope.py", "SKILL.md/x", "~/x", "x" * 5000, "%2e%2e/secret.txt"]
)
def test_a_file_that_is_not_there_is_missing(root: Path, path: str) -> None:
    with pytest.raises(MissingResourceError, match=r"has no file|is no path of a file"):
        resolve(root, path)


def test_an_absolute_path_of_a_file_within_is_refused_too(root: Path) -> None:
    with pytest.raises(EscapeError, match="is absolute"):
        resolve(root, str(root / "scripts" / "run.py"))


@pytest.mark.parametrize("path", [".", "scripts", "scripts/", "assets/.."])
def test_a_folder_is_no_resource(root: Path, path: str) -> None:
    with pytest.raises(UnreadableError, match="is a folder, not a file"):
        resolve(root, path)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("out.txt", "../secret.txt"),
        ("out.py", "../skill-evil/run.py"),
        ("chain.txt", "out2.txt"),
        ("folder/secret.txt", None),
        ("gone.txt", "../not-there.txt"),
    ],
)
def test_a_link_out_of_the_folder_is_refused(root: Path, link: str, target: str | None) -> None:
    (root / "out2.txt").symlink_to("../secret.txt")
    if target is None:
        (root / "folder").symlink_to("..")
    else:
        (root / link).symlink_to(target)

    with pytest.raises(EscapeError, match="leads out"):
        resolve(root, link)


def test_a_link_within_the_folder_is_followed(root: Path) -> None:
    (root / "link.txt").symlink_to("assets/a.txt")
    (root / "more").symlink_to("assets")

    assert resolve(root, "link.txt") == resolve(root, "more/a.txt")
    assert read_resource(root, "link.txt") == b"inside"


def test_the_folder_may_itself_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)

    assert resolve(tmp_path / "alias", "assets/a.txt").read_text() == "inside"


def test_links_in_a_circle_lead_nowhere(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")

    with pytest.raises(UnreadableError, match="leads nowhere: too many levels of symbolic links"):
        resolve(root, "a")


def test_a_path_too_long_for_realpath_does_not_slip_through(root: Path) -> None:
    deep = root
    for _ in range(16):  # each name resolves to far more than the path that was given
        deep = deep / ("d" * 250)
        try:
            deep.mkdir()
        except OSError:
            break
    (root / "short").symlink_to("/".join(["d" * 250] * 14))

    with pytest.raises(SkillError):
        resolve(root, "short/" + "../" * 40 + "secret.txt")


def test_what_is_no_file_is_never_opened(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(root / "socket"))  # such a path must be short
    (root / "null").symlink_to("/dev/null")

    for name in ("pipe", "socket"):
        with pytest.raises(UnreadableError, match="a pipe, a device or a socket, not a file"):
            resolve(root, name)
    with pytest.raises(EscapeError, match="leads out"):
        resolve(root, "null")
    assert list_resources(root).resources == ("assets/a.txt", "scripts/run.py")


def test_a_hard_link_is_the_file_itself(root: Path) -> None:
    os.link(root / "assets" / "a.txt", root / "hard.txt")

    assert read_resource(root, "hard.txt") == b"inside"


def test_a_name_in_another_case_is_another_name_or_the_same_file(root: Path) -> None:
    try:
        found = resolve(root, "ASSETS/A.TXT")
    except MissingResourceError:
        assert not (root / "ASSETS").exists()
    else:  # this file system tells no cases apart
        assert found.samefile(root / "assets" / "a.txt")


def test_a_surrogate_in_a_path_is_a_missing_file(root: Path) -> None:
    with pytest.raises(SkillError):
        resolve(root, "a\ud800b")


def test_a_file_larger_than_asked_for_is_refused(root: Path) -> None:
    assert read_resource(root, "assets/a.txt", limit=6) == b"inside"
    with pytest.raises(SkillLimitError, match=r"`assets/a.txt` is larger than 5 bytes"):
        read_resource(root, "assets/a.txt", limit=5)


def test_a_file_that_may_not_be_read_says_so(root: Path) -> None:
    (root / "assets" / "a.txt").chmod(0)

    if os.access(root / "assets" / "a.txt", os.R_OK):
        pytest.skip("this user reads everything")

    with pytest.raises(UnreadableError, match="cannot be read: permission denied"):
        read_resource(root, "assets/a.txt")


def test_a_folder_that_may_not_be_read_is_left_out_of_the_list(root: Path) -> None:
    (root / "scripts").chmod(0)
    if os.access(root / "scripts", os.R_OK):
        pytest.skip("this user reads everything")

    try:
        assert list_resources(root).resources == ("assets/a.txt",)
        with pytest.raises(UnreadableError, match="leads nowhere: permission denied"):
            resolve(root, "scripts/run.py")
    finally:
        (root / "scripts").chmod(0o755)


def test_a_skill_without_a_folder_has_no_files(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "with\0nul"):
        with pytest.raises(UnreadableError, match="cannot be read"):
            resolve(path, "a")
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreadableError, match="is not a folder"):
        list_resources(tmp_path / "file")


def test_the_list_is_sorted_and_leaves_out_what_leads_out(root: Path) -> None:
    (root / "b.txt").write_text("")
    (root / ".hidden").write_text("")
    (root / "link.txt").symlink_to("b.txt")
    (root / "out.txt").symlink_to("../secret.txt")
    (root / "gone.txt").symlink_to("nowhere")
    (root / "up").symlink_to("..")
    (root / "self").symlink_to(".")
    (root / "loop").symlink_to("loop")
    for folder in (".git", "node_modules", "scripts/__pycache__"):
        (root / folder).mkdir()
        (root / folder / "x.js").write_text("")

    listing = list_resources(root)

    assert listing.resources == (
        ".hidden", "assets/a.txt", "b.txt", "link.txt", "scripts/run.py",
    )  # fmt: skip


def test_scripts_are_what_can_be_run(root: Path) -> None:
    scripts = root / "scripts"
    for name in ("a.sh", "b.JS", "c.txt", "d.json", "__init__.py"):
        (scripts / name).write_text("x")
    (scripts / "tool").write_text("#!/bin/sh\n")
    (scripts / "data").write_text("#")
    (scripts / "deep").mkdir()
    (scripts / "deep" / "e.rb").write_text("")
    (root / "outside.py").write_text("")

    assert list_resources(root).scripts == (
        "scripts/a.sh", "scripts/b.JS", "scripts/deep/e.rb", "scripts/run.py", "scripts/tool",
    )  # fmt: skip


def test_a_name_that_is_no_text_is_not_listed(root: Path) -> None:
    try:
        (root / os.fsdecode(b"caf\xe9")).write_text("")
    except OSError:
        pytest.skip("this file system has only names in UTF-8")

    assert list_resources(root).resources == ("assets/a.txt", "scripts/run.py")


def test_a_skill_of_countless_files_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ciranda_skills.resources._MOST_FILES", 50)
    for number in range(50):
        (root / "assets" / f"{number}").write_text("")

    with pytest.raises(SkillLimitError, match="holds more than 50 files"):
        list_resources(root)


def test_folders_without_end_are_refused(root: Path) -> None:
    (root / "/".join("d" * 40)).mkdir(parents=True)

    with pytest.raises(SkillLimitError, match="nests more than 32 folders"):
        list_resources(root)


_INSIDE = ["scripts", "run.py", "a.txt", "assets", "skill", "in", "nope"]
_OUTSIDE = ["..", "up", "out.txt", "skill-evil", "secret.txt"]
_NAMES = st.sampled_from([*_INSIDE, *_OUTSIDE, "", ".", "/", "\0", "~"])


@settings(
    max_examples=share(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_NAMES, max_size=8))
def test_no_path_whatever_leads_to_a_file_outside(root: Path, names: list[str]) -> None:
    for name, target in (("up", ".."), ("out.txt", "../secret.txt"), ("in", "assets")):
        if not (root / name).is_symlink():
            (root / name).symlink_to(target)

    try:
        found = read_resource(root, "/".join(names))
    except SkillError:
        return

    assert found != b"outside"
    assert resolve(root, "/".join(names)).is_relative_to(root.resolve())
