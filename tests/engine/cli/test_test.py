"""`ciranda test`: cases, their report, the exit code."""

from xml.etree import ElementTree

import pytest

TESTS = """\
mocks: {say: {output: {data: "${{ given.argv[1] }}"}}, count: {output: {data: 3}}}
cases:
  - name: says hi
    expect: {outputs: {said: hi, size: 3}}
  - name: says more
    inputs: {word: ho}
    expect: {outputs: {said: hi}}
"""


@pytest.fixture
def tests(project):
    (project / "ok.test.yaml").write_text(TESTS)


def test_dots_and_differences(cli, tests):
    said = cli("test", "ok.test.yaml", code=1)

    lines = said.out.splitlines()
    assert lines[:7] == [
        "ok.test.yaml .F",
        "",
        "ok.test.yaml:5 says more",
        "  outputs.said (line 7)",
        '    expected  "hi"',
        '    got       "ho"',
        "",
    ]
    assert lines[7].startswith("1 failed, 1 passed in ")


def test_cases_are_chosen_by_name(cli, tests):
    assert cli("test", "ok.test.yaml", "-k", "HI").out.startswith("ok.test.yaml .\n")
    assert "no case is called `x`" in cli("test", "ok.test.yaml", "-k", "x", code=2).err


def test_machines_read_json_and_junit(cli, tests):
    data = cli("test", "ok.test.yaml", "-o", "json", code=1).data
    root = ElementTree.fromstring(cli("test", "ok.test.yaml", "-o", "junit", code=1).out)

    assert [case["outcome"] for case in data["cases"]] == ["passed", "failed"]
    assert root.get("failures") == "1"


def test_a_faulty_file_runs_nothing(cli, tests, project):
    (project / "bad.test.yaml").write_text("cases: 1\n")

    said = cli("test", "ok.test.yaml", "bad.test.yaml", code=2)

    assert said.out == ""
    assert "bad.test.yaml:1:8: `cases` must be a list" in said.err


def test_a_case_without_stand_ins_is_at_fault(cli, project):
    (project / "ok.test.yaml").write_text("cases: [{name: bare}]\n")

    assert "step `say` has no mock" in cli("test", "ok.test.yaml", code=2).out


def test_the_schema_of_test_files(cli):
    assert cli("schema", "--tests").data["title"] == "Ciranda tests"
    assert "takes no FILE" in cli("schema", "--tests", "ok.yaml", code=2).err


def test_what_is_no_test_file_is_told_what_one_is(cli, tests, project):
    (project / "empty").mkdir()
    (project / "nothing.yaml").write_text("")
    (project / "text.yaml").write_text("a: [\n")
    wanted = "a test file is YAML such as `cases: [{name: it works, expect: {status: succeeded}}]`"

    def said(name):
        return cli("test", name, code=2).err.splitlines()

    workflow = "fail.yaml:1:1: this is a workflow, not a test file"
    assert said("fail.yaml")[0] == f"{workflow} (write fail.test.yaml beside it: {wanted})"
    assert said("ok.yaml")[0].endswith("this is a workflow, not a test file (name ok.test.yaml)")
    assert said("empty")[0] == f"empty: the file cannot be read: is a directory ({wanted})"
    assert said(".")[0].endswith("is a directory (name the test files in it: ok.test.yaml)")
    assert said("nothing.yaml")[0] == f"nothing.yaml:1:1: the file is empty ({wanted})"
    assert said("text.yaml")[0].endswith(f"is never closed ({wanted})")
    assert said("fial.yaml")[0] == "fial.yaml: there is no such file (did you mean `fail.yaml`?)"
