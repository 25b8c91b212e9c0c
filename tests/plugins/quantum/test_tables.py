"""The language in small: what each body of a component gives, or the kind of error it ends with.

A row has `body`, and where needed `data` and the bodies of `components`; it tells what comes of
it: `return`, `html` or `error`.
"""

import json
from pathlib import Path

import pytest

from ciranda_quantum import QuantumError

from .stage import run

TABLES = sorted(Path(__file__).parent.glob("tables/*.json"))


def outcome(row):
    try:
        made = run(row["body"], row.get("data"), **row.get("components", {}))
    except QuantumError as error:
        assert error.file
        assert error.line > 0
        assert error.column > 0
        return {"error": error.kind}
    return {"return": made.value} if "return" in row else {"html": made.html}


@pytest.mark.uncounted
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_every_row_of_a_table_gives_what_it_says(table):
    wrong = {}
    for number, row in enumerate(json.loads(table.read_text("utf-8")), 1):
        made = outcome(row)
        (told,) = row.keys() & {"return", "html", "error"}
        # as written, too: True is not 1, and 1 is not 1.0
        if made.get(told, made) != row[told] or repr(made[told]) != repr(row[told]):
            wrong[number] = (row, made)

    assert wrong == {}
