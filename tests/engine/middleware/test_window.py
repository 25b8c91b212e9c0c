"""Sliding windows against brute force."""

import random

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.middleware.window import Reservations, Window


def brute_force(grants: list[tuple[float, int]], limit: int, per: float, cost: int, now: float):
    """Return the first time not before `now` at which `cost` fits, trying each that could be."""
    last = grants[-1][0] if grants else now
    start = max(now, last)
    for at in sorted({start, *(then + per for then, _ in grants if then + per > start)}):
        if sum(held for then, held in grants if then + per > at) + cost <= limit:
            return at
    raise AssertionError("nothing fits")


@given(
    limit=st.integers(1, 8),
    per=st.sampled_from([0.25, 1.0, 60.0]),
    demands=st.lists(st.tuples(st.floats(0, 40), st.integers(1, 8)), max_size=60),
)
@settings(max_examples=share(200), deadline=None)
def test_each_grant_is_the_earliest_that_brute_force_finds(limit, per, demands):
    window = Reservations([Window(limit, per)])
    grants: list[tuple[float, int]] = []
    now = 0.0
    for wait, wanted in demands:
        now += wait
        cost = min(wanted, limit)

        at = window.reserve([cost], now)

        assert at == brute_force(grants, limit, per, cost, now)
        grants.append((at, cost))


@pytest.mark.uncounted
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hundred_thousand_starts_never_pass_the_limit_and_use_nearly_all_of_it(seed):
    chance = random.Random(seed)
    limit, per, now = 50, 60.0, 0.0
    window = Window(limit, per)
    times: list[float] = []
    for _ in range(100_000):
        now += chance.random() * 1.2 if chance.random() < 0.2 else 0.0  # more than the limit asks
        at = window.earliest(1, now)
        window.take(1, at)
        times.append(at)

    assert times == sorted(times)
    assert all(later >= first + per for first, later in zip(times, times[limit:], strict=False))
    assert len(times) >= 0.99 * limit * (times[-1] / per)


@given(
    limits=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    demands=st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), max_size=40),
)
@settings(max_examples=share(100), deadline=None)
def test_several_dimensions_are_taken_at_one_time_at_which_all_fit(limits, demands):
    together = Reservations([Window(limit, 10.0) for limit in limits])
    grants: list[tuple[float, list[int]]] = []
    for demand in demands:
        costs = [min(cost, limit) for cost, limit in zip(demand, limits, strict=False)]

        at = together.reserve(costs, 0.0)

        grants.append((at, costs))
        for which, limit in enumerate(limits):
            assert sum(held[which] for then, held in grants if then + 10.0 > at) <= limit


def test_a_cost_above_the_limit_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^11 is more than the limit of 10: it can never fit$"):
        Reservations([Window(50, 60.0), Window(10, 60.0)]).reserve([1, 11], 0.0)


@pytest.mark.parametrize(("later", "granted"), [(59.999, 60.0), (60.0, 60.0), (61.0, 61.0)])
def test_a_start_counts_until_exactly_one_window_later(later, granted):
    window = Window(1, 60.0)
    window.take(1, 0.0)

    assert window.earliest(1, later) == granted


def test_a_clock_that_jumps_an_hour_frees_one_window_and_no_more():
    window = Window(2, 60.0)
    window.take(2, 0.0)
    window.take(2, window.earliest(2, 3600.0))

    assert window.earliest(1, 3600.0) == 3660.0


def test_a_window_is_idle_once_nothing_counts():
    window = Reservations([Window(1, 60.0)])
    window.reserve([1], 0.0)

    assert [window.idle(59.0), window.idle(60.0)] == [False, True]
