"""Crises: what begins one, what it changes, and how it ends; all in the time of the test."""

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.council.crisis import Crisis, CrisisSettings

RULES = CrisisSettings(
    anomalies=0.5, minimum=10, window=60, queue=100, latency=2, calm=30, recovery=100,
    timeout=5, threshold=0.9,
)  # fmt: skip


def feed(crisis, now, count, *, anomaly=False, latency=0.1, queue=1):
    for _ in range(count):
        crisis.observe(now, anomaly=anomaly, latency=latency, queue=queue)


def test_quiet_times_change_nothing():
    crisis = Crisis(RULES)

    feed(crisis, 0, 1000)

    assert crisis.level(1) == 0
    assert crisis.timeout(30, 1) == 30
    assert crisis.threshold(0.7, 1) == 0.7
    assert crisis.cause == ""


def test_many_anomalies_begin_a_crisis_and_few_do_not():
    crisis = Crisis(RULES)

    feed(crisis, 0, 9, anomaly=True)
    assert crisis.level(0) == 0  # too few to mean anything
    feed(crisis, 0, 1, anomaly=True)

    assert (crisis.level(0), crisis.cause, crisis.count) == (1, "anomalies", 1)
    assert crisis.timeout(30, 0) == 5
    assert crisis.timeout(2, 0) == 2  # shorter already
    assert crisis.threshold(0.7, 0) == 0.9
    assert crisis.threshold(0.95, 0) == 0.95  # stricter already


def test_a_share_below_the_limit_is_none():
    crisis = Crisis(RULES)

    feed(crisis, 0, 51)
    feed(crisis, 0, 49, anomaly=True)

    assert crisis.level(0) == 0


def test_a_long_queue_and_slow_answers_begin_a_crisis():
    queue, slow = Crisis(RULES), Crisis(RULES)

    feed(queue, 0, 1, queue=100)
    feed(slow, 0, 10, latency=2.0)

    assert (queue.level(0), queue.cause) == (1, "queue")
    assert (slow.level(0), slow.cause) == (1, "latency")


def test_recovery_is_a_straight_line_after_the_calm():
    crisis = Crisis(RULES)
    feed(crisis, 0, 1, queue=100)

    levels = [crisis.level(now) for now in (0, 30, 55, 80, 105, 130)]

    assert levels == pytest.approx([1, 1, 0.75, 0.5, 0.25, 0])
    feed(crisis, 1000, 1, queue=100)
    assert crisis.timeout(25, 1080) == pytest.approx(15)
    assert crisis.threshold(0.7, 1080) == pytest.approx(0.8)
    assert crisis.level(1130) == 0
    assert crisis.cause == ""
    assert crisis.count == 2


def test_a_cause_during_recovery_begins_it_again_and_is_the_same_crisis():
    crisis = Crisis(RULES)
    feed(crisis, 0, 1, queue=100)

    assert crisis.level(80) == 0.5
    feed(crisis, 80, 1, queue=100)

    assert crisis.level(110) == 1
    assert crisis.level(160) == 0.5
    assert crisis.count == 1


def test_what_has_left_the_window_counts_no_more():
    crisis = Crisis(RULES)
    feed(crisis, 0, 100, anomaly=True)
    assert crisis.level(0) == 1

    feed(crisis, 200, 20)

    assert crisis.level(200) == 0


def test_without_crises_there_are_none():
    crisis = Crisis(CrisisSettings(enabled=False, queue=1, minimum=1, anomalies=0.0))

    feed(crisis, 0, 100, anomaly=True, queue=50, latency=99)

    assert crisis.level(0) == 0


events = st.lists(
    st.tuples(st.floats(0, 30), st.booleans(), st.floats(0, 5), st.integers(0, 150)), max_size=60
)


@settings(max_examples=60, deadline=None)
@given(events)
def test_the_level_is_bounded_and_falls_while_nothing_happens(happened):
    crisis, now = Crisis(RULES), 0.0
    for pause, anomaly, latency, queue in happened:
        now += pause
        crisis.observe(now, anomaly=anomaly, latency=latency, queue=queue)

    levels = [crisis.level(now + wait) for wait in range(0, 150, 10)]

    assert all(0 <= level <= 1 for level in levels)
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == 0
