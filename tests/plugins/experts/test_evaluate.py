"""Values of terms: exact, from the left, undefined where they should be."""

import re
from fractions import Fraction
from random import Random

import pytest

from ciranda.events.judging import Verdict
from ciranda_experts.intent import (
    UNDEFINED,
    Sort,
    Truth,
    Value,
    evaluate,
    holds,
    read_condition,
    read_intent,
    write,
)
from ciranda_experts.intent.tree import Op, Operation

from .bruteforce import decide
from .formulas import DOMAIN, NAMES, random_intent, random_term

VALUES: dict[str, Value] = {"x": 7, "y": 0, "z": -7, "r": Fraction(1, 3), "p": True, "q": False}
SORTS = {
    "x": Sort.INT,
    "y": Sort.INT,
    "z": Sort.INT,
    "r": Sort.REAL,
    "p": Sort.BOOL,
    "q": Sort.BOOL,
}


def value(text, int_bits=None, **values):
    return evaluate(read_condition(text, SORTS), {**VALUES, **values}, int_bits)


@pytest.mark.parametrize(
    "text",
    [
        "-7 // 2 == -4 and -7 % 2 == 1 and 7 // -2 == -4 and 7 % -2 == -1", "z // 2 == -4",
        "x / 2 == 3.5", "0.1 + 0.2 == 0.3", "r * 3 == 1", "2 ** 0 == 1", "y ** 0 == 1",
        "-2 ** 2 == -4", "(-2) ** 3 == -8", "min(x, r, y) == 0", "max(x, 7.5) == 7.5",
        "abs(z) == x", "ite(p, x, 1 / y) == 7", "-r // 1 == -1", "-r % 1 == 2 / 3",
        "z < y < x", "p == not q", "q => 1 / y == 1", "p or 1 / y == 1", "not (q and x % y == 0)",
        "x == 7.0", "x - y - z == 14", "1e3 == 1000", "p != q",
    ],
)  # fmt: skip
def test_arithmetic_is_exact_and_looks_no_further_than_it_must(text):
    assert value(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "x / y == 1", "x // y == 1", "x % y == 1", "r / y == 1", "x / y == x / y",
        "0 * (x / y) == 0",
        "(x / y) ** 0 == 1", "x / y == 1 or p", "x % y == 0 and q", "x / y == 1 => p",
        "ite(x / y == 1, p, p)", "not x / y == 1", "min(x, x // y) == 0", "abs(x % y) == 0",
        "-(x // y) == 0", "p => x / y == 1", "x < x / y", "p and x / y == 1 and q",
    ],
)  # fmt: skip
def test_division_by_zero_is_undefined_and_so_is_all_that_needs_it(text):
    assert value(text) is UNDEFINED


@pytest.mark.parametrize(
    ("text", "defined"),
    [
        ("x + 120 == 127", True), ("x + 121 == 128", False), ("x + 121 - 121 == x", False),
        ("x - 121 + 121 == x", True), ("-128 == x", True), ("128 == x", False), ("-x == z", True),
        ("x * 18 == 126", True), ("x * 19 > 0", False), ("x * 19 * 0 == 0", False),
        ("0 * x * 19 == 0", True), ("x ** 2 == 49", True), ("x ** 3 > 0", False),
        ("x + 0.5 + 127 > 127", True), ("x + 127 + 0.5 > 127", False), ("200.5 > x", True),
        ("ite(p, x, 128) == 7", True), ("q and 128 == x", True), ("p or 128 == x", True),
        ("x / 1 * 1000 > 1", False), ("x / 1 * 100 > 1", True),
    ],
)  # fmt: skip
def test_machine_integers_are_undefined_out_of_range_in_every_prefix(text, defined):
    assert (value(text, 8) is not UNDEFINED) is defined


def test_the_least_machine_integer_has_no_negative():
    for text in ("-x == x", "abs(x) > 0", "x // -1 > 0", "x * -1 > 0"):
        assert value(text, 32, x=-(2**31)) is UNDEFINED
    assert value("x % -1 == 0", 32, x=-(2**31)) is True
    assert value("x == -2147483648", 32, x=-(2**31)) is True


def test_a_variable_out_of_range_is_undefined_and_one_without_a_value_is_an_error():
    assert value("x == x", 3) is UNDEFINED
    with pytest.raises(KeyError):
        evaluate(read_condition("w == 1"), {})


