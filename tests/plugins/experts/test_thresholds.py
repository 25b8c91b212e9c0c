"""The threshold: bounded steps, a stated rule, and never below what is configured."""

import math
import random

import pytest
from hypothesis import given, settings, strategies as st

from ciranda.store import Database
from ciranda_experts.learning.schema import FILE, MIGRATIONS
from ciranda_experts.learning.thresholds import (
    Move,
    Rules,
    Thresholds,
    bounds,
    next_threshold,
)
from tests.effort import share

RULES = Rules(floor=0.9, ceiling=0.99, target=0.01, step=0.02, minimum=100)


@pytest.mark.parametrize(
    ("wrong", "count", "lower", "upper"),
    [  # the exact limits of Clopper and Pearson: 1 - 0.05 ** (1 / n), and tables
        (0, 10, 0.0, 0.2589), (10, 10, 0.7411, 1.0), (1, 20, 0.0026, 0.2161),
        (5, 10, 0.2224, 0.7776), (0, 300, 0.0, 0.00994),
    ],
)  # fmt: skip
def test_a_share_is_bounded_exactly(wrong, count, lower, upper):
    assert list(bounds(wrong, count)) == pytest.approx([lower, upper], abs=5e-5)


def test_the_bounds_hold_as_often_as_they_say():
    dice = random.Random(3)
    low = high = 0
    for _ in range(400):
        wrong = sum(dice.random() < 0.05 for _ in range(100))
        lower, upper = bounds(wrong, 100)
        low += lower > 0.05
        high += upper < 0.05

    assert low <= 400 * 0.075
    assert high <= 400 * 0.075


def test_the_bounds_stay_finite_for_many():
    lower, upper = bounds(40, 100_000)

    assert 0.0003 < lower < 0.0004 < upper < 0.0006


@pytest.mark.parametrize(
    ("current", "approvals", "wrong", "value", "move"),
    [
        (0.90, 100, 4, 0.92, Move.RAISED),
        (0.98, 100, 4, 0.99, Move.RAISED),  # to the ceiling
        (0.99, 100, 50, 0.99, Move.STAYS),
        (0.90, 99, 50, 0.90, Move.STAYS),  # not looked at yet
        (0.90, 0, 0, 0.90, Move.STAYS),
        (0.94, 100, 1, 0.94, Move.STAYS),  # just the target
        (0.94, 500, 0, 0.94, Move.STAYS),  # below the target, not surely below its half
        (0.94, 600, 0, 0.92, Move.LOWERED),
        (0.91, 600, 0, 0.90, Move.LOWERED),  # to the floor
        (0.90, 600, 0, 0.90, Move.STAYS),
        (0.50, 99, 0, 0.90, Move.STAYS),  # whatever was stored before
    ],
)
def test_the_threshold_moves_by_the_rule(current, approvals, wrong, value, move):
    found, how = next_threshold(current, approvals, wrong, RULES)

    assert found == pytest.approx(value)
    assert how is move


@st.composite
def all_rules(draw):
    return Rules(
        floor=draw(st.floats(0, 1)),
        ceiling=draw(st.floats(0, 1)),
        target=draw(st.floats(0.0001, 0.5)),
        step=draw(st.floats(0.001, 0.1)),
        minimum=50,
    )


@given(st.floats(0, 1), st.integers(0, 30), st.integers(0, 60), all_rules())
@settings(max_examples=share(100), deadline=None)
def test_no_outcome_moves_it_far_or_below_the_floor(current, blocks, wrong, rules):
    approvals = blocks * 50

    value, move = next_threshold(current, approvals, min(wrong, approvals), rules)

    top = max(rules.floor, rules.ceiling)
    began = min(top, max(rules.floor, current))
    assert rules.floor <= value <= top
    assert abs(value - began) <= rules.step + 1e-12
    assert (move is Move.RAISED) == (value > began)
    assert (move is Move.LOWERED) == (value < began)


def test_it_settles_where_the_target_is_met():
    """An expert whose approvals are wrong the more rarely the surer it is."""
    dice, value, moves = random.Random(5), 0.9, []
    approvals = wrong = 0
    for _ in range(20_000):
        said = dice.uniform(0.9, 1.0)
        if said < value:
            continue
        approvals += 1
        wrong += dice.random() < (1 - said) * 0.5
        value, move = next_threshold(value, approvals, wrong, RULES)
        if move is not Move.STAYS:
            moves.append(move)
            approvals = wrong = 0

    assert value in (pytest.approx(0.96), pytest.approx(0.98), pytest.approx(0.94))
    assert len(moves) < 20  # it does not swing


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def database(tmp_path):
    made = Database(FILE, MIGRATIONS, folder=tmp_path)
    yield made
    made.close()


def outcomes(database, count, *, wrong, judged, start=0, verdict="approved"):
    database.execute_many(
        "INSERT INTO outcomes VALUES (?, 'k', ?, ?, ?, ?, 0.95, 'ana')",
        [
            (
                f"{verdict}{start + number}", judged, judged,
                "rejected" if number < wrong else "approved", verdict,
            )
            for number in range(count)
        ],
    )  # fmt: skip


def test_a_move_is_kept_with_its_reason_and_the_count_begins_anew(database):
    clock = Clock()
    thresholds = Thresholds(database, RULES, clock=clock)
    outcomes(database, 100, wrong=4, judged=900.0)
    outcomes(database, 100, wrong=100, judged=900.0, verdict="uncertain")  # do not count

    moved = thresholds.consider()
    again = thresholds.consider()

    assert moved is not None
    assert (moved.value, moved.at, moved.approvals, moved.wrong) == (0.92, 1000.0, 100, 4)
    assert moved.why == (
        "4 of 100 approvals were wrong, which is above the 0.01 that may be: raised from 0.9"
    )
    assert again is None  # those were judged under the former threshold
    assert Thresholds(database, RULES).value == thresholds.value == 0.92

    outcomes(database, 600, wrong=0, judged=1001.0, start=1000)
    clock.now = 2000.0
    lowered = thresholds.consider()

    assert lowered is not None
    assert math.isclose(lowered.value, 0.9)
    assert "below half of" in lowered.why
    assert [round(each.value, 2) for each in thresholds.history()] == [0.9, 0.92]


def test_a_floor_that_is_raised_in_the_settings_counts_at_once(database):
    outcomes(database, 100, wrong=4, judged=900.0)
    Thresholds(database, RULES).consider()

    strict = Rules(floor=0.95, ceiling=0.9, target=0.01, step=0.02, minimum=100)

    assert Thresholds(database, strict).value == 0.95
