"""The examples that bring test files pass them."""

from pathlib import Path

import pytest

from ciranda.settings import Configuration
from ciranda.trials import perform, read_tests

FILES = sorted((Path(__file__).parents[2] / "examples").glob("*/*.test.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_cases_of_an_example_pass(file):
    tests = read_tests(str(file))

    verdicts = [perform(tests, case, Configuration(file.parent)) for case in tests.cases]

    assert [(one.name, one.differences, one.faults) for one in verdicts] == [
        (case.name, (), ()) for case in tests.cases
    ]


def test_there_is_such_an_example():
    assert [file.stem for file in FILES] != []
