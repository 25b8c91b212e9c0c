"""The acceptance cases: what each template gives, or the kind of error it fails with."""

import json
import time
from pathlib import Path

import pytest

from ciranda_quantum import QuantumError, compile

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("file", sorted(CASES.glob("*.q")), ids=lambda file: file.stem)
def test_a_case_gives_what_it_says(file):
    case = json.loads(file.with_suffix(".json").read_text("utf-8"))
    text = file.read_text("utf-8")
    components = case.get("components", {})
    started = time.monotonic()

    if "error" in case:
        with pytest.raises(QuantumError) as caught:
            compile(text, name=file.name, components=components).run(case["inputs"])
        assert caught.value.kind == case["error"]
        assert caught.value.file
        assert caught.value.line > 0
        assert caught.value.column > 0
        assert time.monotonic() - started < case.get("time_limit_s", 10)
        return
    result = compile(text, name=file.name, components=components).run(case["inputs"])
    expected = case["expected"]

    if "return" in expected:
        assert result.value == expected["return"]
        assert type(result.value) is type(expected["return"])
    assert result.html == expected.get("html", result.html)
    assert {name: result.variables.get(name) for name in expected.get("vars", {})} == expected.get(
        "vars", {}
    )
