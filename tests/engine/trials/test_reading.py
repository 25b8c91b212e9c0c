"""Test files: their faults, their schema, how they are reported."""

from xml.etree import ElementTree

import pytest

from ciranda.errors import WorkflowError
from ciranda.trials import Difference, Verdict, read_tests, schema_of_tests
from ciranda.trials.report import details, junit, summed

GOOD = "  - name: one\n"


@pytest.fixture
def read(tmp_path):
    (tmp_path / "flow.yaml").write_text("ciranda: 1\nsteps: {a: {run: [echo]}}\n")

    def read(text, name="flow.test.yaml"):
        (tmp_path / name).write_text(text)
        return read_tests(str(tmp_path / name))

    return read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("case: []\n", "the file has no key `case` (did you mean `cases`?)"),
        ("{}\n", "the file does not say `cases`"),
        ("cases: []\n", "`cases` must not be shorter than 1"),
        ("cases:\n  - inputs: {}\n", "`cases[0]` does not say `name`"),
        ("cases:\n  - name: a\n    mock: {}\n", "4:5: `cases[0]` has no key `mock` (did you mean"),
        ("cases:\n  - name: a\n    zzzzz: {}\n", "it may have `name`, `workflow`"),
        ("cases:\n  - name: a\n    events: [{event: e, at: 5}]\n", "`cases[0].events[0].at` must"),
        ("cases:\n  - name: a\n    events: [{event: e, at: 5 m}]\n", "a duration such as `30s`"),
        ("cases:\n  - name: a\n    mocks: {a: {error: {}}}\n", "does not say `kind`"),
        ("cases:\n  - name: a\n    expect: {status: done}\n", "must be one of"),
        ("cases:\n  - name: a\n  - name: a\n", "4:11: two cases are called `a`"),
        ("workflow: gone.yaml\ncases:\n  - name: a\n", "2:11: there is no workflow"),
        ("- a\n", "the file must be"),
    ],
)
def test_a_faulty_file_is_told_with_its_places(read, text, said):
    with pytest.raises(WorkflowError) as caught:
        read("# a comment\n" + text)

    assert said in str(caught.value)


def test_a_file_without_its_workflow_says_how_to_name_it(read):
    with pytest.raises(WorkflowError, match=r"name it: `workflow: other\.test\.yaml`"):
        read(f"cases:\n{GOOD}", "other.test.yaml")


def test_what_the_file_says_holds_for_all_of_its_cases(read):
    tests = read(
        "time: real\nenv: {A: x}\nmocks: {a: {output: 1}, b: {error: {kind: k, retry-after: 5s}}}\n"
        "cases:\n  - name: one\n    time: virtual\n    mocks: {a: {output: 2}}\n    env: {B: y}\n"
        "    expect: {not-run: [a]}\n"
    )

    (case,) = tests.cases
    assert (case.time, case.env, case.line) == ("virtual", {"A": "x", "B": "y"}, 5)
    assert case.mocks["a"].attempts[0].output == 2
    assert case.mocks["b"].attempts[0].error["retry_after"] == 5.0
    assert case.expect.not_run == ("a",)


def test_the_schema_is_one():
    from jsonschema_rs import Draft202012Validator

    validator = Draft202012Validator(schema_of_tests())
    assert validator.is_valid({"cases": [{"name": "a", "mocks": {"x": {"error": "timeout"}}}]})
    assert not validator.is_valid({"cases": [{"name": "a", "mocks": {"x": {"eror": "timeout"}}}]})


VERDICTS = [
    Verdict(file="a.yaml", line=3, name="good", outcome="passed", virtual=7200.0),
    Verdict(
        file="a.yaml", line=9, name="bad", outcome="failed", failures=("x: timeout: late",),
        differences=(
            Difference("outputs.n", 1, 2, "", 12),
            Difference("outputs.m", {"a": list(range(30)), "b": 1}, {"a": list(range(30)), "b": 2}),
            Difference("holds", True, {"f": range(3)}, "`f` does not hold"),
        ),
    ),
    Verdict(file="b.yaml", line=1, name="odd", outcome="faulty", faults=("b.yaml:1:2: \x00 no",)),
]  # fmt: skip


def test_people_read_what_differs():
    lines = list(details(VERDICTS))

    assert lines[:5] == [
        "",
        "a.yaml:9 bad",
        "  outputs.n (line 12)",
        "    expected  1",
        "    got       2",
    ]
    assert '    -   "b": 1' in lines
    assert '    +   "b": 2' in lines
    assert "    got       {'f': range(0, 3)}" in lines
    assert "  in the run: x: timeout: late" in lines
    assert lines[-2:] == ["b.yaml:1 odd", "  b.yaml:1:2: \\x00 no"]
    assert summed(VERDICTS, 0.5) == (
        "1 failed, 1 faulty, 1 passed in 500 ms, 2 h 00 m of their own time"
    )
    assert summed([], 0.5) == "0 cases in 500 ms"


def test_ci_reads_junit():
    root = ElementTree.fromstring(junit(VERDICTS, 1.0))

    assert root.attrib == {"tests": "3", "failures": "1", "errors": "1", "time": "1.000000"}
    assert [suite.get("name") for suite in root] == ["a.yaml", "b.yaml"]
    assert [each.get("message") for each in root.iter("failure")] == ["outputs.n"]
    assert [each.get("message") for each in root.iter("error")] == ["b.yaml:1:2: ? no"]
