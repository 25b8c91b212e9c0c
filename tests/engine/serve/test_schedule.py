"""Times of schedules: across changes of the clock, after a pause, in any rhythm of looking."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from ciranda.serve import Schedule, schedule_of

BERLIN = ZoneInfo("Europe/Berlin")


def at(text, zone=BERLIN, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def shown(times):
    return [datetime.fromtimestamp(each, BERLIN).isoformat()[5:] for each in times]


def during(cron, begin, end):
    """Return the times in a stretch, as a server finds them that looks every second."""
    schedule, cursor, found = schedule_of(cron, "Europe/Berlin"), at(begin), []
    for now in range(int(cursor), int(at(end)) + 1, 30):
        due, cursor = schedule.due(cursor, now)
        found += [each.at for each in due]
    return shown(found)


def test_an_hour_that_is_skipped_delays_what_was_to_happen_in_it():
    night = ("2026-03-29T00:00", "2026-03-29T05:59")

    assert during("30 2 * * *", *night) == ["03-29T03:00:00+02:00"]
    assert during("30 * * * *", *night) == [
        "03-29T00:30:00+01:00",
        "03-29T01:30:00+01:00",
        "03-29T03:30:00+02:00",
        "03-29T04:30:00+02:00",
        "03-29T05:30:00+02:00",
    ]


def test_an_hour_that_comes_twice_does_once_what_has_an_hour_and_twice_what_has_none():
    night = ("2026-10-25T01:45", "2026-10-25T03:15")

    assert during("30 2 * * *", *night) == ["10-25T02:30:00+02:00"]
    assert during("30 * * * *", *night) == ["10-25T02:30:00+02:00", "10-25T02:30:00+01:00"]


DAY = 86_400.0


@pytest.mark.parametrize(
    ("missed", "found"),
    [
        ("skip", []),
        ("one", [("2026-01-04T06:00", True)]),
        ("all", [(f"2026-01-0{day}T06:00", True) for day in (2, 3, 4)]),
    ],
)
def test_what_was_missed_is_left_out_made_up_for_once_or_each_time(missed, found):
    schedule = schedule_of("0 6 * * *", "Europe/Berlin", missed)

    due, cursor = schedule.due(at("2026-01-01T12:00"), at("2026-01-04T12:00"))

    assert [(each.at, each.missed) for each in due] == [(at(text), late) for text, late in found]
    assert cursor == at("2026-01-04T12:00")


def test_a_year_of_minutes_is_made_up_for_a_hundred_at_a_time():
    schedule = schedule_of("* * * * *", missed="all")
    begin = at("2026-01-01T00:00")

    first, cursor = schedule.due(begin, begin + 365 * DAY)
    second, _ = schedule.due(cursor, begin + 365 * DAY)

    assert [each.at for each in first] == [begin + 60 * n for n in range(1, 101)]
    assert second[0].at == begin + 60 * 101


def test_what_is_a_little_late_is_on_time():
    schedule = schedule_of("0 6 * * *", "Europe/Berlin", "skip")

    due, _ = schedule.due(at("2026-01-01T05:59"), at("2026-01-01T06:00") + 20)

    assert [each.missed for each in due] == [False]


def test_a_clock_that_was_set_back_begins_anew():
    schedule = schedule_of("* * * * *")

    due, cursor = schedule.due(at("2040-01-01T00:00"), at("2026-01-01T00:00"))

    assert (due, cursor) == ([], at("2026-01-01T00:00"))


@settings(max_examples=30, deadline=None)
@given(
    cron=st.sampled_from(["* * * * *", "*/7 * * * *", "30 2 * * *", "0 */3 * * *", "0 1,2 * * *"]),
    begin=st.sampled_from(["2026-03-28T20:00", "2026-10-24T20:00", "2026-06-01T00:00"]),
    steps=st.lists(st.integers(1, 3 * 3600), min_size=1, max_size=12),
    missed=st.sampled_from(["one", "all"]),
)  # fmt: skip
def test_no_time_is_told_twice_and_none_is_lost_in_whatever_rhythm_one_looks(
    cron, begin, steps, missed
):
    schedule, start = schedule_of(cron, "Europe/Berlin", missed), at(begin)
    cursor, now, found = start, start, []
    for step in steps:
        now += step
        before = 0
        while before != cursor:  # a hundred at a time
            before = cursor
            due, cursor = schedule.due(cursor, now)
            found += [each.at for each in due]
    whole = Schedule(cron, BERLIN, "all")
    expected, each = [], whole.following(start)
    while each <= now:
        expected.append(each)
        each = whole.following(each)

    assert found == sorted(set(found))
    assert set(found) <= set(expected)
    if missed == "all":
        assert found == expected


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        (("* * * *",), "has 4 of five fields"),
        (("61 * * * *",), "its minute does not fit"),
        (("* * * * *", "Europe/Berlim"), "no time zone `Europe/Berlim`"),
        (("* * * * *", "UTC", "some"), "neither `skip`"),
    ],
)
def test_what_is_no_schedule_is_told_in_a_sentence(given_, said):
    with pytest.raises(ValueError, match=said):
        schedule_of(*given_)
