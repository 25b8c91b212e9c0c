"""The open cases, what is commonly written, and the public skills that are installed here."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from ciranda_skills.error import MissingResourceError
from ciranda_skills.format import read_skill
from ciranda_skills.resources import resolve

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("name", sorted(case.name for case in CASES.iterdir()))
def test_an_open_case_is_read_as_expected(name: str, tmp_path: Path) -> None:
    expected: dict[str, Any] = json.loads((CASES / name / "expected.json").read_text())
    ignored = shutil.ignore_patterns("expected.json")
    folder = shutil.copytree(CASES / name, tmp_path / name, ignore=ignored)

    reading = read_skill(folder)

    assert reading.valid == expected["strict"]["valid"]
    assert [*reading.errors] == expected["strict"]["errors"]
    assert reading.loads == expected["lenient"]["loads"]
    assert [*reading.warnings] == expected["lenient"]["warnings"]
    assert reading.name == expected["name"]
    skill = reading.skill
    assert skill is not None
    assert len(skill.description) == expected["description_len"]
    written = expected.get("frontmatter", {})
    assert skill.license == written.get("license", "")
    assert skill.compatibility == written.get("compatibility", "")
    assert skill.metadata == written.get("metadata", {})
    assert " ".join(skill.allowed_tools) == written.get("allowed-tools", "")
    assert [*skill.resources] == expected.get("resources", [*skill.resources])
    assert {run["script"] for run in expected["runs"]} <= {*skill.scripts}
    for reference in expected.get("references", []):
        if reference["expect"] == "ok":
            assert resolve(skill.root, reference["path"]).is_file()
        else:
            with pytest.raises(MissingResourceError, match="has no file"):
                resolve(skill.root, reference["path"])


# As people write them: each a frontmatter, and the errors and warnings that it has.
WRITTEN = {
    "pdf-forms": (
        "name: pdf-forms\n"
        "description: Fills in PDF forms, merges and splits files. Use when the user mentions "
        "PDFs, forms, or document extraction.\n"
        "license: Proprietary. LICENSE.txt has complete terms\n",
        "",
        "",
    ),
    "frontend-design": (
        "name: frontend-design\n"
        "description: >-\n"
        "  Builds distinctive interfaces. Use this skill when asked to build web components,\n"
        "  pages, or applications (examples include websites, dashboards).\n",
        "",
        "",
    ),
    "deploy": (
        "name: deploy\n"
        "description: Deploys the app to production\n"
        "disable-model-invocation: true\n"
        "user-invocable: true\n"
        "argument-hint: '[environment]'\n"
        "allowed-tools: Bash(git push:*), Bash(npm run build), Read\n",
        "unexpected_field",
        "unexpected_field",
    ),
    "release-notes": (
        "name: release-notes\n"
        "description: Writes release notes. Triggers: \"changelog\", 'what changed'\n"
        "version: 1.2.0\n",
        "invalid_yaml",
        "unexpected_field yaml_repaired",
    ),
    "weather": (
        "name: weather\n"
        "description: Current weather and forecasts (no API key required).\n"
        "homepage: https://wttr.in/:help\n"
        'metadata: {"bot":{"emoji":"🌤","requires":{"bins":["curl"]}}}\n',
        "unexpected_field",
        "unexpected_field",
    ),
    "数据分析": (
        "name: 数据分析\ndescription: 分析表格。用户提到 CSV 时使用:先看列名。\n",
        "",
        "",
    ),
    "Commit Helper": (
        "name: Commit Helper\ndescription: Writes commit messages.\n",
        "name_not_lowercase name_invalid_characters",
        "name_not_lowercase name_invalid_characters",
    ),
    "notes": (
        "name: notes\n"
        "description: 'Isn''t it: quoted?'\n"
        "metadata:\n  author: me\n  version: 0.10\n  updated: 2026-03-01\n",
        "",
        "",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_skill_as_people_write_them_loads(name: str, tmp_path: Path) -> None:
    frontmatter, errors, warnings = WRITTEN[name]
    (tmp_path / name).mkdir()
    text = f"---\n{frontmatter}---\n\n# {name}\n"
    (tmp_path / name / "SKILL.md").write_text(text, encoding="utf-8")

    reading = read_skill(tmp_path / name)

    assert [*reading.errors] == errors.split()
    assert [*reading.warnings] == warnings.split()
    assert reading.loads


def public_skills() -> list[Path]:
    """Return the skills that installed packages ship, and those below `SKILLS_CORPUS`."""
    found = [
        Path(str(file.locate())).parent
        for one in distributions()
        for file in one.files or ()
        if file.name == "SKILL.md"
    ]
    corpus = os.environ.get("SKILLS_CORPUS")
    if corpus:
        found += [file.parent for file in Path(corpus).rglob("SKILL.md")]
    return sorted(found)


def test_public_skills_load() -> None:
    skills = public_skills()
    if not skills:
        pytest.skip("no installed package ships skills; SKILLS_CORPUS may name a folder of them")

    readings = [read_skill(folder) for folder in skills]

    assert [str(each.path) for each in readings if not each.loads] == []
    assert all(each.skill is not None and each.skill.description for each in readings)
