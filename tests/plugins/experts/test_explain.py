"""What explanations say: parts of conditions under an assignment, proofs and cores in words."""

from fractions import Fraction

import pytest

from ciranda_experts.facts import assignment, number, sentence
from ciranda_experts.intent.reading import read_intent

REAL = {"r": "real", "x": "int", "y": "int", "p": "bool", "q": "bool"}


def said(text, bits=None, **values):
    intent = read_intent({"vars": REAL, "constraints": [text]})
    return sentence(intent.constraints[0], values, bits)


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("x - y >= 0", {"x": 3, "y": 5}, "x - y is -2, so `x - y >= 0` is false"),
        ("x >= 0", {"x": 3}, "`x >= 0` is true"),
        ("x + y == 2 * x", {"x": 1, "y": 2},
         "x + y is 3 and 2 * x is 2, so `x + y == 2 * x` is false"),
        ("0 <= x + 1 < 10", {"x": 9}, "x + 1 is 10, so `0 <= x + 1 < 10` is false"),
        ("x / 3 == r", {"x": 1, "r": Fraction(1, 3)}, "x / 3 is 1/3, so `x / 3 == r` is true"),
        ("x > 0 or y + 1 > 5", {"x": 1, "y": 0}, "`x > 0 or y + 1 > 5` is true"),
        ("x > 0 or y + 1 > 5", {"x": 0, "y": 0},
         "y + 1 is 1, so `x > 0 or y + 1 > 5` is false"),
        ("x > 0 and x * y > 5", {"x": 1, "y": 1},
         "x * y is 1, so `x > 0 and x * y > 5` is false"),
        ("p => x + y > 0", {"p": True, "x": 0, "y": 0},
         "x + y is 0, so `p => x + y > 0` is false"),
        ("x + y > 0 => p", {"p": False, "x": 0, "y": 0},
         "x + y is 0, so `x + y > 0 => p` is true"),
        ("not (x + y > 0)", {"x": 1, "y": 0}, "x + y is 1, so `not (x + y > 0)` is false"),
        ("ite(p, x + y > 0, q)", {"p": True, "q": False, "x": 0, "y": 0},
         "x + y is 0, so `ite(p, x + y > 0, q)` is false"),
        ("p == q", {"p": True, "q": False}, "`p == q` is false"),
    ],
)  # fmt: skip
def test_a_condition_is_told_with_what_its_deciding_parts_come_to(text, values, words):
    assert said(text, **values) == words


@pytest.mark.parametrize(
    ("text", "bits", "values", "words"),
    [
        ("x == 10 / y", None, {"x": 1, "y": 0}, "10 / y divides by y, which is 0, so "),
        ("1 // 0 == x", None, {"x": 1}, "1 // 0 divides by 0, so "),
        ("x % (y - 1) == 0", None, {"x": 1, "y": 1},
         "x % (y - 1) divides by y - 1, which is 0, so "),
        ("x + y > 0", 8, {"x": 100, "y": 100}, "x + y does not fit into 8 bits, so "),
        ("x > 0 and x + y > 0", 8, {"x": 127, "y": 1}, "x + y does not fit into 8 bits, so "),
        ("ite(p, x, y / x) > 0", None, {"p": False, "x": 0, "y": 0},
         "y / x divides by x, which is 0, so "),
        ("x > y", None, {"x": 1}, "y has no value, so "),
    ],
)  # fmt: skip
def test_what_is_undefined_is_told_with_the_part_that_makes_it_so(text, bits, values, words):
    assert said(text, bits, **values) == f"{words}`{text}` is undefined"


def test_numbers_are_shown_as_they_are_written_and_long_ones_cut():
    assert [number(each) for each in (True, -3, Fraction(1, 3), Fraction(4))] == [
        "true", "-3", "1/3", "4",
    ]  # fmt: skip
    assert number(-(10**5000)) == "-about 2**16610"
    assert assignment({"a": 1, "b": False}) == "a = 1, b = false"


def test_a_long_condition_is_cut():
    text = " + ".join(["x"] * 200) + " > 0"

    words = said(text, x=1)

    assert len(words) < 600
    assert "…" in words
    assert "is 200, so" in words
