"""Lengths of time."""

import pytest
from hypothesis import given, strategies as st

from ciranda.workflow.durations import duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("1m30s", 90), ("2h", 7200), ("1d", 86400), ("0s", 0),
     ("30s1m", 90), ("90m", 5400), ("1d1h1m1s1ms", 90061.001)],
)  # fmt: skip
def test_a_duration_is_read_as_seconds(text: str, seconds: float):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5 s", "-5s", "1.5s", "5S", "5sec", "٣s", "1s\n", "5min", "1w"]
)
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match="is not a duration such as"):
        parse_duration(text)


def test_a_bare_number_is_told_its_unit():
    with pytest.raises(ValueError, match="write `30s` for seconds"):
        parse_duration("30")


def test_more_than_a_century_is_refused():
    with pytest.raises(ValueError, match="longer than a century"):
        parse_duration("999999999999d")


@given(st.integers(0, 10**12))
def test_text_and_seconds_round_trip_to_the_millisecond(milliseconds: int):
    assert round(parse_duration(duration_text(milliseconds / 1000)) * 1000) == milliseconds
