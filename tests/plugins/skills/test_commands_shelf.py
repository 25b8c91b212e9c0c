"""`ciranda skills list`, `show`, `search`, `trust`, `install` and what follows it, `test`."""

import json
import os

import pytest

from ciranda.cli.entry import outcome

from .commanding import CASES, cli, copied, project, told
from .running_stage import make_skill

__all__ = ["cli", "project", "told"]

BUILT_IN = ["csv-profile", "json-diff", "licence-scan", "log-errors", "text-metrics"]
EVALS = {
    "evals": [
        {"id": "good", "args": ["0"], "expect": {"stdout": "leaving\n"}},
        {"id": "wrong", "expect": {"exit_code": 4}},
        {"id": "asks", "prompt": "Leave.", "expected_output": "It left."},
    ]
}


def test_the_skills_that_come_along_are_listed(told, cli):
    assert [each["name"] for each in told("list")] == BUILT_IN
    assert all(each["scope"] == "built-in" and each["trusted"] for each in told("list"))
    assert "csv-profile   built-in" in cli("list").out


def test_skills_of_the_project_beat_others_and_say_whether_they_are_trusted(told, cli, project):
    copied("exit-three", project / ".claude/skills")
    make_skill(project / "more", {"scripts/main.py": ""}, name="csv-profile")
    (project / "ciranda.toml").write_text('[skills]\nroots = ["more"]\n')

    found = {each["name"]: each for each in told("list")}

    assert (found["exit-three"]["scope"], found["exit-three"]["trusted"]) == ("project", False)
    assert (found["csv-profile"]["scope"], found["csv-profile"]["trusted"]) == ("project", False)
    said = cli("list")
    assert "not trusted" in said.out
    assert "(built-in) is hidden by the one in" in said.err


