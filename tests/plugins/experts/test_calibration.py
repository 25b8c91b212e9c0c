"""Calibration: a confidence is the share of answers, said with it, that turn out right."""

import json
import math
import random
from fractions import Fraction
from itertools import groupby, pairwise, product

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.store import Database, Durability
from ciranda_experts.learning.calibration import Calibration, better
from ciranda_experts.learning.curve import SHIPPED, Curve, isotonic, platt
from ciranda_experts.learning.isotonic import pool
from ciranda_experts.learning.platt import log_odds, logistic, scale
from ciranda_experts.learning.reliability import brier, reliability
from ciranda_experts.learning.schema import FILE, MIGRATIONS
from tests.effort import share


@pytest.fixture
def database(tmp_path):
    made = Database(FILE, MIGRATIONS, folder=tmp_path, durability=Durability.PROCESS)
    yield made
    made.close()


def said(count, claimed, true, seed=1):
    """Outcomes of an expert that claims some confidence and is right with another."""
    dice = random.Random(seed)
    return [(claim, dice.random() < true(claim)) for claim in claimed(dice, count)]


def overconfident(count=600, seed=1):
    """Says 0.5 to 1, and is right half as far above 0.5."""
    return said(
        count,
        lambda dice, many: [dice.uniform(0.5, 1.0) for _ in range(many)],
        lambda claim: 0.5 + (claim - 0.5) / 2,
        seed,
    )


# Isotonic regression


def brute(points):
    """The best of all ways to cut the points into blocks with rising means."""
    groups = [
        [target for _, target in group]
        for _, group in groupby(sorted(points), key=lambda point: point[0])
    ]
    best = None
    for cuts in product([False, True], repeat=len(groups) - 1):
        blocks = [list(groups[0])]
        for cut, group in zip(cuts, groups[1:], strict=True):
            if cut:
                blocks.append(list(group))
            else:
                blocks[-1] += group
        means = [Fraction(sum(block), len(block)) for block in blocks]
        if all(a <= b for a, b in pairwise(means)):
            error = sum(
                (target - mean) ** 2
                for block, mean in zip(blocks, means, strict=True)
                for target in block
            )
            fitted = [mean for block, mean in zip(blocks, means, strict=True) for _ in block]
            if best is None or error < best[0]:
                best = (error, fitted)
    assert best is not None
    return best[1]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(-3, 3)), min_size=1, max_size=9))
@settings(max_examples=share(200), deadline=None)
def test_pooling_gives_the_best_of_all_rising_fits(points):
    exact = [(x, Fraction(target)) for x, target in points]

    blocks = pool(exact)  # type: ignore[arg-type]  # fractions are exact where floats are not

    assert [block.value for block in blocks for _ in range(block.count)] == brute(exact)
    assert all(a.high < b.low and a.value < b.value for a, b in pairwise(blocks))


def test_pooling_knows_nothing_of_the_order_of_points():
    points = [(x / 10, float(y)) for x, y in [(1, 0), (2, 1), (2, 0), (3, 0), (4, 1), (0, 1)]]
    blocks = pool(points)

    assert all(pool(random.Random(seed).sample(points, 6)) == blocks for seed in range(10))
    assert pool([]) == []


def test_a_hundred_thousand_falling_points_are_pooled_at_once():
    (block,) = pool([(float(x), float(-x)) for x in range(100_000)])

    assert block.count == 100_000


# Platt


def loss(points, slope, offset, right, wrong):
    total = 0.0
    for raw, was in points:
        target = (right + 1) / (right + 2) if was else 1 / (wrong + 2)
        share = logistic(slope * log_odds(raw) + offset)
        total -= target * math.log(share) + (1 - target) * math.log(1 - share)
    return total


def test_platt_finds_the_least_loss():
    points = overconfident(400)
    right = sum(was for _, was in points)
    slope, offset = scale(points)
    least = loss(points, slope, offset, right, 400 - right)

    for step in (0.3, 0.01, 0.001):
        for a, b in product([-step, 0, step], repeat=2):
            assert loss(points, slope + a, offset + b, right, 400 - right) >= least - 1e-9


def test_platt_recovers_the_curve_that_the_outcomes_came_from():
    points = said(
        10_000,
        lambda dice, many: [dice.uniform(0.01, 0.99) for _ in range(many)],
        lambda claim: logistic(0.5 * log_odds(claim) - 0.7),
    )

    slope, offset = scale(points)

    assert abs(slope - 0.5) < 0.1
    assert abs(offset + 0.7) < 0.1


@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.parametrize("raw", [0.0, 0.5, 1.0])
def test_platt_stays_finite_where_all_outcomes_are_the_same(truth, raw):
    curve = platt([(raw, truth)] * 50)

    assert curve is not None
    assert 0 < curve(raw) < 1
    assert abs(curve(raw) - (51 / 52 if truth else 1 / 52)) < 0.01


def test_platt_refuses_an_expert_that_is_right_the_less_the_surer_it_is():
    assert platt([(0.9, False)] * 50 + [(0.1, True)] * 50) is None


# Curves

POINTS = st.lists(
    st.tuples(st.floats(0, 1, allow_subnormal=False), st.booleans()), min_size=1, max_size=40
)


@given(POINTS, st.sampled_from([isotonic, platt]), st.lists(st.floats(0, 1), min_size=2))
@settings(max_examples=share(150), deadline=None)
def test_every_curve_rises_and_is_never_certain(points, fit, raws):
    curve = fit(points)
    if curve is None:
        return

    values = [curve(raw) for raw in sorted(raws)]

    assert all(0 < value < 1 for value in values)
    assert all(a <= b + 1e-12 for a, b in pairwise(values))


