"""Projects that bring links and records of their own, and processes that do the same at once."""

from __future__ import annotations

import json
import os
import shutil
from itertools import count
from pathlib import Path

import pytest

from ciranda_skills.format import read_skill
from ciranda_skills.registry import (
    BusyError,
    InstallError,
    RecordError,
    Registry,
    source_of,
)

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


class TestHostileProject:
    """A project that brings links and records of its own."""

    @pytest.mark.parametrize("place", [".ciranda", ".ciranda/skills", ".ciranda/installed"])
    def test_folders_that_lead_out_are_refused(
        self, registry: Registry, origin: Path, project: Path, tmp_path: Path, place: str
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        (project / place).parent.mkdir(exist_ok=True)
        (project / place).symlink_to(tmp_path / "elsewhere")

        with pytest.raises(InstallError, match=r"leads out of .*: remove that link"):
            registry.install(source_of(str(origin)))
        assert os.listdir(tmp_path / "elsewhere") == []

    @pytest.mark.parametrize("name", ["records", "former", "staging", "pending"])
    def test_links_among_the_records_are_refused(
        self, registry: Registry, origin: Path, project: Path, name: str
    ) -> None:
        (project / ".ciranda" / "installed").mkdir(parents=True)
        (project / ".ciranda" / "installed" / name).symlink_to(project)

        with pytest.raises(InstallError, match=f"{name} is a link: remove it"):
            registry.install(source_of(str(origin)))

    def test_a_link_among_former_versions_is_not_cleaned_out(
        self, registry: Registry, origin: Path, project: Path, tmp_path: Path
    ) -> None:
        registry.install(source_of(str(origin)))
        (tmp_path / "precious").mkdir()
        (tmp_path / "precious" / "file").write_text("keep")
        former = project / ".ciranda" / "installed" / "former" / "csv-tool"
        former.symlink_to(tmp_path / "precious")
        skill_at(origin, version="2")

        with pytest.raises(InstallError, match="csv-tool is a link: remove it"):
            registry.update("csv-tool")
        assert os.listdir(tmp_path / "precious") == ["file"]

    @pytest.mark.parametrize(
        "bent",
        [
            {"folder": "../../../precious"},
            {"current": {"version": "", "digest": "../../x", "at": 0}},
            {"former": [{"version": "", "digest": "..", "at": 0}]},
            {"origin": {"kind": "ftp", "location": "x"}},
        ],
    )
    def test_a_bent_record_is_refused(
        self, registry: Registry, origin: Path, project: Path, bent: dict[str, object]
    ) -> None:
        registry.install(source_of(str(origin)))
        record = project / ".ciranda" / "installed" / "records" / "csv-tool.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | bent))

        with pytest.raises(RecordError, match=r"csv-tool\S* is damaged"):
            registry.remove("csv-tool", force=True)
        assert (registry.folder / "csv-tool").exists()

    @pytest.mark.parametrize("token", ["../../..", "a/b", ""])
    def test_a_bent_note_of_a_change_is_refused(
        self, registry: Registry, origin: Path, project: Path, token: str
    ) -> None:
        (change,) = registry.install(source_of(str(origin)))
        note = project / ".ciranda" / "installed" / "pending" / "csv-tool.json"
        record = project / ".ciranda" / "installed" / "records" / "csv-tool.json"
        note.write_text(json.dumps({"record": json.loads(record.read_text()), "token": token}))

        with pytest.raises(RecordError, match=r"csv-tool\.json is damaged: remove it"):
            registry.remove("csv-tool")
        assert change.folder.exists()

    @pytest.mark.parametrize("name", [" x.json", "a\\b.json", "C:.json"])
    def test_a_record_of_an_odd_name_is_refused(
        self, registry: Registry, origin: Path, project: Path, name: str
    ) -> None:
        registry.install(source_of(str(origin)))
        (project / ".ciranda" / "installed" / "records" / name).write_text("{}")

        with pytest.raises(RecordError, match="is no name of a folder"):
            registry.records()

    def test_a_record_that_is_no_record_is_refused(
        self, registry: Registry, origin: Path, project: Path
    ) -> None:
        registry.install(source_of(str(origin)))
        records = project / ".ciranda" / "installed" / "records"
        (records / "csv-tool.json").write_text("[]")

        with pytest.raises(RecordError, match=r"csv-tool\.json is damaged: Expected `object`"):
            registry.find("csv-tool")
        shutil.rmtree(records)
        records.write_text("")
        with pytest.raises(RecordError, match="records cannot be read: not a directory"):
            registry.records()

    def test_a_record_that_is_a_link_is_not_read(
        self, registry: Registry, origin: Path, project: Path, tmp_path: Path
    ) -> None:
        registry.install(source_of(str(origin)))
        record = project / ".ciranda" / "installed" / "records" / "csv-tool.json"
        record.rename(tmp_path / "elsewhere")
        record.symlink_to(tmp_path / "elsewhere")

        with pytest.raises(RecordError, match=r"csv-tool\.json cannot be read: "):
            registry.remove("csv-tool")

    def test_a_record_that_cannot_be_written_leaves_the_former(
        self, registry: Registry, origin: Path, monkeypatch: pytest.MonkeyPatch, project: Path
    ) -> None:
        registry.install(source_of(str(origin)))
        before = registry.records()
        skill_at(origin, version="2")

        def full(_one: object, _other: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(InstallError, match="cannot be changed: no space left on device"):
            registry.update("csv-tool")

        assert registry.records() == before
        assert read_skill(registry.folder / "csv-tool").skill is not None
        only_skills(project)

    def test_a_note_that_is_no_json_is_refused(
        self, registry: Registry, origin: Path, project: Path
    ) -> None:
        registry.install(source_of(str(origin)))
        (project / ".ciranda" / "installed" / "pending" / "x.json").write_text("{")

        with pytest.raises(RecordError, match=r"x\.json is damaged"):
            registry.remove("csv-tool")


def test_another_process_is_waited_for_and_then_named(
    registry: Registry, origin: Path, project: Path
) -> None:
    hasty = Registry(project, wait=0.0)
    registry.install(source_of(str(origin)))

    with registry._place.locked(), pytest.raises(BusyError, match="another process changes the sk"):
        hasty.remove("csv-tool")
    hasty.remove("csv-tool")


def test_waiting_ends_as_soon_as_the_other_is_done(project: Path) -> None:
    from ciranda_skills.registry.place import Place

    first = Place(project)
    held = first.locked()
    held.__enter__()
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        held.__exit__(None, None, None)

    with Place(project, clock=lambda: 0.0, sleep=sleep).locked():
        assert len(slept) == 1
