"""Alerts: an expert is compared with itself, by tests whose rate of false alarms holds."""

import math
import random
from itertools import combinations

import pytest

from ciranda_experts.telemetry.alerts import AlertKind, alerts
from ciranda_experts.telemetry.histogram import counted
from ciranda_experts.telemetry.rollup import Rollup
from ciranda_experts.telemetry.significance import fewer_right, tends_higher

NOW = 1_000_000


def minutes(latencies, *, end=NOW):
    """One row a minute, oldest first, of answers that take about so many seconds."""
    return [
        (
            end - 60 * (len(latencies) - number),
            Rollup(count=3, latencies=counted([latency * 0.5, latency * 0.8, latency])),
        )
        for number, latency in enumerate(latencies)
    ]


def steady(dice, count, mean=0.01):
    return [dice.lognormvariate(math.log(mean), 0.2) for _ in range(count)]


def found(latencies=(), right=(), *, now=NOW, error=0.001):
    return alerts(
        {"logic": minutes(latencies)} if latencies else {},
        {"logic 1": right} if right else {},
        now=now,
        error=error,
    )


# The tests themselves


def test_the_exact_test_counts_all_ways_to_be_right():
    now, before = [1, 0, 0, 0], [1, 1, 1, 1, 0]
    everything = now + before
    ways = [
        sum(everything[index] for index in chosen) for chosen in combinations(range(9), len(now))
    ]

    chance = fewer_right(sum(now), 4, sum(before), 5)

    assert math.isclose(chance, sum(each <= 1 for each in ways) / len(ways))


@pytest.mark.parametrize("counts", [(0, 0, 5, 5), (5, 5, 0, 0), (5, 5, 5, 5), (0, 5, 0, 5)])
def test_where_there_is_nothing_to_compare_nothing_changed(counts):
    assert fewer_right(*counts) == 1.0


def test_ranks_agree_with_all_ways_to_deal_them():
    now = [5.0, 7.0, 7.5, 9.0, 9.1, 9.2, 11.0]
    before = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    values = now + before

    def beats(chosen):
        rest = [values[index] for index in range(len(values)) if index not in chosen]
        return sum(
            (values[index] > other) + (values[index] == other) / 2
            for index in chosen
            for other in rest
        )

    score = beats(range(len(now)))
    ways = [beats(chosen) >= score for chosen in combinations(range(len(values)), len(now))]

    assert abs(tends_higher(now, before) - sum(ways) / len(ways)) < 0.005


def test_equal_values_say_nothing():
    assert tends_higher([1.0] * 10, [1.0] * 30) == 1.0
    assert tends_higher([], [1.0]) == tends_higher([1.0], []) == 1.0


# Alerts


def test_an_expert_that_got_slower_is_told():
    dice = random.Random(1)
    (alert,) = found(steady(dice, 120) + steady(dice, 10, 0.02))

    assert (alert.expert, alert.kind) == ("logic", AlertKind.LATENCY)
    assert alert.now > 1.5 * alert.before
    assert alert.chance < 0.001
    assert "logic got slower" in alert.message


def test_an_expert_that_is_as_restless_as_ever_is_not():
    dice = random.Random(2)

    alarms = sum(bool(found(steady(dice, 130), error=0.05)) for _ in range(200))

    assert alarms <= 200 * 0.1


@pytest.mark.parametrize(
    ("latencies", "now"),
    [
        ([0.01] * 29 + [0.1] * 10, NOW),  # too little before
        ([0.01] * 9, NOW),
        ([0.01] * 100 + [0.1] * 10, NOW + 2 * 3600),  # nobody asked for hours
    ],
)
def test_without_a_now_and_a_before_there_is_no_alert(latencies, now):
    assert found(latencies, now=now) == []
    assert found([0.01] * 100 + [0.1] * 10)


def test_getting_quicker_is_no_alert():
    assert found([0.1] * 100 + [0.01] * 10) == []


def test_an_expert_that_is_right_less_often_is_told():
    (alert,) = found(right=[True] * 300 + [True, False, True, True] * 25)

    assert (alert.expert, alert.kind) == ("logic 1", AlertKind.ACCURACY)
    assert (alert.now, alert.before) == (0.75, 1.0)
    assert "75.0% of its last 100 outcomes" in alert.message


@pytest.mark.parametrize(
    "right", [[True] * 99 + [False] * 100, [False] * 300 + [True] * 100, [True] * 399 + [False]]
)
def test_too_few_outcomes_or_a_single_mistake_are_no_alert(right):
    assert found(right=right) == []


def test_the_error_is_shared_among_all_experts():
    right = [True] * 300 + [True] * 93 + [False] * 7
    alone = alerts({}, {"a": right}, now=NOW, error=0.001)
    among_many = alerts({}, {f"e{n}": right for n in range(50)}, now=NOW, error=0.001)

    assert len(alone) == 1
    assert among_many == []