def test_few_outcomes_cannot_make_anybody_sure():
    curve = isotonic([(0.9, True)] * 20)

    assert curve(1.0) == curve(0.0) == 21 / 22


@pytest.mark.parametrize("raw", [math.nan, -math.inf, -1.0, 0.0])
def test_what_is_no_confidence_gets_the_least(raw):
    assert SHIPPED(raw) == 0.0001
    assert SHIPPED(math.inf) == 0.9999


def test_between_its_points_a_curve_is_straight():
    curve = Curve(method="x", xs=(0.0, 0.5, 1.0), ys=(0.1, 0.5, 0.6))

    assert [curve(x) for x in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx(
        [0.1, 0.3, 0.5, 0.55, 0.6]
    )


# Reliability


def test_bins_brier_score_and_calibration_error_of_a_small_example():
    points = [(0.1, False), (0.1, True), (0.75, True), (0.75, True), (1.0, True)]

    found = reliability(points, bins=4)

    assert [(each.count, each.right) for each in found.bins] == [(2, 0.5), (0, 0), (0, 0), (3, 1)]
    assert math.isclose(found.bins[3].said, 2.5 / 3)
    assert math.isclose(found.brier, (0.01 + 0.81 + 2 * 0.0625 + 0) / 5)
    assert math.isclose(found.error, (2 * 0.4 + 3 * (1 - 2.5 / 3)) / 5)
    assert brier([]) == reliability([]).error == 0.0


@given(POINTS)
@settings(max_examples=share(100), deadline=None)
def test_every_point_is_in_one_bin(points):
    found = reliability(points)

    assert sum(each.count for each in found.bins) == len(points)
    assert all(
        each.low - 1e-12 <= each.said <= each.high + 1e-12 for each in found.bins if each.count
    )
    assert 0 <= found.error <= 1


# What replaces what


@pytest.mark.parametrize("method", ["isotonic", "platt"])
def test_an_overconfident_expert_is_corrected(method):
    curve = better(overconfident(), method, SHIPPED, minimum=200)
    fresh = overconfident(5000, seed=2)

    assert curve is not None
    assert (curve.method, curve.samples) == (method, 600)
    assert curve.after < curve.before
    assert brier([(curve(raw), was) for raw, was in fresh]) < brier(fresh)
    corrected = reliability([(curve(raw), was) for raw, was in fresh])
    assert corrected.error < 0.05 < reliability(fresh).error


def test_the_shipped_curve_stays_until_there_are_enough_outcomes():
    points = overconfident(199)

    assert better(points, "isotonic", SHIPPED, minimum=200) is None
    assert better([*points, (0.9, False)], "isotonic", SHIPPED, minimum=200) is not None


def test_the_shipped_curve_stays_where_the_fitted_one_is_no_better():
    honest = said(
        300, lambda dice, many: [dice.uniform(0, 1) for _ in range(many)], lambda claim: claim
    )

    assert better(honest, "isotonic", SHIPPED, minimum=200) is None
    assert better([(0.9999, True)] * 300, "isotonic", SHIPPED, minimum=200) is None
    assert better([(0.9, False), (0.1, True)] * 150, "platt", SHIPPED, minimum=200) is None


def test_a_fitted_curve_is_used_at_once_and_by_other_processes(database, tmp_path):
    calibration = Calibration(database)
    other = Database(FILE, MIGRATIONS, folder=tmp_path)
    elsewhere = Calibration(other)

    curve = calibration.fit("logic", "1", overconfident())
    before = elsewhere.calibrated("logic", 0.9)
    elsewhere.reload()

    assert curve is not None
    assert calibration.calibrated("logic", 0.9) == curve(0.9) < 0.8
    assert before == 0.9
    assert elsewhere.calibrated("logic", 0.9) == curve(0.9)
    assert Calibration(other).curve("logic") == curve
    other.close()


def test_another_version_and_another_expert_begin_with_what_is_shipped(database):
    shipped = {"money": Curve(method="shipped", xs=(0.0, 1.0), ys=(0.2, 0.8))}
    calibration = Calibration(database, shipped=shipped)
    calibration.fit("logic", "1", overconfident())

    assert calibration.calibrated("logic", 0.9, "2") == 0.9
    assert calibration.calibrated("security", 0.9) == 0.9
    assert calibration.calibrated("money", 1.0) == 0.8


def test_a_curve_that_is_no_longer_better_goes(database):
    calibration = Calibration(database)
    calibration.fit("logic", "1", overconfident())

    assert calibration.fit("logic", "1", overconfident(100)) is None
    assert calibration.calibrated("logic", 0.9) == 0.9
    assert Calibration(database).calibrated("logic", 0.9) == 0.9


def test_the_method_is_read_from_the_settings(database):
    calibration = Calibration(database, method="platt")
    curve = calibration.fit("logic", "1", overconfident())
    fixed = Calibration(database, method="shipped")

    assert curve is not None
    assert curve.method == "platt"
    assert fixed.calibrated("logic", 0.9) == 0.9
    fixed.reload()
    assert fixed.calibrated("logic", 0.9) == 0.9


def test_a_curve_is_plain_data():
    curve = isotonic(overconfident(50))

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(curve), type=Curve).ys == curve.ys
    assert json.loads(msgspec.json.encode(curve))["method"] == "isotonic"