def test_a_real_variable_may_be_given_an_int():
    term = read_condition("r / 2 == 0.5", SORTS)

    assert evaluate(term, {"r": 1}) is True
    assert isinstance(term, Operation)
    assert evaluate(term.arguments[0], {"r": 1}) == Fraction(1, 2)


def _in_python(term):
    """Return the value of a term that Python's own grammar reads alike, all numbers fractions."""
    text = re.sub(r"(?<![a-z])[0-9]+(?:\.[0-9]+)?", lambda found: f'F("{found[0]}")', write(term))
    names = {"F": Fraction, "min": min, "max": max, "abs": abs, "true": True, "false": False}
    code = compile(text.replace("lambda", "lambda_"), "term", "eval")
    return lambda values: eval(code, {**names, **values})  # the oracle's own text


def _without_own_words(term):
    return not isinstance(term, Operation) or (
        term.op not in {Op.IMPLIES, Op.ITE} and all(map(_without_own_words, term.arguments))
    )


def test_python_reads_and_calculates_the_same_where_its_grammar_is_the_same():
    rng = Random(20)
    compared = 0
    for _ in range(700):
        term = random_term(rng, Sort.BOOL, NAMES, 4)
        if not _without_own_words(term):
            continue
        oracle = _in_python(term)
        for _ in range(4):
            values = {name: rng.choice(DOMAIN[sort]) for name, sort in NAMES.items()}
            numbers = {
                name.replace("lambda", "lambda_"): each
                if isinstance(each, bool)
                else Fraction(each)
                for name, each in values.items()
            }
            try:
                expected = oracle(numbers)
            except ZeroDivisionError:
                expected = UNDEFINED
            assert evaluate(term, values) == expected, write(term)
            compared += 1
    assert compared > 800


def test_conditions_hold_from_the_left_up_to_the_first_that_does_not():
    def truth(*texts):
        intent = read_intent({"vars": {"x": "int", "y": "int"}, "constraints": list(texts)})
        return holds(intent.constraints, {"x": 1, "y": 0})

    assert truth("x == 1", "y == 0") is Truth.TRUE
    assert truth("x == 2", "x / y == 1") is Truth.FALSE
    assert truth("x / y == 1", "x == 2") is Truth.UNDEFINED
    assert truth("x == 1", "x % y == 0", "x == 2") is Truth.UNDEFINED
    assert holds((), {}) is Truth.TRUE


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        ({"pre": ["0 < x <= 2"], "post": ["x >= 1"]}, "approved"),
        ({"pre": ["x > 0"], "post": ["x > 1"]}, "rejected"),
        ({"pre": ["x > 5"], "post": ["x > 1"]}, "rejected"),
        ({"pre": ["x != 0"], "post": ["x // x == 1"]}, "approved"),
        ({"pre": ["x // y >= 0"], "post": ["y != 0"]}, "rejected"),
        ({"pre": ["y != 0", "x // y >= 1"], "post": ["x != 0"]}, "approved"),
        ({"post": ["x // y * y + x % y == x or y == 0"]}, "rejected"),
        ({"constraints": ["x // y == 2"]}, "approved"),
        ({"constraints": ["x > y", "y > x"]}, "rejected"),
        ({"post": ["x == x"], "constraints": ["x != x"]}, "rejected"),
        ({"post": ["-x + x == 0"], "int_bits": 2}, "rejected"),
        ({"pre": ["x > -2"], "post": ["-x + x == 0"], "int_bits": 2}, "approved"),
        ({"constraints": ["x == 1 and x + 1 > x"], "int_bits": 2}, "rejected"),
    ],
)
def test_brute_force_follows_the_semantics(data, verdict):
    assert decide(read_intent(data), DOMAIN) == Verdict(verdict)


def test_random_intents_use_every_operator_and_have_both_verdicts():
    seen, verdicts = set(), []
    for seed in range(150):
        intent = read_intent(random_intent(Random(seed)))
        verdicts.append(decide(intent, DOMAIN))
        rest = [condition.term for condition in intent.conditions]
        while rest:
            term = rest.pop()
            if isinstance(term, Operation):
                seen.add(term.op)
                rest.extend(term.arguments)

    assert seen == set(Op)
    assert 20 < verdicts.count(Verdict.APPROVED) < 130


def test_random_intents_are_those_of_their_seed():
    assert random_intent(Random(3)) == random_intent(Random(3))
