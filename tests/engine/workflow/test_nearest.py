"""Did you mean."""

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.workflow.nearest import nearest

KEYS = ["needs", "if", "uses", "with", "env", "retry", "timeout", "max-parallel", "fail-fast"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("need", "needs"),
        ("user", "uses"),
        ("wiht", "with"),
        ("retrys", "retry"),
        ("time-out", "timeout"),
        ("max_parallel", "max-parallel"),
        ("maxParallel", "max-parallel"),
        ("fialfast", "fail-fast"),
        ("ENV", "env"),
        ("fi", "if"),
        ("colour", None),
        ("x", None),
        ("", None),
        ("-", None),
        ("needs" * 20, None),
    ],
)
def test_a_misspelt_word_finds_the_one_it_means(word, meant):
    assert nearest(word, KEYS) == meant


def test_no_candidates_give_no_answer():
    assert nearest("needs", []) is None


def test_among_equals_the_earliest_wins():
    assert nearest("cat", ["bat", "hat"]) == "bat"


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=20))
@settings(max_examples=share(100), deadline=None)
def test_the_answer_is_a_candidate_or_nothing(word, candidates):
    assert nearest(word, candidates) in [*candidates, None]


@given(st.sampled_from(KEYS), st.data())
@settings(max_examples=share(100), deadline=None)
def test_a_swap_of_two_letters_is_always_found(word, data):
    at = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    assert nearest(swapped, [word]) == word


def test_more_candidates_than_anyone_wrote_cost_little():
    assert nearest("stop_12x", (f"step_{number}" for number in range(10**9))) is not None
