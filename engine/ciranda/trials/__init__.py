"""Test files: cases of a workflow, with stand-ins for what it does, in virtual time."""

from ciranda.trials.case import Case, Mock, TestFile
from ciranda.trials.performing import perform
from ciranda.trials.reading import read_tests
from ciranda.trials.schema import schema_of_tests
from ciranda.trials.verdict import Difference, Verdict

__all__ = [
    "Case",
    "Difference",
    "Mock",
    "TestFile",
    "Verdict",
    "perform",
    "read_tests",
    "schema_of_tests",
]
