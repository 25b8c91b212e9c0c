"""The open cases through the command line: verdicts in both modes, and every run."""

import json

import pytest

from .commanding import CASES, cli, project, told

__all__ = ["cli", "project", "told"]

EXPECTED = {
    file.parent.name: json.loads(file.read_text()) for file in CASES.glob("*/expected.json")
}
RUNS = [
    pytest.param(name, run, id=f"{name}-{number}")
    for name, case in EXPECTED.items()
    for number, run in enumerate(case["runs"])
]
LINE = {"path", "name", "valid", "loads", "errors", "warnings", "resources"}
OUTCOME = {
    "status", "exit_code", "signal", "stdout", "stderr", "stdout_total_bytes",
    "stderr_total_bytes", "truncated", "json", "wall_s", "sandbox",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_the_strict_verdict_is_that_of_the_case(told, name):
    strict = EXPECTED[name]["strict"]

    line = told("validate", CASES / name, code=0 if strict["valid"] else 1)

    assert set(line) == LINE
    assert (line["path"], line["name"]) == (str(CASES / name), EXPECTED[name]["name"])
    assert (line["valid"], line["errors"]) == (strict["valid"], strict["errors"])
    assert set(EXPECTED[name].get("resources", [])) <= set(line["resources"])


@pytest.mark.parametrize("name", EXPECTED)
def test_the_lenient_verdict_is_that_of_the_case(told, name):
    lenient = EXPECTED[name]["lenient"]

    line = told("validate", CASES / name, "--lenient", code=0 if lenient["loads"] else 1)

    assert (line["loads"], line["warnings"]) == (lenient["loads"], lenient["warnings"])


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_a_run_gives_what_the_case_says(told, name, run):
    expected = dict(run["expect"])
    if "stdout_json" in expected:
        expected["json"] = expected.pop("stdout_json")
    stdin = [] if run["stdin"] is None else ["--stdin", run["stdin"]]

    found = told(
        "run", CASES / name, "--script", run["script"], "--timeout", run["timeout_s"], *stdin,
        "--", *run["args"], code=0 if expected["status"] == "ok" else 1,
    )  # fmt: skip

    assert set(found) == OUTCOME
    assert set(found["sandbox"]) == {"level", "missing"}
    assert {name: found[name] for name in expected} == expected


def test_each_folder_has_a_line_and_the_worst_counts(cli):
    said = cli("validate", CASES / "csv-glance", CASES / "nameless", "-o", "json", code=1)

    assert [json.loads(each)["valid"] for each in said.out.splitlines()] == [True, False]


def test_what_is_no_folder_is_said_and_the_others_are_checked(cli):
    said = cli("validate", "nowhere", CASES / "csv-glance", code=1)

    assert said.out == f"{CASES / 'csv-glance'}: valid\n"
    assert "the folder nowhere cannot be read" in said.err


def test_what_is_no_folder_has_a_line_too_and_alone_it_is_a_mistake(cli, told):
    said = cli("validate", "nowhere", CASES / "csv-glance", "-o", "json", code=1)
    alone = told("validate", "nowhere", code=2)

    assert json.loads(said.out.splitlines()[0]) == alone
    assert alone == {
        "path": "nowhere", "name": None, "valid": False, "loads": False,
        "errors": ["missing_frontmatter"], "warnings": [], "resources": [],
    }  # fmt: skip


def test_people_are_told_what_is_wrong_in_sentences(cli):
    strict = cli("validate", CASES / "name-mismatch", code=1).out
    lenient = cli("validate", CASES / "colon-trap", "--lenient").out

    assert strict.splitlines()[0].endswith("loads, but is not valid")
    assert "name_mismatch: " in strict
    assert "yaml_repaired: " in lenient
    assert "invalid_yaml" not in lenient
