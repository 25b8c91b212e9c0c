"""Conditions: what they mean as terms, and in which words, and where, others are refused."""

from fractions import Fraction

import pytest
from hypothesis import example, given, settings, strategies as st

from ciranda_experts.intent import (
    FaultKind,
    IntentError,
    Literal,
    Op,
    Operation,
    Sort,
    read_condition,
    write,
)
from ciranda_experts.intent.limits import DIGITS
from ciranda_experts.intent.scope import RESERVED
from ciranda_experts.intent.tokens import offset_of
from tests.effort import share

SORTS = {
    "x": Sort.INT,
    "y": Sort.INT,
    "z": Sort.INT,
    "r": Sort.REAL,
    "p": Sort.BOOL,
    "q": Sort.BOOL,
}


def refused(text: str, sorts=SORTS) -> IntentError:
    with pytest.raises(IntentError) as caught:
        read_condition(text, sorts)
    return caught.value


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("p => q => p", "p => (q => p)"),
        ("p or q => p", "(p or q) => p"),
        ("p or q and p", "p or (q and p)"),
        ("p and not q or p", "(p and (not q)) or p"),
        ("not x == y", "not (x == y)"),
        ("not x < y and p", "(not (x < y)) and p"),
        ("!p && q || p", "((not p) and q) or p"),
        ("p == !q", "p == (not q)"),
        ("p == not q and p", "(p == (not q)) and p"),
        ("x + y * z == 1", "x + (y * z) == 1"),
        ("x - y + z == 1 + 2", "x - y + z == 1 + 2"),
        ("x * y // z % 2 == 1", "((x * y) // z) % 2 == 1"),
        ("x / y * z == 1", "(x / y) * z == 1"),
        ("-x ** 2 == 1", "-(x ** 2) == 1"),
        ("-x * y == 1", "(-x) * y == 1"),
        ("x - -y == 1", "x - (-y) == 1"),
        ("- - x == 1", "-(-x) == 1"),
        ("x<y<=z", "x < y and y <= z"),
        ("x == y != z", "x == y and y != z"),
        ("1 < x < 3 => p", "(1 < x and x < 3) => p"),
        ("((((x))))==(1)", "x == 1"),
        ("x\t==\r\n1", "x == 1"),
    ],
)
def test_operators_bind_as_documented(text, same):
    assert read_condition(text, SORTS) == read_condition(same, SORTS)


def test_sums_products_and_conjunctions_are_one_operation_however_long():
    term = read_condition("x + y - z - 1 < x * y * z and p and q", SORTS)

    assert isinstance(term, Operation)
    assert (term.op, len(term.arguments)) == (Op.AND, 3)
    less = term.arguments[0]
    assert isinstance(less, Operation)
    total, product = less.arguments
    assert isinstance(total, Operation)
    assert isinstance(product, Operation)
    assert (total.op, total.signs, len(total.arguments)) == (Op.SUM, "++--", 4)
    assert (product.op, len(product.arguments)) == (Op.MULTIPLY, 3)


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("x + 1", Sort.INT), ("x + r", Sort.REAL), ("x / y", Sort.REAL), ("x // y", Sort.INT),
        ("r // y", Sort.REAL), ("x % r", Sort.REAL), ("x % y", Sort.INT), ("x ** 2", Sort.INT),
        ("r ** 2", Sort.REAL), ("min(x, r)", Sort.REAL), ("max(x, y)", Sort.INT),
        ("abs(-r)", Sort.REAL), ("ite(p, x, y)", Sort.INT), ("ite(p, x, r)", Sort.REAL),
        ("1.0", Sort.REAL), ("1e3", Sort.REAL), ("-5", Sort.INT),
    ],
)  # fmt: skip
def test_a_number_has_the_sort_of_its_parts(text, sort):
    term = read_condition(f"{text} == 0", SORTS)

    assert isinstance(term, Operation)
    assert term.arguments[0].sort is sort


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("0", 0), ("-2147483648", -(2**31)), ("1.50", Fraction(3, 2)),
        ("0.1", Fraction(1, 10)), ("2.5e-7", Fraction(25, 10**8)), ("1E+3", Fraction(1000)),
        ("-0.5", Fraction(-1, 2)), ("1e-1000", Fraction(1, 10**1000)),
    ],
)  # fmt: skip
def test_numerals_are_exact(text, value):
    term = read_condition(f"r == {text}", SORTS)

    assert isinstance(term, Operation)
    literal = term.arguments[1]
    assert isinstance(literal, Literal)
    assert literal.value == value
    assert type(literal.value) is type(value)


def test_a_numeral_of_ten_thousand_digits_is_exact_and_one_more_is_refused():
    digits = "7" * DIGITS

    term = read_condition(f"x == {digits}", SORTS)
    error = refused(f"x == {digits}7")

    assert isinstance(term, Operation)
    assert isinstance(term.arguments[1], Literal)
    assert term.arguments[1].value == 7 * (10**DIGITS - 1) // 9
    assert error.kind is FaultKind.LIMIT
    assert "has more than 10,000 digits" in error.message


@pytest.mark.parametrize("text", ["1e99999999999", "1e-10001", "0.1e10000", "1" * 100_000])
def test_numerals_that_would_be_huge_are_refused_before_they_are_made(text):
    assert refused(f"r == {text}").kind is FaultKind.LIMIT


