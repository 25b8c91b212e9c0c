"""Skills from repositories: read from their objects, and nothing in them runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ciranda_skills.digest import digest
from ciranda_skills.registry import (
    ArchiveError,
    ChoiceError,
    FetchError,
    GitProgram,
    Hazard,
    Kind,
    Registry,
    Source,
    source_of,
)

from .installable import skill_at

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null"}
WHO |= {each.replace("AUTHOR", "COMMITTER"): value for each, value in WHO.items()}


def git(folder: Path, *words: str, stdin: bytes | None = None) -> str:
    """Run git in a repository of the test."""
    found = subprocess.run(
        ["git", *words],
        cwd=folder,
        env=os.environ | WHO,
        input=stdin,
        capture_output=True,
        check=True,
    )
    return found.stdout.decode().strip()


def commit(folder: Path) -> str:
    """Commit everything; returns the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    skill_at(tmp_path / "up" / "skills" / "one", run="print(1)")
    (tmp_path / "up" / "skills" / "one" / "scripts" / "run.py").chmod(0o755)
    (tmp_path / "up" / "README.md").write_text("read me")
    return tmp_path / "up"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "project").mkdir()
    return Registry(tmp_path / "project")


def test_a_skill_comes_from_the_default_branch_and_is_updated(
    registry: Registry, upstream: Path
) -> None:
    first = commit(upstream)

    (change,) = registry.install(source_of(f"git+{upstream}"))
    skill_at(upstream / "skills" / "one", version="2")
    second = commit(upstream)
    update = registry.update("one")

    assert change.record.origin.kind is Kind.GIT
    assert change.after.commit == first
    assert change.record.path == "skills/one"
    assert os.access(change.folder / "scripts" / "run.py", os.X_OK)
    assert (update.after.version, update.after.commit) == ("2", second)
    assert digest(update.folder) == digest(upstream / "skills" / "one")
    assert registry.versions("one")[1].commit == first


@pytest.mark.parametrize("kind", ["branch", "tag", "commit"])
def test_a_ref_is_what_is_taken(registry: Registry, upstream: Path, kind: str) -> None:
    old = commit(upstream)
    git(upstream, "branch", "old")
    git(upstream, "tag", "-a", "v1", "-m", "x")
    skill_at(upstream / "skills" / "one", version="2")
    commit(upstream)

    ref = {"branch": "old", "tag": "v1", "commit": old}[kind]
    (change,) = registry.install(source_of(str(upstream), ref=ref))

    assert (change.after.version, change.after.commit) == ("1", old)
    assert registry.update("one").unchanged


def test_a_skill_at_the_top_of_a_repository_is_one(registry: Registry, tmp_path: Path) -> None:
    top = skill_at(tmp_path / "top-skill", run="print(1)")
    commit(top)

    (change,) = registry.install(source_of(f"git+{top}"))

    assert change.record.path == ""
    assert sorted(os.listdir(change.folder)) == ["SKILL.md", "scripts"]


