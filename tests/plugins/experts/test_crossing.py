"""Solutions between fractions: found where there is one, never where there is none."""

from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.intent.reading import read_condition
from ciranda_experts.intent.tree import Sort
from ciranda_experts.presolve.problem import Problem
from ciranda_experts.solver.crossing import Crossing, crosses
from ciranda_experts.solver.irrational import between, confirmed
from tests.effort import share

from .random_problems import BOOL, INT, REAL, condition

ROOT = {"x": (Fraction(7, 5), Fraction(3, 2))}  # of 2


def problem_of(*texts, violate=None, bits=None, undefined=False, **sorts):
    assume = tuple(condition(read_condition(text, sorts), at) for at, text in enumerate(texts))
    claim = None if violate is None else condition(read_condition(violate, sorts), len(texts))
    return Problem(sorts, bits, assume, claim, undefined)


@pytest.mark.parametrize(
    "text",
    [
        "x * x == 2",
        "2 == x ** 2",
        "not (x * x != 2)",
        "x * x == 2 and x > 1",
        "not (x * x != 2 or x < 1)",
        "x * x == 2 and (x > 2 or x < 1.6)",
        "x * x == 2 and (x > 2 => x > 3)",
        "x * x == 2 and (x > 1) == (x < 2)",
        "x * x == 2 and ite(x > 1, x < 2, x > 5)",
        "x * x == ite(x > 1, 2, 3)",
        "x == 2 / x",
        "x * abs(x) == 2",
        "abs(-x) * x == 2",
        "min(x, 5) * max(x, -5) == 2",
        "-x * x == -2",
        "x + x * x - x == 2",
        "x * x == 2 and x // 1 == 1",
        "x * x == 2 and x % 1 < 0.6",
        "x ** 3 == x + x",
        "x * x == 2 and x ** 0 == 1",
        "x * x == 2 and abs(x - 1.4) <= 0.2 and abs(-1 - x) > 2",
        "x * x == 2 and (x - 1.45) ** 2 < 1 and x != 5 and 5 != x",
        "x * x == 2 or x == 7",
        "x == 7 or x * x == 2 or x < 0",
        "not (x * x != 2 and x > 0)",
        "(x * x == 2) == (x > 0)",
        "(x < 0) != (x * x == 2)",
        "ite(x > 0, x * x == 2, x == 5)",
        "x > 0 => x * x == 2",
        "x * x != 2 => x < 0",
        "not (x > 0 => x * x != 2)",
        "x * x == 2 and abs(x) == x and abs(x) <= x",
        "x * min(x, 2, x * 3) == max(2, x - 1)",
        "ite(x > 0, x, 5) * x == 2 and x <= ite(x < 0, 7, x)",
    ],
)
def test_a_root_is_shown(text):
    assert crosses(problem_of(text, x=REAL), Crossing(ROOT, {}))


@pytest.mark.parametrize(
    "text",
    [
        "x * x == 3",  # elsewhere
        "x * x > 2",  # no equation, and not so all over the box
        "x * x == 2 and x > 1.41",  # so for the root, not for the box
        "x * x == 2 and x * x * x == 3",  # two equations, one variable
        "x * x == 2 and x > 2",
        "x * x == 2 or x * x * x == 3",  # nothing is shown of a choice that is open
        "x * x != 2 or x == 7",
        "x * x == 2 or 1 / (x - 1.45) == 7",  # the other one may be undefined
        "not (x * x == 2 and x > 1)",
        "x > 2 => x * x == 3 or x == 7 and x * x == 2 and x > 3 or x * x != 2",
        "min(x, 1.3) * x == 2",
        "abs(x) == -x",
        "x // 1 * x == 2 and x * 10 // 1 == 14",  # jumps
        "1 / (x - 1.45) == 7",  # not defined all over the box
        "(x * x == 2) == (x * x * x == 3)",
        "(x * x == 2) == (x < 0)",
        "ite(x > 1.45, x * x == 2, false)",
        "ite(x > 1.45, x, 0) == 1.2",
        "false",
        "x * x != 2",
        "x % 0.1 == 0.05",
    ],
)
def test_where_it_is_not_shown_nothing_is_said(text):
    assert not crosses(problem_of(text, x=REAL), Crossing(ROOT, {}))


def test_other_variables_stand_still_or_follow():
    problem = problem_of(
        "y == x * x + n", "z == y - n", "z == 2", "p", x=REAL, y=REAL, z=REAL, n=INT, p=BOOL
    )

    assert crosses(problem, Crossing(ROOT, {"n": 3, "p": True}))
    assert not crosses(problem, Crossing(ROOT, {"n": 3, "p": False}))
    assert not crosses(problem, Crossing(ROOT, {"n": 3}))
    assert not crosses(problem, Crossing(ROOT, {"n": Fraction(3), "p": True}))
    assert not crosses(problem, Crossing(ROOT, {"n": True, "p": True}))


@pytest.mark.parametrize(
    "text",
    [
        "x + y == 5 and x * y == 5.1",
        "5 == y + x and 5.1 == y * x",
        "x - y == 0.7 and x * y == 1",
        "-y == x - 5 and y * x == 5.1",
        "2 - (y - x) == 3 and x * x == 2",
        "x * y == 2 and x == y",
        "y * x * 3 == 6 and x == y",
        "(x - 5 + y) ** 3 == 0 and x * y == 5.1",
    ],
)
def test_a_variable_follows_by_an_equation_that_it_stands_in_once(text):
    problem = problem_of(text, x=REAL, y=REAL)

    assert crosses(problem, Crossing(ROOT, {}))


