"""What is learned from outcomes: versions on trial, accuracy, curves, thresholds; one file."""

import random

import pytest

from ciranda_experts.learning.learning import Learning
from ciranda_experts.learning.outcomes import OutcomeError
from ciranda_experts.learning.settings import LearningSettings
from ciranda_experts.learning.trial import Kind
from ciranda_experts.learning.versions import VersionError
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.telemetry import Telemetry

from .judging import ABSTAINED, APPROVED, REJECTED, UNCERTAIN, judgement, opinion

DAY = 86400.0


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def telemetry(tmp_path, clock):
    made = Telemetry(tmp_path, TelemetrySettings(delay=60.0), warn=print, clock=clock)
    yield made
    made.close()


@pytest.fixture
def opened(tmp_path, clock, telemetry):
    made = []

    def opening(*, floor=0.9, **fields):
        learning = Learning(
            tmp_path, LearningSettings(**fields), floor=floor, find=telemetry.find, clock=clock
        )
        made.append(learning)
        return learning

    yield opening
    for each in made:
        each.close()


@pytest.fixture
def learning(opened):
    return opened(calibration_minimum=100)


class Council:
    """Judges with version 1 and, where it is asked to, with another beside it."""

    def __init__(self, learning, telemetry, clock):
        self.learning, self.telemetry, self.clock = learning, telemetry, clock
        self.number = 0

    def judge(self, incumbent, candidate=None, *, truth=APPROVED, key=None, expert="logic"):
        self.number += 1
        self.clock.now += 1
        key = f"k{self.number}" if key is None else key
        current = self.learning.versions.current(expert) or "1"
        beside = self.learning.versions.beside(expert, key)
        counted = opinion(expert, incumbent, version=current)
        judged = judgement(self.number, incumbent, [counted], key=key)
        runs = beside is not None and candidate is not None
        candidates = (opinion(expert, candidate, version=beside),) if runs else ()
        said = (opinion(expert, confidence=0.8),)
        self.telemetry.record(judged, said, candidates=candidates)
        return self.learning.learn(judged.id, truth, by="ana")


@pytest.fixture
def council(learning, telemetry, clock):
    return Council(learning, telemetry, clock)


def begin(learning, **fields):
    return learning.versions.begin(
        "logic", "2", **{"incumbent": "1", "share": 1.0, "by": "ana", **fields}
    )


# Trials


def test_a_candidate_never_counts_before_it_is_promoted(learning):
    begin(learning)

    assert learning.versions.current("logic") == "1"
    assert learning.versions.beside("logic", "k") == "2"
    assert learning.versions.beside("security", "k") is None


def test_only_its_share_of_intents_is_judged_twice(learning):
    begin(learning, share=0.2)

    beside = [learning.versions.beside("logic", f"k{n}") for n in range(1000)]

    assert 140 < beside.count("2") < 260
    assert beside == [learning.versions.beside("logic", f"k{n}") for n in range(1000)]
    assert learning.versions.beside("logic", "") is None


def test_the_share_is_read_from_the_settings(opened):
    assert begin(opened(trial_share=0.25), share=None).share == 0.25


def test_a_better_candidate_is_promoted_and_watched(council, learning):
    begin(learning)
    for _ in range(5):
        council.judge(APPROVED, APPROVED)
    changes = ()
    while not changes:
        changes = council.judge(REJECTED, APPROVED).changes
        assert council.number < 30

    (change,) = changes
    assert (change.what, change.former, change.latter) == ("promoted", "1", "2")
    assert change.by == "the sequential test"
    assert "of 12 intents that both judged, 7 only '2' got right and 0 only '1'" in change.why
    assert learning.versions.current("logic") == "2"
    (watch,) = learning.versions.trials()
    assert (watch.kind, watch.incumbent, watch.candidate) == (Kind.WATCH, "2", "1")


def test_a_candidate_that_looks_a_little_better_is_not_promoted(council, learning):
    """The replaced system promoted at +0.1 %."""
    begin(learning)
    for number in range(200):
        first = APPROVED if number % 20 else REJECTED
        second = APPROVED if (number + 3) % 21 else REJECTED
        council.judge(first, second)

    (trial,) = learning.versions.trials()
    assert trial.wins > trial.losses
    assert learning.versions.current("logic") == "1"


def test_a_worse_candidate_is_taken_off(council, learning):
    begin(learning)
    changes = ()
    while not changes:
        changes = council.judge(APPROVED, REJECTED).changes

    assert [(each.what, each.former, each.latter) for each in changes] == [("rejected", "2", "1")]
    assert learning.versions.trials() == []
    assert learning.versions.current("logic") == "1"


def test_a_candidate_that_approves_more_wrongly_is_not_promoted_however_right(council, learning):
    begin(learning)
    council.judge(REJECTED, APPROVED, truth=REJECTED)  # a false approval of the candidate
    for _ in range(30):
        council.judge(REJECTED, APPROVED)

    assert learning.versions.current("logic") == "1"
    council.judge(APPROVED, APPROVED, truth=REJECTED)  # one of both changes nothing
    assert learning.versions.current("logic") == "1"
    council.judge(APPROVED, REJECTED, truth=REJECTED)  # one of the incumbent's makes it even
    assert learning.versions.current("logic") == "2"


