"""Each faulty file with every fault it has: place, sentence and hint, as a person sees them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ciranda.actions import Action
from ciranda.errors import WorkflowError
from ciranda.workflow.check import check
from ciranda.workflow.load import loads

FOLDER = Path(__file__).parent / "faulty"
HINTS = {"weather": "enable it: `ciranda plugins enable weather`"}


class Case(NamedTuple):
    text: str
    faults: list[str]


def cases() -> list[Any]:
    return list(read_cases())


def read_cases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.txt")):
        for block in file.read_text(encoding="utf-8").split("### ")[1:]:
            name, _, rest = block.partition("\n")
            text, _, faults = rest.partition("--- faults\n")
            yield pytest.param(Case(text, faults.splitlines()), id=f"{file.stem}: {name}")


@pytest.mark.parametrize("case", cases())
def test_a_faulty_file_says_where_and_what_and_how_to_go_on(case: Case, actions: dict[str, Action]):
    with pytest.raises(WorkflowError) as caught:
        check(loads(case.text, file="f.yaml"), actions, plugins=HINTS)

    assert [str(fault) for fault in caught.value.faults] == case.faults
    for fault in caught.value.faults:
        assert fault.kind
        assert fault.source == case.text.splitlines()[fault.line - 1]
        assert 1 <= fault.column <= len(fault.source) + 1  # where the caret stands


def test_the_table_is_long_enough_to_mean_something():
    assert len(cases()) >= 120
