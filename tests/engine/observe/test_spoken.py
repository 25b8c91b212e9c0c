"""Durations and counts as people say them."""

import pytest

from ciranda.observe.spoken import plural, spoken, tally


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1.0, "0 ms"),
        (0.0004, "0 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (9.994, "9.99 s"),
        (9.996, "10.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 m 00 s"),
        (185.0, "3 m 05 s"),
        (3599.4, "59 m 59 s"),
        (3599.6, "1 h 00 m"),
        (7800.0, "2 h 10 m"),
    ],
)
def test_a_duration_is_said_in_at_most_nine_columns(seconds, said):
    assert spoken(seconds) == said
    assert len(said) <= 9


def test_counts_agree_with_their_nouns():
    assert plural(1, "step") == "1 step"
    assert plural(1200, "step") == "1,200 steps"
    assert tally({"succeeded": 98, "failed": 2, "skipped": 0}) == "98 ok, 2 failed"