def test_folders_that_are_named_are_listed_alone(told, cli, tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/SKILL.md").write_text("no frontmatter\n")

    names = [each["name"] for each in told("list", CASES)]

    assert names == ["colon-trap", "csv-glance", "exit-three", "nameless", "some-other-name"]
    assert "odd is left out: " in cli("list", tmp_path / "odd").err
    assert "there are no skills here" in cli("list", tmp_path / "odd").err
    assert "nowhere is not a folder" in cli("list", "nowhere", code=2).err


def test_a_folder_whose_name_is_no_text_is_listed_with_all_others(told, tmp_path):
    for name in (b"good", b"b\xffd"):
        folder = tmp_path / "skills" / os.fsdecode(name)
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\nname: {name[:1].decode()}\ndescription: x\n---\n")

    rows = told("list", tmp_path / "skills")

    assert [row["path"].rpartition("/")[2] for row in rows] == ["b\udcffd", "good"]


def test_a_skill_shows_what_it_says_and_what_its_scripts_take(told, cli):
    found = told("show", "json-diff")

    assert found["name"] == "json-diff"
    assert found["license"] == "MIT"
    assert found["scripts"][0]["path"] == "scripts/compare.py"
    assert set(found["scripts"][0]["parameters"]["properties"]) == {"before", "after", "ignore"}
    assert found["resources"] == ["evals/evals.json", "scripts/compare.py"]
    said = cli("show", CASES / "csv-glance").out
    assert "script: scripts/glance.py" in said
    assert "# CSV glance" in said


def test_a_file_of_a_skill_is_shown_and_nothing_outside_of_it(cli, told):
    said = cli("show", CASES / "exit-three", "scripts/leave.sh").out

    assert said == (CASES / "exit-three/scripts/leave.sh").read_text()
    assert told("show", CASES / "exit-three", "scripts/leave.sh")["text"] == said
    assert "leads out" in cli("show", "json-diff", "../csv-profile/SKILL.md", code=2).err


def test_words_find_skills_the_best_first(told, cli):
    assert told("search", "csv", "columns")[0]["name"] == "csv-profile"
    assert "log-errors  built-in" in cli("search", "traceback errors").out
    assert told("search", "--installed", code=1) == []
    assert "no skill fits" in cli("search", "zebra", code=1).err


def test_trust_holds_for_a_content_and_can_be_taken_back(cli, told, project):
    root = copied("exit-three", project / ".agents/skills")

    (granted,) = told("trust", "exit-three")
    (listed,) = told("trust")
    seen = told("list")[1]["trusted"], cli("trust").out
    cli("trust", "--revoke", "exit-three")

    assert granted["trusted"]
    assert (listed["digest"], listed["folder"]) == (granted["digest"], str(root))
    assert seen[0]
    assert granted["digest"][:12] in seen[1]
    assert told("trust") == []
    assert "was not trusted" in cli("trust", "--revoke", "exit-three").out
    assert "say which skills" in cli("trust", "--revoke", code=2).err
    assert "there is no skill `exit-thre`" in cli("trust", "exit-thre", code=2).err


def test_a_skill_is_installed_updated_rolled_back_and_removed(cli, told, project, tmp_path):
    source = copied("exit-three", tmp_path / "source")

    (new,) = told("install", source)
    (source / "scripts/leave.sh").write_text("echo second\n")
    looked = cli("update", "--look").out
    updated = told("update")
    versions = told("versions", "exit-three")
    (back,) = told("rollback", "exit-three")
    installed = told("search", "--installed")

    assert (new["name"], new["before"], new["done"]) == ("exit-three", None, True)
    assert looked.startswith("exit-three: would be replaced (1 changed)")
    assert updated[0]["changed"] == ["scripts/leave.sh"]
    assert [each["digest"] for each in versions] == [
        updated[0]["after"]["digest"], new["after"]["digest"],
    ]  # fmt: skip
    assert back["after"]["digest"] == new["after"]["digest"]
    assert [each["name"] for each in installed] == ["exit-three"]
    assert new["after"]["digest"][:12] in cli("versions", "exit-three").out
    assert cli("install", source, "--replace").out.startswith("exit-three: replaced")
    assert "exit-three: as it was" in cli("install", source).out
    assert "removed from" in cli("remove", "exit-three").out
    assert told("search", "--installed", code=1) == []


def test_what_is_removed_is_not_trusted_any_more(cli, told, project, tmp_path):
    elsewhere = copied("exit-three", project / ".agents/skills")
    for name in ("exit-three", "csv-glance"):
        cli("install", copied(name, tmp_path / "source"))
    cli("trust", "csv-glance")
    root = project / ".ciranda/skills/csv-glance"
    (root / "SKILL.md").write_text((root / "SKILL.md").read_text() + "Edited.\n")
    cli("trust", "csv-glance", "exit-three")

    removed = cli("remove", "csv-glance", "--force").out
    kept = cli("remove", "exit-three").out

    assert removed.endswith("csv-glance: not trusted any more\n")
    assert "not trusted" not in kept  # what is trusted lies elsewhere
    assert [each["folder"] for each in told("trust")] == [str(elsewhere)]


def test_what_cannot_be_installed_or_found_is_one_sentence(cli, project):
    assert "there is no `nowhere`" in cli("install", "nowhere", code=2).err
    assert "cannot be fetched by `ftp`" in cli("install", "ftp://x/y", code=2).err
    assert "is not installed in" in cli("update", "report", code=2).err
    assert "is not installed in" in cli("remove", "report", code=2).err
    assert "is not installed in" in cli("rollback", "report", "--user", code=2).err


def test_evals_are_run_and_told_one_by_one(cli, told, tmp_path, project):
    root = copied("exit-three", tmp_path)
    (root / "evals").mkdir()
    (root / "evals/evals.json").write_text(json.dumps(EVALS))

    said = cli("test", root, code=1).out
    report = told("test", root, "--only", "good")

    assert "  passed   good" in said
    assert "  failed   wrong" in said
    assert "  skipped  asks: it asks a model" in said
    assert "exit-three: 1 passed, 1 failed, 1 skipped in" in said
    assert (report["passed"], report["failed"], len(report["results"])) == (1, 0, 1)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_skill_that_comes_along_is_valid_and_passes_its_evals(told, name):
    path = next(each["path"] for each in told("list") if each["name"] == name)

    report = told("test", name)

    assert told("validate", path)["valid"]
    assert report["passed"] >= 2
    assert report["failed"] == report["skipped"] == 0


def test_evals_that_cannot_be_run_are_a_mistake(cli, tmp_path, project):
    root = copied("exit-three", tmp_path)
    assert "has no evals/evals.json" in cli("test", root, code=2).err
    (root / "evals").mkdir()
    (root / "evals/evals.json").write_text('{"evals": [{"id": "x", "expect": {"sdtout": ""}}]}')

    assert "did you mean `stdout`?" in cli("test", root, code=2).err
    assert "there is no case `nop`" in cli("test", "json-diff", "--only", "nop", code=2).err
    copied("nameless", project / ".agents/skills")
    assert "not trusted as it is now" in cli("test", "nameless", code=2).err


def test_a_schema_that_is_none_does_not_keep_a_skill_from_being_shown(told, tmp_path):
    files: dict[str, str | bytes] = {"scripts/main.py": "", "scripts/main.schema.json": "[]"}
    root = make_skill(tmp_path, files).root

    assert told("show", root)["scripts"] == [{"path": "scripts/main.py", "parameters": None}]


def test_the_doctor_names_the_sandbox_and_fails_where_it_is_too_weak(
    project, capsys, monkeypatch, tmp_path
):
    def found():
        capsys.readouterr()
        code = outcome(["doctor", "-o", "json"])
        told = json.loads(capsys.readouterr().out)
        return code, [each for each in told if each["check"] == "skills"]

    code, lines = found()
    (project / "ciranda.toml").write_text('[skills]\nrequire = "L4"\n')
    monkeypatch.setenv("PATH", str(tmp_path))  # no bubblewrap
    strict_code, strict = found()

    assert [each["message"].partition(",")[0] for each in lines] == ["Python", "programs", "strict"]
    assert all("sandbox: L" in each["message"] for each in lines[:2])
    assert code == 0
    assert strict_code == 1
    assert strict[2]["level"] == "fail"
    assert "there is none: install `bwrap`" in strict[2]["message"]
