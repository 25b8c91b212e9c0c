"""Trust in skills of projects: once, by content, in a folder that is the user's alone."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import msgspec
import pytest

from ciranda_skills.digest import digest
from ciranda_skills.discovery import Scope
from ciranda_skills.error import TrustError
from ciranda_skills.trust import Grant, Trust, trust_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "skill"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("one")
    return folder


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "state" / "trusted", clock=lambda: 1234.5)


def test_a_skill_of_a_project_is_not_trusted_at_first(trust: Trust, root: Path) -> None:
    assert not trust.allows(root, Scope.PROJECT)
    assert trust.grants() == ()


@pytest.mark.parametrize("scope", [Scope.USER, Scope.GIVEN])
def test_what_the_user_installed_or_named_needs_no_grant(
    trust: Trust, root: Path, scope: Scope
) -> None:
    assert trust.allows(root, scope)


def test_it_is_trusted_once_and_by_every_process_to_come(
    trust: Trust, root: Path, tmp_path: Path
) -> None:
    given = trust.grant(root, "skill")

    assert given == Grant(digest=digest(root), name="skill", folder=str(root), at=1234.5)
    later = Trust(tmp_path / "state" / "trusted")
    assert later.allows(root, Scope.PROJECT)
    assert later.grants() == (given,)


def test_a_change_loses_trust_and_its_undoing_finds_it_again(trust: Trust, root: Path) -> None:
    trust.grant(root, "skill")
    before = (root / "SKILL.md").stat()

    (root / "SKILL.md").write_text("two")
    os.utime(root / "SKILL.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    changed = trust.allows(root, Scope.PROJECT)
    (root / "SKILL.md").write_text("one")

    assert not changed
    assert trust.allows(root, Scope.PROJECT)


def test_trust_can_be_taken_back(trust: Trust, root: Path) -> None:
    given = trust.grant(root, "skill")

    assert trust.revoke(given.digest)
    assert not trust.revoke(given.digest)
    assert not trust.allows(root, Scope.PROJECT)


def test_only_the_user_can_read_or_write_it(trust: Trust, root: Path, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        given = trust.grant(root, "skill")
    finally:
        os.umask(old)

    folder = tmp_path / "state" / "trusted"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / f"{given.digest}.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_others_may_write_is_not_believed(
    trust: Trust, root: Path, tmp_path: Path, what: str
) -> None:
    given = trust.grant(root, "skill")
    folder = tmp_path / "state" / "trusted"
    (folder if what == "folder" else folder / f"{given.digest}.json").chmod(0o777)

    with pytest.raises(TrustError, match=r"others can write to .*`chmod go-w` it"):
        trust.allows(root, Scope.PROJECT)


def test_what_belongs_to_somebody_else_is_not_believed(
    trust: Trust, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust.grant(root, "skill")
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)

    with pytest.raises(TrustError, match="belongs to another user"):
        trust.allows(root, Scope.PROJECT)


def test_a_folder_that_is_a_link_is_not_believed(trust: Trust, root: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "state" / "trusted").symlink_to(tmp_path / "mine")

    with pytest.raises(TrustError, match="is not a folder: remove it"):
        trust.grant(root, "skill")


def test_a_grant_that_is_a_link_is_not_believed(trust: Trust, root: Path, tmp_path: Path) -> None:
    given = trust.grant(root, "skill")
    path = tmp_path / "state" / "trusted" / f"{given.digest}.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")

    with pytest.raises(TrustError, match="cannot be read: too many levels of symbolic links"):
        trust.allows(root, Scope.PROJECT)


def test_grants_that_may_not_be_listed_say_so(trust: Trust, root: Path, tmp_path: Path) -> None:
    trust.grant(root, "skill")
    folder = tmp_path / "state" / "trusted"
    folder.chmod(0o300)
    if os.access(folder, os.R_OK):
        pytest.skip("this user reads everything")

    with pytest.raises(TrustError, match="trusted cannot be read: permission denied"):
        trust.grants()


def test_a_grant_that_may_not_be_removed_says_so(trust: Trust, root: Path, tmp_path: Path) -> None:
    given = trust.grant(root, "skill")
    folder = tmp_path / "state" / "trusted"
    (folder / f"{given.digest}.json").unlink()
    (folder / f"{given.digest}.json").mkdir()

    with pytest.raises(
        TrustError, match=r"trusted cannot be removed: (is a directory|operation not permitted)"
    ):
        trust.revoke(given.digest)


@pytest.mark.parametrize("content", ["", "{}", "null", "[", '{"digest": 1}', None])
def test_a_damaged_grant_is_no_grant(
    trust: Trust, root: Path, tmp_path: Path, content: str | None
) -> None:
    given = trust.grant(root, "skill")
    path = tmp_path / "state" / "trusted" / f"{given.digest}.json"
    if content is None:  # the grant for another content, under this one's name
        content = msgspec.json.encode(msgspec.structs.replace(given, digest="0" * 64)).decode()
    path.write_text(content)

    with pytest.raises(TrustError, match="is damaged: remove it, and trust the skill again"):
        trust.allows(root, Scope.PROJECT)


@pytest.mark.parametrize("content", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "/.."])
def test_only_a_digest_names_a_grant(trust: Trust, content: str) -> None:
    for ask in (trust.get, trust.revoke):
        with pytest.raises(TrustError, match="is not a digest: it has 64 hexadecimal digits"):
            ask(content)


def test_a_place_that_cannot_be_written_says_so(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(TrustError, match=r"the trust in `skill` cannot be kept in .*: not a dir"):
        Trust(tmp_path / "file" / "trusted").grant(root, "skill")


def test_a_crash_while_writing_leaves_nothing_behind(
    trust: Trust, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrustError, match="no space left on device"):
        trust.grant(root, "skill")
    monkeypatch.undo()

    assert [*(tmp_path / "state" / "trusted").iterdir()] == []
    assert not trust.allows(root, Scope.PROJECT)


def test_many_who_trust_at_once_lose_no_word(tmp_path: Path) -> None:
    skills = []
    for number in range(16):
        folder = tmp_path / "project" / f"s{number}"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(str(number % 8))  # each content twice
        skills.append(folder)
    store = tmp_path / "state" / "trusted"
    barrier = threading.Barrier(len(skills))

    def give(folder: Path) -> None:
        barrier.wait()
        Trust(store).grant(folder, folder.name)

    threads = [threading.Thread(target=give, args=(folder,)) for folder in skills]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(Trust(store).grants()) == 8
    assert all(Trust(store).allows(folder, Scope.PROJECT) for folder in skills)
    assert len([*store.iterdir()]) == 8


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "/home/me/.local/state/ciranda/skills/trusted"),
        ({"XDG_STATE_HOME": "/state"}, "/state/ciranda/skills/trusted"),
        ({"XDG_STATE_HOME": "relative"}, "/home/me/.local/state/ciranda/skills/trusted"),
    ],
)
def test_grants_are_kept_with_the_users_state(environ: dict[str, str], expected: str) -> None:
    assert trust_folder(environ, Path("/home/me")) == Path(expected)


def test_trust_is_given_and_taken_back_where_a_path_is_no_text(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"caf\xe9")
    root.mkdir()
    (root / "SKILL.md").write_text("x")
    trust = Trust(tmp_path / "trusted")

    assert trust.grant(root, "caf").folder.endswith("caf\\udce9")
    assert (trust.revoke_at(tmp_path), trust.revoke_at(root), trust.grants()) == (0, 1, ())
