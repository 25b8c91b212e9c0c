"""Reviews: opened once an intent, resolved once, kept, and learned from."""

import os
import signal
import subprocess
import sys
from fractions import Fraction
from itertools import count

import pytest

from ciranda.events.judging import Verdict
from ciranda.store import Database, Durability
from ciranda_experts.learning.reviews import ReviewError, Reviews, ReviewStatus
from ciranda_experts.learning.schema import FILE, MIGRATIONS

from .judging import APPROVED, REJECTED, UNCERTAIN, judgement, opinion


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def database(tmp_path):
    made = Database(FILE, MIGRATIONS, folder=tmp_path, durability=Durability.PROCESS)
    yield made
    made.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reviews(database, clock):
    numbers = count(1)
    return Reviews(database, clock=clock, ids=lambda: f"r{next(numbers)}")


def unsure(number=1, **fields):
    fields = {"message": "the experts disagree", "reason": "dissent", **fields}
    return judgement(number, UNCERTAIN, [opinion(), opinion("security", REJECTED)], **fields)


def test_an_item_shows_the_intent_the_opinions_and_why(reviews):
    source = {"pre": ["x > 0"], "post": ["x > 1"]}

    review = reviews.get(reviews.open(unsure(), source))

    assert (review.id, review.status, review.opened) == ("r1", ReviewStatus.OPEN, 1000.0)
    assert review.source == source
    assert review.why == "the experts disagree"
    assert [each.expert for each in review.judgement.experts] == ["logic", "security"]
    assert review.judgement.review == "r1"


def test_text_is_kept_as_text(reviews):
    assert reviews.get(reviews.open(unsure(), "verify { x > 1 }")).source == "verify { x > 1 }"


def test_the_reason_stands_in_where_there_is_no_message(reviews):
    assert reviews.get(reviews.open(unsure(message=""), "")).why == "dissent"


def test_an_intent_that_waits_is_not_put_there_twice(reviews):
    first = reviews.open(unsure(1, key="same"), "")
    again = reviews.open(unsure(2, key="same"), "")

    assert again == first
    assert reviews.get(first).asked == 2
    assert reviews.waiting() == 1


def test_intents_without_a_key_are_items_of_their_own(reviews):
    assert reviews.open(unsure(1, key=""), "") != reviews.open(unsure(2, key=""), "")


def test_an_intent_that_was_resolved_may_come_again(reviews):
    first = reviews.open(unsure(1, key="same"), "")
    reviews.resolve(first, APPROVED, by="ana")

    assert reviews.open(unsure(2, key="same"), "") != first


def test_no_item_is_opened_beyond_the_limit(database):
    reviews = Reviews(database, limit=2)

    opened = [reviews.open(unsure(number), "") for number in range(4)]

    assert [bool(each) for each in opened] == [True, True, False, False]
    assert reviews.waiting() == 2


def test_a_resolution_is_kept_with_who_when_and_why(reviews, clock, database, tmp_path):
    review = reviews.open(unsure(), "")
    clock.now = 1060.0
    reviews.resolve(review, REJECTED, by="ana", note="the sum is wrong")
    database.close()

    with_another = Database(FILE, MIGRATIONS, folder=tmp_path)
    found = Reviews(with_another).get(review)
    with_another.close()

    assert (found.status, found.resolved) == (ReviewStatus.REJECTED, 1060.0)
    assert (found.by, found.note) == ("ana", "the sum is wrong")


def test_resolving_again_the_same_way_changes_nothing_and_teaches_once(database, clock):
    told = []
    reviews = Reviews(database, clock=clock, learn=lambda *what: told.append(what))
    review = reviews.open(unsure(), "")

    first = reviews.resolve(review, APPROVED, by="ana", note="fine")
    clock.now += 5
    again = reviews.resolve(review, APPROVED, by="bob", note="me too")

    assert again == first
    assert [(each.id, verdict, by) for each, verdict, by in told] == [("j1", APPROVED, "ana")]


