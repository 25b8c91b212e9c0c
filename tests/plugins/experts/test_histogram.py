"""Durations in buckets, and figures that add up."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.telemetry.histogram import bound, bucket, counted, cumulative, quantile
from ciranda_experts.telemetry.rollup import Rollup
from tests.effort import share


def test_experts_cannot_make_up_more_reasons_than_are_told_apart():
    one, other = Rollup(reasons={f"a{n}": 1 for n in range(30)}), Rollup()
    other.reasons = {f"b{n}": 2 for n in range(30)}

    one.merge(other)
    one.merge(other)

    assert len(one.reasons) == 32
    assert sum(one.reasons.values()) == 30 + 60 + 60
    assert one.reasons["a29"] == 1


@given(st.lists(st.floats(2e-6, 1e4), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99]))
@settings(max_examples=share(150), deadline=None)
def test_quantiles_are_right_to_two_percent(values, share):
    exact = sorted(values)[max(1, math.ceil(share * len(values) - 1e-9)) - 1]

    assert abs(quantile(counted(values), share) - exact) <= 0.02 * exact


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9, 1e-6])
def test_what_is_shorter_than_a_microsecond_is_one(seconds):
    assert bucket(seconds) == 0
    assert quantile({0: 3}, 0.5) == 1e-6


def test_whatever_is_too_long_or_no_number_has_a_bucket_too():
    assert bucket(math.inf) == bucket(1e9) == 600
    assert bound(600) == math.inf
    assert 9000 < (quantile({600: 1}, 0.5) or 0) < math.inf
    assert quantile({}, 0.5) is None
    assert 0 <= bucket(math.nan) <= 600


def test_cumulative_counts_end_with_all_that_have_a_bound():
    values = [random.Random(1).expovariate(100) for _ in range(500)]

    edges = list(cumulative(counted(values)))

    assert edges[-1][1] == 500
    assert all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(edges))
    assert all(count == sum(value <= edge for value in values) for edge, count in edges)
