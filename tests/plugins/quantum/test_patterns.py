import re
import time

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_quantum.pattern import (
    PatternError,
    PatternLimitError,
    _run,
    compile_pattern,
)
from tests.effort import share

letters = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "\\d", "\\w", "\\S", "1", "[0-9]", "\\b"])
patterns = st.recursive(
    letters,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda each: f"(?:{each[0]}|{each[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?", "{2,}"])).map(
            lambda each: f"(?:{each[0]}){each[1]}"
        ),
        inner.map(lambda each: f"^{each}$"),
        inner.map(lambda each: f"({each})"),
    ),
    max_leaves=6,
)


@pytest.mark.uncounted
@given(patterns, st.text("ab1 \n", max_size=8))
@settings(max_examples=share(300), deadline=None, database=None)
def test_the_automaton_finds_what_the_host_finds(pattern, text):
    made = compile_pattern(pattern)

    assert made.program is not None
    assert _run(made.program, text) is (re.fullmatch(pattern, text) is not None)
    assert made.matches(text) is (re.fullmatch(pattern, text) is not None)


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a|a)*", "(a|aa)+$", "(a*)*b", "a*a*a*a*a*b", "(?:a?){30}a{30}", "([a-z]+)*="],
)
def test_a_match_never_takes_long(pattern):
    started = time.process_time()

    for length in (30, 1000, 30_000):
        try:
            assert compile_pattern(pattern).matches("a" * length + "!") is False
        except PatternLimitError:
            assert length > 30
    assert time.process_time() - started < 30


@pytest.mark.parametrize(
    "pattern",
    ["(", "[", "a{1000}{1000}", "(a)\\1", "(?:(?=a)a)*b+(?:c+)+", "x" * 1001, "(?i)(a+)+"],
)
def test_a_pattern_that_cannot_be_run_safely_is_refused(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)


def test_a_pattern_that_looks_ahead_runs_where_it_is_short():
    pattern = compile_pattern("(?=.*\\d)(?=.*[a-z]).{4,8}")

    assert pattern.matches("abc1")
    assert not pattern.matches("abcd")
    with pytest.raises(PatternLimitError):
        pattern.matches("a" * 5000)