def test_an_intent_that_comes_a_hundred_times_counts_once(council, learning):
    begin(learning)
    for _ in range(100):
        council.judge(REJECTED, APPROVED, key="same")

    (trial,) = learning.versions.trials()
    assert (trial.pairs, trial.wins) == (1, 1)


def test_who_is_uncertain_is_not_right(council, learning):
    begin(learning)
    council.judge(UNCERTAIN, APPROVED)
    council.judge(APPROVED, ABSTAINED)
    council.judge(UNCERTAIN, UNCERTAIN)

    (trial,) = learning.versions.trials()
    assert (trial.pairs, trial.wins, trial.losses) == (3, 1, 1)


def test_what_was_judged_by_other_versions_or_before_is_no_pair(council, learning, telemetry):
    council.judge(APPROVED)
    begin(learning)
    council.judge(APPROVED)  # without the candidate
    other = judgement(50, experts=[opinion(version="0")])
    telemetry.record(other, candidates=(opinion(version="2"),))
    learning.learn("j50", APPROVED, by="ana")
    early = judgement(51, experts=[opinion(version="1")])
    council.clock.now -= 1000
    telemetry.record(early, candidates=(opinion(version="2"),))
    learning.learn("j51", APPROVED, by="ana")

    assert learning.versions.trials()[0].pairs == 0


# Going back


def promote(council, learning):
    begin(learning)
    while learning.versions.current("logic") == "1":
        council.judge(REJECTED, APPROVED)


def test_a_promoted_version_that_turns_out_worse_is_rolled_back(council, learning):
    promote(council, learning)
    changes = ()
    while not changes:
        changes = council.judge(REJECTED, APPROVED).changes  # now 2 counts, and 1 was right

    assert [(each.what, each.former, each.latter) for each in changes] == [
        ("rolled-back", "2", "1")
    ]
    assert learning.versions.current("logic") == "1"
    assert learning.versions.trials() == []


def test_a_promoted_version_that_holds_is_watched_no_longer(council, opened):
    learning = opened(watch=20)
    council.learning = learning
    promote(council, learning)
    changes = ()
    while not changes:
        changes = council.judge(APPROVED, APPROVED).changes

    assert [(each.what, each.former, each.latter) for each in changes] == [("kept", "1", "2")]
    assert learning.versions.trials() == []


def test_somebody_can_go_back_by_command(council, learning):
    promote(council, learning)

    assert learning.versions.rollback("logic", by="bob", why="it is slow") == "1"
    assert learning.versions.current("logic") == "1"
    assert learning.versions.trials() == []
    newest = learning.versions.history()[0]
    assert (newest.what, newest.by, newest.why) == ("rolled-back", "bob", "it is slow")
    with pytest.raises(VersionError, match="logic has no version to go back to"):
        learning.versions.rollback("logic", by="bob")


def test_a_trial_can_be_stopped(learning):
    begin(learning)
    learning.versions.stop("logic", by="bob", why="enough")

    assert learning.versions.trials() == []
    assert [each.what for each in learning.versions.history()] == ["stopped", "trial"]
    with pytest.raises(VersionError, match="no version of logic is on trial"):
        learning.versions.stop("logic", by="bob")


def test_a_trial_that_cannot_be_is_refused(learning):
    with pytest.raises(VersionError, match="0 is no share of intents"):
        begin(learning, share=0.0)
    with pytest.raises(VersionError, match="version '2' of logic is the one in use"):
        begin(learning, incumbent="2")
    begin(learning)
    with pytest.raises(VersionError, match="version '2' of logic is on trial already"):
        begin(learning)


def test_another_process_sees_what_happened_within_a_second(learning, opened, clock):
    elsewhere = opened()
    begin(learning)

    elsewhere.refresh()
    assert elsewhere.versions.beside("logic", "k") is None
    clock.now += 1
    elsewhere.refresh()
    assert elsewhere.versions.beside("logic", "k") == "2"
    learning.versions.stop("logic", by="bob")
    clock.now += 1
    elsewhere.refresh()
    assert elsewhere.versions.beside("logic", "k") is None


def test_the_revision_is_another_when_something_else_counts(learning, opened, clock, council):
    elsewhere = opened()
    first = elsewhere.revision
    learning.reviews.open(judgement(9, UNCERTAIN), "")
    clock.now += 1
    assert elsewhere.revision == first  # a review changes no finding

    begin(learning)
    assert elsewhere.revision == first
    clock.now += 1
    second = elsewhere.revision
    council.judge(APPROVED, APPROVED)
    clock.now += 1

    assert second != first
    assert elsewhere.revision == second  # an outcome that changed nothing
    own = learning.revision
    while learning.versions.current("logic") == "1":
        council.judge(REJECTED, APPROVED)
    assert learning.revision != own


def test_it_says_what_an_opinion_deserves_and_an_approval_needs(learning):
    assert learning.calibrated(opinion(confidence=0.8)) == 0.8
    assert learning.threshold(0.7) == 0.9
    assert learning.threshold(0.95) == 0.95


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


def test_accuracy_is_of_the_newest_outcomes(opened, council):
    council.learning = learning = opened(window=10)
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


def test_nothing_moves_where_it_is_turned_off(council, opened):
    council.learning = learning = opened(adapt=False, calibration="shipped")
    for _ in range(250):
        council.judge(APPROVED, truth=REJECTED)

    assert learning.thresholds.value == 0.9
    assert learning.calibration.calibrated("logic", 0.8) == 0.8
