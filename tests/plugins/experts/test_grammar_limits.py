"""Conditions that are too deep, too long or too large, and hostile text: refused in linear time."""

import sys

import pytest

from ciranda_experts.intent import (
    FaultKind,
    IntentError,
    Operation,
    Sort,
    evaluate,
    read_condition,
    read_intent,
    write,
)
from ciranda_experts.intent.limits import CONDITION, DEPTH
from ciranda_experts.intent.tokens import split

SORTS = dict.fromkeys("xyz", Sort.INT) | {"r": Sort.REAL, "p": Sort.BOOL, "q": Sort.BOOL}


def canonical(text: str) -> str:
    return write(read_condition(text, SORTS))


def refused(text: str, sorts=SORTS) -> IntentError:
    with pytest.raises(IntentError) as caught:
        read_condition(text, sorts)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "(" * 5000 + "p" + ")" * 5000,
        "not " * 100_000 + "p",
        "!" * 5000 + "p",
        "x == " + "-" * 10_000 + "y",
        "x == " + "- " * 9000 + "1",
        "x == " + "abs(" * 3000 + "x" + ")" * 3000,
        "p => " * 3000 + "p",
        "x == 1" + " / 2" * 4000,
        "(" * (DEPTH + 1) + "p" + ")" * (DEPTH + 1),
        "x == " + "-" * (DEPTH + 1) + "y",
        "p" + " and (p" * 101 + ")" * 101,
    ],
)
def test_deep_nesting_is_a_limit_and_never_an_end_of_the_stack(text):
    error = refused(text)

    assert error.kind is FaultKind.LIMIT
    assert error.message.endswith("split it")


def test_nesting_up_to_the_limit_is_read():
    for text in ("(" * DEPTH + "p" + ")" * DEPTH, "not " * (DEPTH - 1) + "p", "p" + "=> p" * 98):
        assert read_condition(text, SORTS).sort is Sort.BOOL


def test_the_deepest_terms_are_written_and_evaluated():
    text = "min(x, " * (DEPTH - 2) + "1" + ")" * (DEPTH - 2) + " == 1"
    term = read_condition(text)

    assert write(term) == text
    assert evaluate(term, {"x": 2}, 64) is True


def test_a_long_sum_or_conjunction_is_not_deep():
    term = read_condition("x == " + " + ".join(["y"] * 3000) + " and p" * 1000, SORTS)

    assert isinstance(term, Operation)
    assert len(term.arguments) == 1001


def test_chains_within_chains_cannot_blow_up_a_term():
    text = "p"
    for _ in range(40):
        text = f"(p == {text} == q)"

    assert refused(text).kind is FaultKind.LIMIT


@pytest.mark.parametrize(
    "text",
    [
        "x ** 65 == 1", "(x ** 8) ** 9 == 1", "2 ** 100000 == x", "2 ** 99999999999 == x",
        "((2 ** 1000) ** 1000) == x", "(x + 2 ** 30000) ** 60 == 1",
        " + ".join(["(r * 2 ** 9000) ** 60"] * 3) + " == 1", "r / 2 ** 99999 == 1",
        " * ".join(["(x * 2 ** 20000) ** 60"] * 5) + " == 1",
    ],
)  # fmt: skip
def test_powers_whose_values_nobody_could_hold_are_refused(text):
    assert refused(text).kind is FaultKind.LIMIT


def test_large_powers_of_constants_are_read():
    assert canonical("x < 2 ** 1000") == "x < 2 ** 1000"
    assert canonical("x ** 64 > 0") == "x ** 64 > 0"
    assert canonical(" + ".join(["x ** 64"] * 500) + " > 0")


def test_a_condition_that_is_too_long_is_refused_but_not_for_its_numerals():
    error = refused("p" + " or p" * (CONDITION // 5))

    assert error.kind is FaultKind.LIMIT
    assert "more than 20,000 characters" in error.message
    assert read_condition("x == " + " + ".join(["9" * 5000] * 9), SORTS).sort is Sort.BOOL


def test_a_condition_of_too_many_parts_is_refused():
    wide = "(" + " or ".join(["p"] * 3000) + ")"

    assert refused(f"p == {wide} == {wide} == {wide}", SORTS).kind is FaultKind.LIMIT
    assert refused("x == " + "+".join(["y"] * 9999), SORTS).kind is FaultKind.LIMIT


@pytest.mark.parametrize(
    "text",
    [
        f"({' * '.join(['9' * 9990] * 7)}) % ({' * '.join(['8' * 9990] * 7)}) == 1",
        f"{' * '.join(['0.' + '9' * 9000] * 7)} == r",
        " or ".join(["(x * 2 ** 600) ** 60 % ((y * 2 ** 590) ** 60) == 1"] * 150),
        " * ".join(["x"] * 4200) + " == 1",
    ],
    ids=lambda text: text[:12],
)
def test_numbers_that_would_take_seconds_to_calculate_with_are_refused(text):
    error = refused(text)

    assert error.kind is FaultKind.LIMIT
    assert "values too large to calculate with" in error.message


def test_large_numbers_count_for_the_intent_as_a_whole():
    heavy = " + ".join(["9" * 9000] * 2) + " > x"

    assert read_intent({"post": [heavy] * 40}).conditions
    with pytest.raises(IntentError, match="too large numbers: split the intent"):
        read_intent({"post": [heavy] * 58})


def test_a_name_that_is_too_long_is_refused():
    assert refused("a" * 10_001 + " == 1", {}).kind is FaultKind.LIMIT
    assert read_condition("a" * 10_000 + " == 1", {}) is not None


@pytest.mark.parametrize(
    "text", ["x == \ud800", "x == \0", "x \u202e== 1", "x == 1\u2028", "\ufeffx == 1"]
)
def test_characters_that_could_deceive_are_refused_and_never_repeated_in_the_message(text):
    error = refused(text)

    assert error.kind is FaultKind.MALFORMED
    assert error.message.isprintable()
    assert "<U+" in error.message


HOSTILE = [
    "x" * 1_000_000, "1" * 1_000_000, "1e" * 500_000, "(" * 1_000_000, " " * 999_999 + ";",
    "=" * 1_000_000, "x == 1 and " * 90_000, "1." * 500_000, "a1_" * 333_333, "\ud800" * 1_000_000,
    "-" * 1_000_000, "1e+" * 333_333, "**" * 500_000, "'" * 1_000_000,
]  # fmt: skip


@pytest.mark.uncounted
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:6]))
def test_a_megabyte_of_hostile_text_is_one_pass_and_refused(text):
    tokens = split(text)

    # Each character is in one token and none is looked for twice: the tokens are the text.
    assert "".join(tokens) == "".join(text.split())
    assert refused(text, {}).kind in {FaultKind.LIMIT, FaultKind.MALFORMED}


@pytest.mark.parametrize(
    "piece", ["x + ", "(", "1 < ", "not ", "-", "min(x, ", "x ** 2 + ", "p == ! "]
)
def test_steps_of_reading_grow_with_the_text_and_no_faster(piece):
    def steps(text: str) -> int:
        count = 0

        def trace(frame, event, argument):
            nonlocal count
            count += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            refused(text)
        finally:
            sys.settrace(before)
        return count

    # Up to the limit on length; one that is never reached by depth reads every token.
    assert steps(piece * 1200) <= 2.2 * steps(piece * 600) + 200