@pytest.mark.parametrize(
    "text",
    [
        "(x - 1.45) * y == 0 and x * x == 2",  # any y where the factor is 0, none elsewhere
        "x + y == 3 and x * y == 7",
        "x + y - y == 1.45",
        "x * x == 2 and y ** 2 == x",  # two of them
        "x * x == 2 and x + y == y + x",
        "x * x == 2 and 1 / y == x",
        "x + y == 3 and x + y == 3",
    ],
)
def test_what_follows_by_no_equation_shows_nothing(text):
    assert not crosses(problem_of(text, x=REAL, y=REAL), Crossing(ROOT, {}))


@pytest.mark.parametrize(
    "text", ["(x * x - 2) ** 2 == 0", "not ((x * x - 2) ** 4 != 0)", "((2 - x * x) ** 2) ** 2 == 0"]
)
def test_a_power_is_zero_where_its_base_is(text):
    assert crosses(problem_of(text, x=REAL), Crossing(ROOT, {}))
    assert not crosses(problem_of("(x * x - 2) ** 0 == 0", x=REAL), Crossing(ROOT, {}))
    assert not crosses(problem_of("(x * x - 2) ** 2 == 1", x=REAL), Crossing(ROOT, {}))


def test_several_variables_move_by_as_many_equations():
    problem = problem_of("x * x == 2", "y * y == 3", "x < y", x=REAL, y=REAL)
    spans = {**ROOT, "y": (Fraction(17, 10), Fraction(9, 5))}

    assert crosses(problem, Crossing(spans, {}))
    assert not crosses(problem, Crossing({**ROOT, "y": (Fraction(9, 5), Fraction(19, 10))}, {}))
    assert not crosses(problem_of("x * x == 2", x=REAL, y=REAL), Crossing(spans, {}))


def test_a_claim_may_be_what_is_broken():
    assert crosses(problem_of("x > 1", violate="x * x != 2", x=REAL), Crossing(ROOT, {}))
    assert crosses(problem_of("x * x == 2", violate="x < 1", x=REAL), Crossing(ROOT, {}))
    assert not crosses(problem_of("x * x == 2", violate="x > 1", x=REAL), Crossing(ROOT, {}))


@pytest.mark.parametrize(
    ("problem", "crossing"),
    [
        (problem_of("x * x == 2", x=REAL, undefined=True), Crossing(ROOT, {})),
        (problem_of("x * x == 2", x=REAL, bits=8), Crossing(ROOT, {})),
        (problem_of("x * x == 2", x=INT), Crossing(ROOT, {})),
        (problem_of("x * x == 2", x=REAL), Crossing({}, {})),
        (problem_of("x * x == 2", x=REAL), Crossing({"x": (Fraction(3, 2), Fraction(7, 5))}, {})),
        (problem_of("x * x == 2", x=REAL), Crossing(ROOT, {"x": Fraction(1)})),
        (problem_of("x * x == 2", x=REAL), Crossing(ROOT, {"unknown": Fraction(1)})),
        (problem_of("x * x == 2", x=REAL), Crossing({"unknown": (Fraction(1), Fraction(2))}, {})),
    ],
)
def test_what_is_no_crossing_shows_nothing(problem, crossing):
    assert not crosses(problem, crossing)


@settings(max_examples=share(150), deadline=None)
@given(
    st.lists(st.integers(-4, 4), min_size=2, max_size=4),
    st.fractions(-3, 3, max_denominator=8),
    st.fractions(Fraction(1, 8), 2, max_denominator=8),
)
def test_a_polynomial_crosses_only_where_it_changes_its_sign(coefficients, low, width):
    text = " + ".join(f"({factor}) * x ** {at}" for at, factor in enumerate(coefficients))
    sorts = {"x": Sort.REAL}
    problem = Problem(sorts, None, (condition(read_condition(f"{text} == 0.0", sorts)),))

    def value(x):
        return sum(factor * x**at for at, factor in enumerate(coefficients))

    shown = crosses(problem, Crossing({"x": (low, low + width)}, {}))

    assert shown == (value(low) * value(low + width) < 0)


def test_what_a_proof_leaves_out_follows():
    problem = problem_of("x * x == 2", "y == x ** 4", x=REAL, y=REAL)

    found = between(problem, {"y": Fraction(4)}, ROOT)
    assert found is not None
    assert found["values"] == {}
    assert confirmed(problem, found)
    assert between(problem, {"y": Fraction(5)}, ROOT) == found  # 5 is none of the solution
    more = problem_of("x * x == 2", "y == x ** 4", "z == 3", "n > 1", x=REAL, y=REAL, z=REAL, n=INT)
    found = between(more, {"y": Fraction(4), "z": Fraction(3), "n": 2}, ROOT)
    assert found is not None
    assert found["values"] == {"n": "2"}
    assert (
        between(problem_of("x * x == 2", "y > 1", x=REAL, y=REAL), {"y": Fraction(0)}, ROOT) is None
    )


def test_bounds_that_no_float_holds_are_told_of():
    problem = problem_of("x * x == 2e2001", x=REAL)
    low = Fraction(isqrt(2 * 10**2001))

    found = between(problem, {}, {"x": (low, low + 1)})
    assert found is not None
    assert found["near"]["x"].startswith("4472")
