"""Installing skills from folders and archives, choosing among several, and finding them."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from itertools import count
from pathlib import Path

import pytest

from ciranda_skills.digest import digest
from ciranda_skills.disclosure import read_catalogue
from ciranda_skills.discovery import Scope, discover
from ciranda_skills.format import Violation, read_skill
from ciranda_skills.registry import (
    ArchiveError,
    ChoiceError,
    FetchError,
    Hazard,
    InstallError,
    InvalidSkillError,
    Kind,
    Limits,
    Registry,
    find_skills,
    source_of,
)

from .hostile_archives import Packed, info, tar_of, zip_of
from .installable import only_skills, skill_at


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return skill_at(tmp_path / "src" / "csv-tool", run="print(1)")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def registry(project: Path) -> Registry:
    return Registry(project, clock=count(1000.0).__next__)


def test_a_folder_is_installed_where_it_is_found(
    registry: Registry, origin: Path, project: Path
) -> None:
    (origin / "scripts" / "tool.sh").write_text("#!/bin/sh\n")
    (origin / "scripts" / "tool.sh").chmod(0o750)

    (change,) = registry.install(source_of(str(origin)))

    there = project / ".ciranda" / "skills" / "csv-tool"
    assert change.folder == there
    assert change.before is None
    assert change.files.added == ("SKILL.md", "scripts/run.py", "scripts/tool.sh")
    assert str(change.files) == "3 added"
    assert read_skill(there).valid
    assert stat.S_IMODE((there / "scripts" / "tool.sh").stat().st_mode) & 0o111
    assert [each.folder for each in discover(project=project).found] == [there]
    (record,) = registry.records()
    assert (record.name, record.origin.kind, record.current.version) == ("csv-tool", "folder", "1")
    assert record.current.digest == digest(there) == digest(origin)
    assert record.current.at == 1000.0
    only_skills(project)


def test_what_is_no_file_of_the_skill_is_left_out_and_said(
    registry: Registry, origin: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (origin / "secret").symlink_to(tmp_path / "secret")
    (origin / "up").symlink_to("..")
    (origin / "again.py").symlink_to("scripts/run.py")
    os.mkfifo(origin / "pipe")
    (origin / "scripts" / "__pycache__").mkdir()
    (origin / "scripts" / "__pycache__" / "run.pyc").write_bytes(b"x")

    (change,) = registry.install(source_of(str(origin)))

    assert change.warnings == (
        "`pipe` is left out: it is no file of the skill",
        "`secret` is left out: it is no file of the skill",
        "`up` is left out: it is no file of the skill",
    )
    assert change.files.added == ("SKILL.md", "again.py", "scripts/run.py")
    assert (change.folder / "again.py").read_text() == "print(1)"
    assert not (change.folder / "again.py").is_symlink()


def test_an_archive_and_its_folder_give_the_same_content(
    registry: Registry, origin: Path, tmp_path: Path
) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.add(origin, "csv-tool")
    (tmp_path / "csv-tool-1.tar.gz").write_bytes(out.getvalue())

    (change,) = registry.install(source_of(str(tmp_path / "csv-tool-1.tar.gz")))

    assert change.after.digest == digest(origin)
    assert change.record.origin.kind is Kind.ARCHIVE
    assert change.record.path == "csv-tool"


def test_a_skill_without_a_name_takes_that_of_its_archive(
    registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "tell-time.zip").write_bytes(
        zip_of(Packed("SKILL.md", b"---\ndescription: Tells the time.\n---\n"))
    )

    (change,) = registry.install(source_of(str(tmp_path / "tell-time.zip")))

    assert change.record.name == "tell-time"
    assert change.folder.name == "tell-time"


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", ".", "..", "a/b", "a\\\\b", ".hidden", "C:x"]
)
def test_a_name_that_leads_elsewhere_is_never_a_path(
    registry: Registry, tmp_path: Path, project: Path, name: str
) -> None:
    source = skill_at(tmp_path / "src" / "harmless", name=f'"{name}"')

    (change,) = registry.install(source_of(str(source)))

    assert change.folder == project / ".ciranda" / "skills" / "harmless"
    assert change.record.name == name.replace("\\\\", "\\")
    assert not (tmp_path / "evil").exists()


def test_a_folder_that_is_no_name_either_is_refused(registry: Registry, tmp_path: Path) -> None:
    source = skill_at(tmp_path / "src" / ".hidden", name='"../evil"')

    with pytest.raises(InstallError, match=r"the skill `\.\./evil` cannot be given a folder"):
        registry.install(source_of(str(source)))


def test_a_skill_that_does_not_load_is_refused_with_all_that_is_wrong(
    registry: Registry, tmp_path: Path, project: Path
) -> None:
    bad = tmp_path / "src" / "bad"
    bad.mkdir(parents=True)
    (bad / "SKILL.md").write_text("---\nname: Bad--\nhue: red\n---\n")

    with pytest.raises(
        InvalidSkillError, match=r"the skill `Bad--` does not load: .*description"
    ) as said:
        registry.install(source_of(str(bad)))

    assert Violation.MISSING_DESCRIPTION in said.value.messages
    assert Violation.NAME_NOT_LOWERCASE in said.value.messages
    assert Violation.UNEXPECTED_FIELD in said.value.messages
    assert all(text in str(said.value) for text in said.value.messages.values())
    assert list(project.iterdir()) == []


class TestSeveral:
    """Sources with more than one skill."""

    @pytest.fixture
    def many(self, tmp_path: Path) -> Path:
        for name in ("one", "two", "three"):
            skill_at(tmp_path / "many" / "skills" / name)
        skill_at(tmp_path / "many" / "old" / "one")
        return tmp_path / "many"

    def test_they_are_listed_and_must_be_chosen_from(self, registry: Registry, many: Path) -> None:
        source = source_of(str(many))

        offers = registry.offers(source)
        with pytest.raises(
            ChoiceError, match="has several skills: name one of `one`, `one`"
        ) as said:
            registry.install(source)

        assert [offer.path for offer in offers] == [
            "old/one", "skills/one", "skills/three", "skills/two",
        ]  # fmt: skip
        assert said.value.offered == ("one", "one", "three", "two")

    def test_a_name_or_a_path_chooses(self, registry: Registry, many: Path) -> None:
        source = source_of(str(many))

        changes = registry.install(source, ["skills/one", "two"])

        assert [change.record.path for change in changes] == ["skills/one", "skills/two"]
        with pytest.raises(ChoiceError, match="several skills `one`: name one by `old/one`, `skil"):
            registry.install(source, ["one"])
        with pytest.raises(ChoiceError, match=r"there is no skill `four` in .*: it has `one`"):
            registry.install(source, ["four"])

    def test_all_that_load_can_be_asked_for(self, registry: Registry, many: Path) -> None:
        (many / "old" / "one" / "SKILL.md").write_text("nothing")

        changes = registry.install(source_of(str(many)), every=True)

        assert {change.record.name for change in changes} == {"one", "two", "three"}

    def test_one_that_does_not_load_keeps_the_others_out(
        self, registry: Registry, many: Path, project: Path
    ) -> None:
        (many / "old" / "one" / "SKILL.md").write_text("nothing")

        with pytest.raises(InvalidSkillError, match="`one` does not load: the first line"):
            registry.install(source_of(str(many)), ["two", "old/one"])
        assert list(project.iterdir()) == []

    def test_no_skill_at_all_says_so(self, registry: Registry, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()

        with pytest.raises(ChoiceError, match=r"there is no skill in .*empty: none of its folders"):
            registry.install(source_of(str(tmp_path / "empty")))

    def test_links_out_of_the_source_offer_nothing(
        self, registry: Registry, many: Path, tmp_path: Path
    ) -> None:
        skill_at(tmp_path / "private")
        (many / "skills" / "private").symlink_to(tmp_path / "private")

        assert "private" not in [offer.name for offer in registry.offers(source_of(str(many)))]


@pytest.mark.parametrize(
    ("limits", "hazard"),
    [(Limits(entries=1), Hazard.ENTRIES), (Limits(total=10), Hazard.SIZE)],
)
def test_a_folder_is_held_to_limits_too(
    project: Path, origin: Path, limits: Limits, hazard: Hazard
) -> None:
    with pytest.raises(ArchiveError, match="the skill is not taken: it") as said:
        Registry(project, limits=limits).install(source_of(str(origin)))

    assert said.value.hazard is hazard
    assert os.listdir(project / ".ciranda" / "skills") == []
    only_skills(project)


def test_a_folder_that_cannot_be_written_is_said(
    registry: Registry, origin: Path, project: Path
) -> None:
    (project / ".ciranda").write_text("in the way")

    with pytest.raises(InstallError, match=r"installed cannot be used: \w+"):
        registry.install(source_of(str(origin)))


def test_search_finds_what_is_installed_and_what_is_not(
    registry: Registry, origin: Path, project: Path, tmp_path: Path
) -> None:
    registry.install(source_of(str(origin)))
    own = skill_at(project / ".agents" / "skills" / "own-tool", version="7")
    text = (own / "SKILL.md").read_text()
    (own / "SKILL.md").write_text(
        text.replace("metadata:", "allowed-tools: Bash(git:*) Read\nmetadata:")
    )
    skill_at(tmp_path / "home" / ".ciranda" / "skills" / "log-tool")
    catalogue = read_catalogue(discover(project=project, home=tmp_path / "home"))

    def names(*query: str, **filters: object) -> list[str]:
        hits = find_skills(catalogue, *query, registries=[registry], **filters)  # type: ignore[arg-type]  # a table of cases
        return [hit.name for hit in hits]

    assert names() == ["csv-tool", "log-tool", "own-tool"]
    assert names("csv") == ["csv-tool"]
    assert names("tool", limit=2) == ["csv-tool", "log-tool"]
    assert names(scope=Scope.USER) == ["log-tool"]
    assert names(installed=True) == ["csv-tool"]
    assert names(installed=False) == ["log-tool", "own-tool"]
    assert names(tool="Bash") == ["own-tool"]
    assert names(metadata={"version": "7"}) == ["own-tool"]
    assert names("nothing like it") == []
    (hit,) = find_skills(catalogue, "csv", registries=[registry])
    assert hit.installed == registry.find("csv-tool")
    assert (hit.version, hit.scope, hit.score > 0) == ("1", Scope.PROJECT, True)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("nowhere", "there is no `nowhere`: name a folder"),
        ("ext::sh -c x", "`ext::sh -c x` cannot be fetched by `ext`: use https:// or ssh://"),
        ("file:///etc", "`file:///etc` cannot be fetched by `file`"),
        ("http://example.org/x.git", "cannot be fetched by `http`"),
        ("https://-oProxyCommand=x/y", "cannot be fetched by `https`"),
        ("", "a source is a folder, an archive or"),
        ("a\0b", "a source is a folder, an archive or"),
        ("--upload-pack=x", "there is no `--upload-pack=x`"),
        ("git@-oProxy:x", "there is no `git@-oProxy:x`"),
    ],
)
def test_a_source_that_is_none_is_named(tmp_path: Path, word: str, said: str) -> None:
    with pytest.raises(FetchError) as error:
        source_of(word, within=tmp_path)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "word", ["https://example.org/a/b.git", "ssh://git@example.org/a", "git@example.org:a/b.git"]
)
def test_addresses_are_repositories(tmp_path: Path, word: str) -> None:
    source = source_of(word, ref="v1", within=tmp_path)

    assert (source.kind, source.location, source.ref) == (Kind.GIT, word, "v1")
    assert str(source) == f"{word}@v1"
    assert source_of(f"git+{word}", ref="v1", within=tmp_path) == source


@pytest.mark.parametrize("ref", ["-x", "a..b", "a b", "x:y", "+main", "a" * 251, "@{-1}"])
def test_a_ref_that_git_could_take_for_more_is_refused(tmp_path: Path, ref: str) -> None:
    with pytest.raises(FetchError, match="is no name of a branch, a tag or a commit"):
        source_of("https://example.org/a/b.git", ref=ref)


def test_an_archive_has_no_ref(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(tar_of(info("x")))

    with pytest.raises(FetchError, match=r"`a\.zip` is a file: only a repository has a `ref`"):
        source_of("a.zip", ref="main", within=tmp_path)
