"""Conditions that contradict each other only because one of them is never defined."""

import anyio
import pytest

from ciranda_experts.intent.reading import read_intent
from ciranda_experts.logic import judge
from ciranda_experts.recheck import check


def judged(intent):
    return anyio.run(judge, read_intent(intent), None, 1.0)


@pytest.mark.parametrize(
    ("pre", "bits", "said"),
    [
        (["x == 127", "y == x + 1"], 8, "pre[1] `y == x + 1` is never defined: x + 1 does not fit"),
        (["x > 0", "x + 1000 > y"], 8, "1000 does not fit into 8 bits"),
        (["x > 100", "x + 100 < 0"], 8, "x + 100 does not fit into 8 bits"),
        (["y == 0", "x / y > 1"], None, "x / y divides by y, which is 0"),
        (["x // 0 == 1"], None, "x // 0 divides by 0"),
        (["x == 100", "p or x + x == 5"], 8, None),  # for some p it is defined
        (["x == 127", "y == x + 1", "x < 0"], 8, "is never defined"),
    ],
)
def test_what_is_never_defined_is_named_with_its_part(pre, bits, said):
    intent = {"pre": pre, "post": ["x == x"], "vars": {"x": "int", "y": "int", "p": "bool"}}
    found = judged(intent if bits is None else {**intent, "int_bits": bits})

    if said is None:
        assert found.reason != "vacuous"
        return
    assert found.reason == "undefined"
    assert said in found.message
    assert found.message.endswith("so `pre` proves nothing.")
    assert found.evidence["breaks"]["value"] == "undefined"
    assert anyio.run(check, found.evidence["proof"], None).valid


@pytest.mark.parametrize(
    ("pre", "bits"),
    [
        (["x > 1", "x < 1"], 8),
        (["x > 1", "x < 1", "1 / 0 > x"], None),  # never looked at
        (["x != 0", "1 // x == 2", "false"], None),
    ],
)
def test_what_can_be_defined_and_is_false_is_vacuous(pre, bits):
    found = judged({"pre": pre, "post": ["x == x"], **({"int_bits": bits} if bits else {})})

    assert found.reason == "vacuous"


def test_a_proof_cannot_say_undefined_where_something_is_only_false():
    proof = judged({"pre": ["x > 1", "x < 1"], "post": ["x == x"]}).evidence["proof"]

    assert not anyio.run(check, {**proof, "reason": "undefined"}, None).valid


def test_a_real_number_by_nothing_is_never_defined():
    found = judged({"vars": {"r": "real"}, "pre": ["r / 0 > 1.5"], "post": ["r == r"]})

    assert (found.reason, "r / 0 divides by 0" in found.message) == ("undefined", True)
