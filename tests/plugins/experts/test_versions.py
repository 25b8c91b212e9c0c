"""Versions on trial: both judge, one counts, a test decides, and it can be taken back."""

import pytest

from ciranda_experts.learning.trial import Kind
from ciranda_experts.learning.versions import VersionError

from .judging import ABSTAINED, APPROVED, REJECTED, UNCERTAIN, judgement, opinion


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


def test_the_share_is_read_from_the_settings(learning_of):
    assert begin(learning_of(trial_share=0.25), share=None).share == 0.25


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


def test_a_promoted_version_that_holds_is_watched_no_longer(council, learning_of):
    learning = learning_of(watch=20)
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


def test_another_process_sees_what_happened_within_a_second(learning, learning_of, clock):
    elsewhere = learning_of()
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


def test_the_revision_is_another_when_something_else_counts(learning, learning_of, clock, council):
    elsewhere = learning_of()
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