def test_a_decision_is_not_changed_afterwards(reviews):
    review = reviews.open(unsure(), "")
    reviews.resolve(review, APPROVED, by="ana")

    with pytest.raises(ReviewError, match="review 'r1' was approved by ana"):
        reviews.resolve(review, REJECTED, by="bob")


def test_what_cannot_be_learned_is_not_resolved(database):
    def learn(*_):
        raise RuntimeError("no")

    reviews = Reviews(database, learn=learn)
    review = reviews.open(unsure(), "")

    with pytest.raises(RuntimeError, match="no"):
        reviews.resolve(review, APPROVED, by="ana")
    assert reviews.get(review).status is ReviewStatus.OPEN


@pytest.mark.parametrize("verdict", [Verdict.UNCERTAIN, Verdict.ABSTAINED])
def test_only_a_decision_resolves(reviews, verdict):
    review = reviews.open(unsure(), "")

    with pytest.raises(ReviewError, match=f"'{verdict}' does not resolve review 'r1'"):
        reviews.resolve(review, verdict, by="ana")


def test_somebody_must_answer_for_it(reviews):
    review = reviews.open(unsure(), "")

    with pytest.raises(ReviewError, match="needs a name"):
        reviews.resolve(review, APPROVED, by=" ")


def test_an_item_that_does_not_exist_is_named(reviews):
    with pytest.raises(ReviewError, match="no review 'r9'"):
        reviews.resolve("r9", APPROVED, by="ana")


def test_items_are_listed_by_how_long_they_wait(reviews, clock):
    ids = []
    for number in range(3):
        ids.append(reviews.open(unsure(number), ""))
        clock.now += 1
    reviews.resolve(ids[0], APPROVED, by="ana")

    assert [each.id for each in reviews.items(ReviewStatus.OPEN)] == ids[1:]
    assert [each.id for each in reviews.items()] == ids
    assert [each.id for each in reviews.items(limit=1)] == ids[:1]


def test_resolved_items_are_forgotten_after_their_days_and_open_ones_never(reviews, clock):
    old, waits = reviews.open(unsure(1), ""), reviews.open(unsure(2), "")
    reviews.resolve(old, APPROVED, by="ana")
    clock.now += 91 * 86400

    assert reviews.forget(90) == 1
    assert [each.id for each in reviews.items()] == [waits]


def test_whatever_an_intent_holds_can_be_kept(reviews):
    source = {"a\ud800": ["\udfff", 10**5000, 2**100, Fraction(1, 3), None, True, 0.5, {1}]}
    evidence = {"model": {"x": 10**5000, "y": "\ud800"}}
    judged = judgement(1, UNCERTAIN, [opinion(evidence=evidence)])

    review = reviews.get(reviews.open(judged, source))

    kept = ["?", f"{10**5000:#x}", 2**100, "1/3", None, True, 0.5, [1]]
    assert review.source == {"a?": kept}
    assert review.judgement.experts[0].evidence["model"]["y"] == "?"


def test_an_opened_item_survives_the_death_of_its_process(tmp_path):
    program = """
import sys, time
from pathlib import Path
from ciranda.events.judging import Judgement, Verdict
from ciranda.store import Database, Durability
from ciranda_experts.learning.reviews import Reviews
from ciranda_experts.learning.schema import FILE, MIGRATIONS

database = Database(FILE, MIGRATIONS, folder=Path(sys.argv[1]), durability=Durability.PROCESS)
judged = Judgement(id="a", verdict=Verdict.UNCERTAIN, confidence=0.5, reason="timeout", message="")
print(Reviews(database).open(judged, "x"), flush=True)
time.sleep(60)
"""
    arguments = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        review = child.stdout.readline().strip()
        os.kill(child.pid, signal.SIGKILL)

    database = Database(FILE, MIGRATIONS, folder=tmp_path)
    assert Reviews(database).get(review).judgement.id == "a"
    database.close()
