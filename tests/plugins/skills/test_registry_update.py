"""Updating, rolling back, replacing and removing skills."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

from ciranda_skills.digest import digest
from ciranda_skills.discovery import Scope
from ciranda_skills.error import UnknownSkillError
from ciranda_skills.format import read_skill
from ciranda_skills.registry import (
    FetchError,
    InstallError,
    InvalidSkillError,
    Registry,
    source_of,
)
from ciranda_skills.trust import Trust

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


class TestUpdate:
    """Fetching a skill again."""

    @pytest.fixture(autouse=True)
    def installed(self, registry: Registry, origin: Path) -> None:
        registry.install(source_of(str(origin)))

    def test_it_tells_what_changed_and_keeps_the_former(
        self, registry: Registry, origin: Path, project: Path
    ) -> None:
        first = registry.find("csv-tool").current
        skill_at(origin, version="2", more="print(2)")
        (origin / "scripts" / "run.py").unlink()

        change = registry.update("csv-tool")

        assert change.done
        assert not change.unchanged
        assert change.before == first
        assert change.after.version == "2"
        assert change.files.added == ("scripts/more.py",)
        assert change.files.removed == ("scripts/run.py",)
        assert change.files.changed == ("SKILL.md",)
        assert str(change.files) == "1 added, 1 removed, 1 changed"
        assert registry.versions("csv-tool") == (change.after, first)
        assert digest(change.folder) == digest(origin)
        only_skills(project)

    def test_looking_changes_nothing(self, registry: Registry, origin: Path, project: Path) -> None:
        before = digest(registry.folder / "csv-tool")
        skill_at(origin, version="2")

        change = registry.update("csv-tool", look=True)

        assert not change.done
        assert change.after.version == "2"
        assert digest(change.folder) == before
        assert registry.find("csv-tool").current.version == "1"
        only_skills(project)

    def test_the_same_content_is_no_change(self, registry: Registry) -> None:
        before = registry.records()

        assert registry.update("csv-tool").unchanged
        assert registry.records() == before

    def test_a_change_of_the_right_to_run_is_a_change(
        self, registry: Registry, origin: Path
    ) -> None:
        (origin / "scripts" / "run.py").chmod(0o755)

        assert registry.update("csv-tool").files.changed == ("scripts/run.py",)

    def test_it_loses_trust_and_a_rollback_finds_it_again(
        self, registry: Registry, origin: Path, tmp_path: Path
    ) -> None:
        trust = Trust(tmp_path / "trusted")
        there = registry.folder / "csv-tool"
        trust.grant(there, "csv-tool")
        skill_at(origin, version="2")

        registry.update("csv-tool")
        updated = trust.allows(there, Scope.PROJECT)
        registry.rollback("csv-tool")

        assert not updated
        assert trust.allows(there, Scope.PROJECT)

    def test_what_was_edited_is_not_overwritten_unless_forced(
        self, registry: Registry, origin: Path
    ) -> None:
        there = registry.folder / "csv-tool"
        (there / "scripts" / "run.py").write_text("mine")
        mine = digest(there)
        skill_at(origin, version="2")

        with pytest.raises(InstallError, match="`csv-tool` was edited since it was installed"):
            registry.update("csv-tool")
        assert (there / "scripts" / "run.py").read_text() == "mine"

        change = registry.update("csv-tool", force=True)
        assert change.before is not None
        assert change.before.digest == mine
        registry.rollback("csv-tool")
        assert (there / "scripts" / "run.py").read_text() == "mine"

    def test_what_was_removed_by_hand_comes_back(self, registry: Registry) -> None:
        there = registry.folder / "csv-tool"
        (there / "SKILL.md").unlink()
        (there / "scripts" / "run.py").unlink()
        (there / "scripts").rmdir()
        there.rmdir()

        change = registry.update("csv-tool")

        assert change.before is None
        assert read_skill(there).valid

    def test_an_origin_that_is_gone_says_so(self, registry: Registry, origin: Path) -> None:
        origin.rename(origin.with_name("elsewhere"))

        with pytest.raises(FetchError, match=r"csv-tool is not a folder any more"):
            registry.update("csv-tool")

    def test_one_that_does_not_load_any_more_leaves_the_old_one(
        self, registry: Registry, origin: Path
    ) -> None:
        (origin / "SKILL.md").write_text("nothing")

        with pytest.raises(InvalidSkillError, match="`csv-tool` does not load"):
            registry.update("csv-tool")
        assert read_skill(registry.folder / "csv-tool").valid

    def test_three_former_versions_are_kept(self, registry: Registry, origin: Path) -> None:
        for number in range(2, 8):
            skill_at(origin, version=str(number))
            registry.update("csv-tool")

        assert [each.version for each in registry.versions("csv-tool")] == ["7", "6", "5", "4"]
        former = registry.folder.parent / "installed" / "former" / "csv-tool"
        assert len(os.listdir(former)) == 3

    def test_any_former_version_comes_back_by_its_digest(
        self, registry: Registry, origin: Path, project: Path
    ) -> None:
        for number in (2, 3):
            skill_at(origin, version=str(number))
            registry.update("csv-tool")
        first = registry.versions("csv-tool")[-1]

        change = registry.rollback("csv-tool", first.digest[:12])

        assert change.after == first
        assert digest(change.folder) == first.digest
        assert [each.version for each in registry.versions("csv-tool")] == ["1", "3", "2"]
        with pytest.raises(UnknownSkillError, match="no former version that begins with `ffff`"):
            registry.rollback("csv-tool", "ffff")
        only_skills(project)

    def test_a_former_version_that_was_touched_does_not_come_back(
        self, registry: Registry, origin: Path
    ) -> None:
        skill_at(origin, version="2")
        registry.update("csv-tool")
        former = registry.folder.parent / "installed" / "former" / "csv-tool"
        (former / os.listdir(former)[0] / "SKILL.md").write_text(
            "---\nname: csv-tool\ndescription: x\n---\n"
        )

        with pytest.raises(InstallError, match="is not what it was: install the skill again"):
            registry.rollback("csv-tool")
        assert registry.find("csv-tool").current.version == "2"

    def test_there_is_nothing_to_go_back_to_at_first(self, registry: Registry) -> None:
        with pytest.raises(UnknownSkillError, match="`csv-tool` has no former version"):
            registry.rollback("csv-tool")

    def test_without_a_swap_of_the_system_it_is_done_in_two_steps(
        self, project: Path, origin: Path
    ) -> None:
        plain = Registry(project, swap=lambda _one, _other: False)
        skill_at(origin, version="2")

        change = plain.update("csv-tool")

        assert digest(change.folder) == digest(origin)
        assert plain.rollback("csv-tool").after.version == "1"
        only_skills(project)


class TestAgain:
    """Installing what is there already."""

    def test_the_same_source_updates(self, registry: Registry, origin: Path) -> None:
        registry.install(source_of(str(origin)))
        skill_at(origin, version="2")

        (change,) = registry.install(source_of(str(origin)))

        assert change.before is not None
        assert change.after.version == "2"

    def test_another_source_takes_a_word(
        self, registry: Registry, origin: Path, tmp_path: Path
    ) -> None:
        registry.install(source_of(str(origin)))
        other = skill_at(tmp_path / "other" / "csv-tool", version="9")

        with pytest.raises(
            InstallError, match=r"`csv-tool` is installed from .*src/csv-tool already"
        ):
            registry.install(source_of(str(other)))
        (change,) = registry.install(source_of(str(other)), over=True)

        assert change.after.version == "9"
        assert registry.find("csv-tool").origin.location == str(other)
        assert [each.version for each in registry.versions("csv-tool")] == ["9", "1"]

    def test_what_was_not_installed_is_not_touched(
        self, registry: Registry, origin: Path, project: Path
    ) -> None:
        mine = skill_at(project / ".ciranda" / "skills" / "csv-tool", version="mine")

        with pytest.raises(InstallError, match="was not installed: remove it yourself"):
            registry.install(source_of(str(origin)), over=True)
        with pytest.raises(UnknownSkillError, match="`csv-tool` is not installed in"):
            registry.remove("csv-tool", force=True)
        assert "mine" in (mine / "SKILL.md").read_text()


class TestRemove:
    """Taking a skill away."""

    def test_it_leaves_nothing_of_it_and_all_of_others(
        self, registry: Registry, origin: Path, tmp_path: Path, project: Path
    ) -> None:
        registry.install(source_of(str(origin)))
        registry.install(source_of(str(skill_at(tmp_path / "src" / "other"))))
        skill_at(origin, version="2")
        registry.update("csv-tool")

        gone = registry.remove("csv-tool")

        assert gone.current.version == "2"
        assert [record.name for record in registry.records()] == ["other"]
        assert os.listdir(registry.folder) == ["other"]
        assert os.listdir(project / ".ciranda" / "installed" / "former") == []
        only_skills(project)

    def test_links_in_it_are_removed_and_not_followed(
        self, registry: Registry, origin: Path, tmp_path: Path
    ) -> None:
        (change,) = registry.install(source_of(str(origin)))
        (tmp_path / "precious").mkdir()
        (tmp_path / "precious" / "file").write_text("keep")
        (change.folder / "link").symlink_to(tmp_path / "precious")

        with pytest.raises(InstallError, match="was edited since"):
            registry.remove("csv-tool")
        registry.remove("csv-tool", force=True)

        assert (tmp_path / "precious" / "file").read_text() == "keep"

    def test_a_link_in_its_place_is_left_alone(
        self, registry: Registry, origin: Path, tmp_path: Path
    ) -> None:
        (change,) = registry.install(source_of(str(origin)))
        moved = tmp_path / "moved"
        change.folder.rename(moved)
        change.folder.symlink_to(moved)

        with pytest.raises(InstallError, match="csv-tool is a link: remove it yourself"):
            registry.remove("csv-tool", force=True)
        assert (moved / "SKILL.md").exists()

    def test_an_unknown_name_is_answered_by_the_nearest(
        self, registry: Registry, origin: Path
    ) -> None:
        registry.install(source_of(str(origin)))

        with pytest.raises(UnknownSkillError, match="did you mean `csv-tool`"):
            registry.remove("csv-tol")
        with pytest.raises(UnknownSkillError, match=r"`\.\./\.\./x` is not installed"):
            registry.remove("../../x")

    def test_one_that_was_removed_by_hand_is_forgotten(
        self, registry: Registry, origin: Path, tmp_path: Path
    ) -> None:
        (change,) = registry.install(source_of(str(origin)))
        change.folder.rename(tmp_path / "moved")

        registry.remove("csv-tool")

        assert registry.records() == ()
