"""Writing: the canonical text of a term reads as the same term."""

from fractions import Fraction

import pytest
from hypothesis import given, settings

from ciranda_experts.intent import Literal, Op, Operation, Sort, Variable, read_condition, write
from tests.effort import share

from .formulas import NAMES, terms


@given(terms)
@settings(max_examples=share(300), deadline=None)
def test_what_is_written_reads_as_the_same_term(term):
    assert read_condition(write(term), NAMES) == term


@given(terms)
@settings(max_examples=50, deadline=None)
def test_what_is_written_is_canonical(term):
    text = write(term)

    assert write(read_condition(f"( {text} )", NAMES)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("x==1&&!(y<2)||true", "x == 1 and not y < 2 or true"),
        ("(x+y)+(z-1)<-(2)", "(x + y) + (z - 1) < -(2)"),
        ("x-(y-z) != -2", "x - (y - z) != -2"),
        ("(-2)**2 == -2**2", "(-2) ** 2 == -(2 ** 2)"),
        ("(a=>b)", None),
        ("0<x<y<9", "0 < x and x < y and y < 9"),
        ("ite(x>0,x,-x)==abs(x)", "ite(x > 0, x, -x) == abs(x)"),
        ("x == 1.50", "x == 1.5"),
        ("x == 2.0", "x == 2.0"),
        ("x == 1e-3", "x == 0.001"),
        ("x == 3e40", "x == 3e40"),
        ("x == -3e40", "x == -3e40"),
        ("(x == 1) == (y == 2)", "(x == 1) == (y == 2)"),
    ],
)
def test_texts_have_one_spelling(text, canonical):
    sorts = {"a": Sort.BOOL, "b": Sort.BOOL} if canonical is None else None

    assert write(read_condition(text, sorts)) == (canonical or "a => b")


def test_numerals_beyond_pythons_own_limit_are_written():
    digits = "9" * 9999

    assert write(read_condition(f"x == {digits}")) == f"x == {digits}"
    assert write(read_condition("x == 1e9998")) == "x == 1e9998"
    small = write(read_condition("x == 1e-9998"))
    assert small == "x == 0." + "0" * 9997 + "1"


def test_a_constant_without_a_numeral_is_refused():
    third = Operation(
        Op.EQUAL, (Variable("r", Sort.REAL), Literal(Fraction(1, 3), Sort.REAL)), Sort.BOOL
    )

    with pytest.raises(ValueError, match="no numeral has the denominator 3"):
        write(third)
