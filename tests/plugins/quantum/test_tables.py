"""The language in small: what each body of a component gives, or the kind of error it ends with.

A row has `body`, and where needed `data` and the bodies of `components`; it tells what comes of
it: `return`, `html` or `error`.
"""

import json
from pathlib import Path

import pytest

from ciranda_quantum import QuantumError

from .stage import run

ROWS = [
    pytest.param(row, id=f"{file.stem}-{number}")
    for file in sorted(Path(__file__).parent.glob("tables/*.json"))
    for number, row in enumerate(json.loads(file.read_text("utf-8")), 1)
]


def outcome(row):
    try:
        made = run(row["body"], row.get("data"), **row.get("components", {}))
    except QuantumError as error:
        assert error.file
        assert error.line > 0
        assert error.column > 0
        return {"error": error.kind}
    return {"return": made.value} if "return" in row else {"html": made.html}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_tables_gives_what_it_says(row):
    made = outcome(row)

    (told,) = row.keys() & {"return", "html", "error"}
    assert made.get(told, made) == row[told]
    assert repr(made[told]) == repr(row[told])  # True is not 1, and 1 is not 1.0