def test_nothing_of_a_repository_runs(registry: Registry, upstream: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {mark}\n"
    (upstream / ".gitattributes").write_text("* filter=evil diff=evil\n")
    commit(upstream)
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        hook = upstream / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(script)
        hook.chmod(0o755)
    (tmp_path / "evil.sh").write_text(script)
    (tmp_path / "evil.sh").chmod(0o755)
    git(upstream, "config", "filter.evil.smudge", str(tmp_path / "evil.sh"))
    git(upstream, "config", "uploadpack.packObjectsHook", str(tmp_path / "evil.sh"))
    git(upstream, "config", "core.fsmonitor", str(tmp_path / "evil.sh"))
    mark.unlink(missing_ok=True)

    registry.install(source_of(f"git+{upstream}"))

    assert not mark.exists()


def test_links_become_files_of_the_skill_or_are_left_out(
    registry: Registry, upstream: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    skill = upstream / "skills" / "one"
    (skill / "same.py").symlink_to("scripts/run.py")
    (skill / "out").symlink_to("../../README.md")
    (skill / "secret").symlink_to(tmp_path / "secret")
    (skill / "folder").symlink_to("scripts")
    commit(upstream)

    (change,) = registry.install(source_of(f"git+{upstream}"))

    assert (change.folder / "same.py").read_text() == "print(1)"
    assert not (change.folder / "same.py").is_symlink()
    assert sorted(os.listdir(change.folder)) == ["SKILL.md", "same.py", "scripts"]
    assert change.warnings == tuple(
        f"the link `skills/one/{name}` is left out: it leads to no file of its skill"
        for name in ("folder", "out", "secret")
    )


def test_a_submodule_is_left_out_and_not_fetched(
    registry: Registry, upstream: Path, tmp_path: Path
) -> None:
    old = commit(upstream)
    (upstream / ".gitmodules").write_text(
        f'[submodule "x"]\n\tpath = skills/one/x\n\turl = ext::sh -c "touch {tmp_path}/ran"\n'
    )
    git(upstream, "update-index", "--add", "--cacheinfo", f"160000,{old},skills/one/x")
    git(upstream, "add", ".gitmodules")
    git(upstream, "commit", "-q", "-m", "x")

    (change,) = registry.install(source_of(f"git+{upstream}"))

    assert change.warnings == ("the submodule `skills/one/x` is left out",)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("names", "hazard"),
    [
        (("a", "A"), Hazard.DUPLICATE),
        (("a\\..\\b",), Hazard.TRAVERSAL),
        (("b ",), Hazard.NAME),
        (("a\nb",), Hazard.NAME),
        (("C:",), Hazard.ABSOLUTE),
    ],
)
def test_names_are_held_to_the_rules_of_archives(
    registry: Registry, upstream: Path, names: tuple[str, ...], hazard: Hazard
) -> None:
    commit(upstream)
    blob = git(upstream, "hash-object", "-w", "--stdin", stdin=b"x")
    lines = b"".join(f"100644 {blob}\tskills/one/{name}\0".encode() for name in names)
    git(upstream, "-c", "core.protectNTFS=false", "update-index", "-z", "--index-info", stdin=lines)
    git(upstream, "commit", "-q", "-m", "x")

    with pytest.raises(ArchiveError, match=r"up is not taken: the entry `") as said:
        registry.install(source_of(f"git+{upstream}"))
    assert said.value.hazard is hazard
    assert registry.records() == ()


def test_a_repository_without_skills_says_so(registry: Registry, upstream: Path) -> None:
    shutil.rmtree(upstream / "skills")
    commit(upstream)

    with pytest.raises(ChoiceError, match="there is no skill in"):
        registry.install(source_of(f"git+{upstream}"))


def test_what_cannot_be_fetched_is_one_sentence(
    registry: Registry, upstream: Path, tmp_path: Path
) -> None:
    commit(upstream)
    (tmp_path / "plain").mkdir()

    with pytest.raises(FetchError, match=r"`git fetch` failed: couldn't find remote ref nowhere"):
        registry.install(source_of(str(upstream), ref="nowhere"))
    with pytest.raises(FetchError, match=r"`git fetch` failed: .*does not appear to be a git rep"):
        registry.install(source_of(f"git+{tmp_path / 'plain'}"))


@pytest.mark.parametrize(
    "location",
    ["ext::sh -c touch% ran", "-x", "--upload-pack=touch ran", "http://localhost/x", "relative"],
)
def test_a_record_cannot_make_git_do_more(registry: Registry, location: str) -> None:
    source = Source(kind=Kind.GIT, location=location)

    with pytest.raises(FetchError, match="is no repository: use https:// or ssh://"):
        registry.install(source)


def test_a_ref_in_a_record_is_looked_at_again(registry: Registry, upstream: Path) -> None:
    source = Source(kind=Kind.GIT, location=str(upstream), ref="--upload-pack=touch ran")

    with pytest.raises(FetchError, match="is no name of a branch"):
        registry.install(source)


def fake_git(folder: Path, text: str) -> dict[str, str]:
    """Put a program in the place of git; returns the environment."""
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "git").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "GIT_DIR": "/x", "SECRET": "s3cret"}


def test_git_has_an_end_and_takes_its_children_along(tmp_path: Path) -> None:
    environ = fake_git(tmp_path / "bin", f"sleep 60 & echo $! > {tmp_path}/child; wait")
    program = GitProgram(environ, timeout=0.3)

    with pytest.raises(FetchError, match=r"`git fetch` did not end within 0\.3 s"):
        program.run("fetch", within=tmp_path)

    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 5
    while _is_alive(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not _is_alive(child)


def test_git_sees_a_clean_environment_and_may_ask_nobody(tmp_path: Path) -> None:
    program = GitProgram(fake_git(tmp_path / "bin", 'env; echo "$@"; cat'))

    said = program.run("fetch", "--", "x", within=tmp_path, transports="https:ssh").decode()

    assert "GIT_TERMINAL_PROMPT=0\n" in said
    assert "GIT_ALLOW_PROTOCOL=https:ssh\n" in said
    assert "core.hooksPath=/dev/null" in said
    assert "s3cret" not in said
    assert "GIT_DIR" not in said


def test_git_that_writes_too_much_or_fails_is_said(tmp_path: Path) -> None:
    much = GitProgram(fake_git(tmp_path / "much", "printf 1234567890"))
    fails = GitProgram(
        fake_git(tmp_path / "fails", "printf 'hint: x\\nfatal: no\\033[2J\\n' >&2; exit 3")
    )
    silent = GitProgram(fake_git(tmp_path / "silent", "exit 3"))

    with pytest.raises(FetchError, match="`git ls-tree` writes more than 9 bytes"):
        much.run("ls-tree", within=tmp_path, limit=9)
    with pytest.raises(FetchError, match=r"`git fetch` failed: no\?\[2J$"):
        fails.run("fetch", within=tmp_path)
    with pytest.raises(FetchError, match="`git fetch` failed: it does not say why"):
        silent.run("fetch", within=tmp_path)


def test_no_git_is_said(registry: Registry, upstream: Path, tmp_path: Path) -> None:
    none = Registry(tmp_path / "project", git=GitProgram({"PATH": str(tmp_path)}))

    with pytest.raises(FetchError, match="git is not installed: install it, or use a folder"):
        none.install(source_of(f"git+{upstream}"))


def _is_alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
