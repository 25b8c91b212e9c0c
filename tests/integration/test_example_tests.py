"""The examples that bring test files pass them; all of those about the language bring some."""

import re
from pathlib import Path

import pytest

from ciranda.settings import Configuration
from ciranda.trials import perform, read_tests

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
FILES = sorted(EXAMPLES.rglob("*.test.yaml"))


@pytest.mark.uncounted
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(EXAMPLES)))
def test_the_cases_of_an_example_pass(file):
    tests = read_tests(str(file))

    verdicts = [perform(tests, case, Configuration(file.parent)) for case in tests.cases]

    assert [(one.name, one.differences, one.faults) for one in verdicts] == [
        (case.name, (), ()) for case in tests.cases
    ]


def test_every_example_of_the_language_is_tried():
    folder = EXAMPLES / "language"
    tried = {
        Path(case.workflow).resolve()
        for file in folder.rglob("*.test.yaml")
        for case in read_tests(str(file)).cases
    }
    workflows = [
        file
        for file in folder.rglob("*.yaml")
        if "\nciranda: 1\n" in file.read_text(encoding="utf-8")
    ]

    assert {file.resolve() for file in workflows} == tried
    assert len(workflows) > 20


ROW = re.compile(
    r"^\| (\d+) \| ([^|]+) \| (yes|partly|no) \| ([^|]+) \| (?:\[.*\]\((.*)\))? *\|$", re.MULTILINE
)


def test_the_table_of_patterns_has_all_of_them_with_examples_that_are_tried():
    page = ROOT / "docs" / "patterns.md"
    rows = ROW.findall(page.read_text(encoding="utf-8"))
    tests = read_tests(str(EXAMPLES / "language" / "patterns" / "patterns.test.yaml"))
    tried = {
        (case.name.split(",")[0], Path(case.workflow).resolve()) for case in tests.cases
    }  # a case is called as its pattern, with what is special behind it

    assert [int(row[0]) for row in rows] == list(range(1, 44))
    for number, pattern, expressed, how, link in rows:
        assert how.strip()
        assert bool(link) == (expressed != "no")
        if link:
            file = (page.parent / link).resolve()
            assert any(
                name.startswith(f"WCP-{number} {pattern}") and workflow == file
                for name, workflow in tried
            ), f"WCP-{number} {pattern}"