@pytest.mark.parametrize(
    "text", ["007", "1.", ".5", "1_000", "0x10", "0b1", "12abc", "1.2.3", "1e", "00"]
)
def test_what_only_resembles_a_numeral_is_refused(text):
    assert refused(f"x == {text}").kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    "text", ["x == ٣", "x == ²", "x ** ٣ == 1", "é == 1", "\u0445 == 1", "x\u00a0== 1"]
)
def test_digits_and_letters_of_other_scripts_are_refused(text):
    assert refused(text, {}).kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("x == 1 ;;", 8, "`;` cannot stand after `1`: write each condition on its own"),
        ("x + 1", 1, r"`x \+ 1` is a number, not a condition: compare it"),
        ("  (x == 1", 3, r"`\(` is never closed: write `\)`"),
        ("min(x, 1 == 1", 1, "`min` is never closed"),
        ("x == 1)", 7, r"this `\)` closes nothing: remove it"),
        ("x ==", 5, "ends too early: a name or number is missing"),
        ("x = 1", 3, "write `==` to compare"),
        ("x == 'a'", 6, "there are no strings in conditions"),
        ('x == "a"', 6, "there are no strings in conditions"),
        ("x == 1 # why", 8, "write comments outside of conditions"),
        ("x.y == 1", 2, "nothing has attributes"),
        ("x == 1, y == 2", 7, "`,` stands between arguments of functions alone"),
        ("f(x) == 1", 1, "`f` is not a function: there are min, max, abs, ite"),
        ("x == 1 y == 2", 8, "it is one condition too many"),
        ("x == 1\ny == 2", 1, "it is one condition too many"),
        ("x is 1", 3, "an operator is missing before it"),
        ("x ** y == 1", 6, "exponent after `\\*\\*` must be a whole number"),
        ("x ** -1 == 1", 6, "exponent after"),
        ("x ** 2.5 == 1", 6, "exponent after"),
        ("x ** 2 ** 3 == 1", 8, "which power of a power is meant: write parentheses"),
        ("x ** 02 == 1", 6, "remove the zeros before it"),
        ("p ** 2 == 1", 3, r"`\*\*` takes a number"),
        ("p + 1 == 2", 3, r"`\+` takes numbers, and one of these is a condition"),
        ("-p == 1", 1, "`-` takes numbers"),
        ("x and p", 3, "`and` takes conditions, and a number stands beside it"),
        ("p or q or x", 8, "`or` takes conditions"),
        ("x => p", 3, "`=>` takes conditions"),
        ("not x", 1, "`not` takes a condition, and a number stands after it"),
        ("p == 1", 3, "`==` compares a number with a condition"),
        ("p < q", 3, "`<` takes numbers, and these are conditions"),
        ("1 < 2 == true", 7, "`==` compares a number with a condition"),
        ("p == not q == p", 12, "it is not clear what `not` belongs to: write parentheses"),
        ("min(x) == 1", 1, "`min` takes 2 arguments or more and was given 1"),
        ("min() == 1", 5, "a name, a number or"),
        ("min(x,) == 1", 7, "a name, a number or"),
        ("abs(x, y) == 1", 1, "`abs` takes 1 argument and was given 2"),
        ("ite(p, x) == 1", 1, "`ite` takes 3 arguments and was given 2"),
        ("ite(x, x, x) == 1", 1, "first argument of `ite` must be a condition"),
        ("ite(p, x, q) == 1", 1, "`ite` chooses between two numbers or two conditions"),
        ("max(x, p) == 1", 1, "`max` takes numbers"),
        ("p and and q", 7, "`and` cannot stand here"),
        ("w == 1", 1, "`w` is not among the declared `vars`: declare it there"),
        ("", 1, "a condition is empty"),
        (" \t\n", 1, "a condition is empty"),
        ("()", 2, r"`\)` cannot stand here"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence_with_its_column(text, column, message):
    with pytest.raises(IntentError, match=message) as caught:
        read_condition(text, SORTS)

    assert caught.value.column == column
    assert caught.value.line == 1 + text[: text.find("y == 2")].count("\n") * ("\n" in text)


def test_a_misspelt_name_is_told_its_neighbour():
    error = refused("amuont > 0", {"amount": Sort.INT})

    assert error.kind is FaultKind.UNKNOWN_NAME
    assert error.message.endswith("did you mean `amount`?")


@pytest.mark.parametrize(
    "name",
    ["if", "as", "class", "lambda", "return", "None", "True", "And", "let", "Int", "assert", "_",
     "min", "max", "abs", "ite", "x1", "eval", "__import__"],
)  # fmt: skip
def test_keywords_of_other_languages_are_ordinary_names(name):
    term = read_condition(f"{name} == {name} + 1 and {name} > 0")

    assert write(term) == f"{name} == {name} + 1 and {name} > 0"


def test_no_name_is_renamed_so_that_no_two_variables_merge():
    term = read_condition("if == 1 and var_if == 2 and If == 3")

    assert write(term) == "if == 1 and var_if == 2 and If == 3"


@pytest.mark.parametrize("word", sorted(RESERVED - {"true", "false"}))
def test_words_of_the_grammar_are_no_names(word):
    assert refused(f"{word} == 1", {}).kind is FaultKind.MALFORMED


@given(st.text(alphabet="xy pq01.e()+-*/%<>=!&|,ninort#'\"\n\té\0", max_size=40))
@settings(max_examples=share(300), deadline=None)
@example("x==1e-")
def test_any_text_is_a_condition_or_a_fault_with_a_place(text):
    try:
        term = read_condition(text)
    except IntentError as error:
        assert error.line >= 1  # noqa: PT017  (any outcome is right that is one of the two)
        assert error.column >= 1  # noqa: PT017
        assert error.message.isprintable()  # noqa: PT017
    else:
        assert term.sort is Sort.BOOL
        assert read_condition(write(term)) == term


def test_the_place_of_a_token_is_found_by_its_number():
    text = "  alpha >= 12.5e3 //b"

    assert [text[offset_of(text, number) :][:2] for number in range(5)] == [
        "al",
        ">=",
        "12",
        "//",
        "b",
    ]
    assert offset_of(text + "  ", 5) == len(text)
