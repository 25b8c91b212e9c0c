"""Outcomes: kept once, for their time, and what follows from them."""

import random

import pytest

from ciranda_experts.learning.outcomes import OutcomeError

from .judging import APPROVED, REJECTED, UNCERTAIN, judgement, opinion

DAY = 86400.0


# Outcomes


def test_accuracy_counts_decisions_and_tells_false_approvals(council, learning):
    council.judge(APPROVED, truth=APPROVED)
    council.judge(APPROVED, truth=REJECTED)
    council.judge(REJECTED, truth=REJECTED)
    council.judge(UNCERTAIN, truth=APPROVED)

    found = learning.outcomes.accuracy("logic", "1")

    assert (found.count, found.right, found.approvals, found.false_approvals) == (3, 2, 2, 1)
    assert found.share == 2 / 3
    assert found.reliability.count == 3
    assert learning.outcomes.right("logic", "1") == [True, False, True]
    assert learning.outcomes.points("logic", "1") == [(0.8, True), (0.8, False), (0.8, True)]
    assert learning.outcomes.versions() == [("logic", "1")]
    assert learning.outcomes.accuracy("logic", "9") is None


def test_accuracy_is_of_the_newest_outcomes(learning_of, council):
    council.learning = learning = learning_of(window=10)
    for number in range(30):
        council.judge(APPROVED, truth=APPROVED if number >= 22 else REJECTED)

    assert (learning.outcomes.accuracy("logic", "1").right) == 8
    assert learning.outcomes.accuracy("logic", "1").count == 10


def test_the_same_outcome_again_changes_nothing_and_another_is_refused(council, learning):
    assert council.judge(APPROVED).new
    again = learning.learn("j1", APPROVED, by="bob")

    assert not again.new
    assert learning.outcomes.count("logic", "1") == 1
    with pytest.raises(OutcomeError, match="outcome of judgement 'j1' was approved by ana"):
        learning.learn("j1", REJECTED, by="bob")
    with pytest.raises(OutcomeError, match="'uncertain' is no outcome of judgement 'j1'"):
        learning.learn("j1", UNCERTAIN, by="bob")
    with pytest.raises(OutcomeError, match="no judgement 'j9' is kept"):
        learning.learn("j9", APPROVED, by="bob")


def test_outcomes_are_kept_for_their_days(council, learning, clock):
    council.judge(APPROVED)
    clock.now += 89 * DAY
    learning.forget()
    kept = learning.outcomes.count("logic", "1")
    clock.now += 0.5 * DAY
    learning.forget()  # once a day
    clock.now += 2 * DAY
    learning.forget()

    assert kept == 1
    assert learning.outcomes.count("logic", "1") == 0


# What follows


def test_a_review_teaches_what_a_human_said(learning, telemetry):
    judged = judgement(1, UNCERTAIN, [opinion(), opinion("security", REJECTED)])
    said = (opinion(confidence=0.6), opinion("security", REJECTED, 0.7))
    telemetry.record(judged, said)
    review = learning.reviews.open(judged, "source")

    learning.reviews.resolve(review, REJECTED, by="ana")

    assert learning.outcomes.points("logic", "1") == [(0.6, False)]
    assert learning.outcomes.points("security", "1") == [(0.7, True)]


def test_a_review_of_what_telemetry_forgot_teaches_accuracy_but_no_curve(learning):
    review = learning.reviews.open(judgement(1, UNCERTAIN, [opinion()]), "source")

    learning.reviews.resolve(review, APPROVED, by="ana")

    assert learning.outcomes.right("logic", "1") == [True]
    assert learning.outcomes.points("logic", "1") == []


def test_a_review_that_contradicts_an_outcome_stays_open(learning, telemetry):
    judged = judgement(1, UNCERTAIN)
    telemetry.record(judged)
    review = learning.reviews.open(judged, "source")
    learning.learn("j1", APPROVED, by="ana")

    with pytest.raises(OutcomeError, match="was approved by ana"):
        learning.reviews.resolve(review, REJECTED, by="bob")
    assert learning.reviews.get(review).status == "open"
    learning.refresh()  # reads anew what may have been rolled back


def test_curves_are_fitted_once_there_are_enough_outcomes(council, learning):
    dice = random.Random(1)
    fitted = []
    for number in range(1, 151):
        truth = APPROVED if dice.random() < 0.5 else REJECTED
        if council.judge(APPROVED, truth=truth).fitted:
            fitted.append(number)

    assert fitted == [100, 150]
    assert abs(learning.calibration.calibrated("logic", 0.8) - 0.5) < 0.1


def test_false_approvals_raise_the_threshold(council, learning):
    moved = None
    for number in range(100):
        moved = council.judge(APPROVED, truth=APPROVED if number % 5 else REJECTED).threshold
    assert moved is not None
    assert learning.thresholds.value == moved.value == pytest.approx(0.91)


def test_nothing_moves_where_it_is_turned_off(council, learning_of):
    council.learning = learning = learning_of(adapt=False, calibration="shipped")
    for _ in range(250):
        council.judge(APPROVED, truth=REJECTED)

    assert learning.thresholds.value == 0.9
    assert learning.calibration.calibrated("logic", 0.8) == 0.8
