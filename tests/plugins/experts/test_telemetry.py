"""Telemetry: what is kept of a judgement, what the figures say, what is forgotten."""

import math

import pytest

from ciranda_experts.telemetry.rollup import COUNCIL
from ciranda_experts.telemetry.sample import Role
from ciranda_experts.telemetry.writer import Tally

from .judging import ABSTAINED, APPROVED, REJECTED, UNCERTAIN, judgement, opinion

DAY = 86400.0


def three(number=1, **fields):
    experts = [opinion(), opinion("security", REJECTED, 0.7), opinion("money", ABSTAINED, 0.0)]
    return judgement(number, UNCERTAIN, experts, **fields)


# Recording


def test_a_judgement_is_found_by_its_id_without_evidence_or_message(recording):
    telemetry = recording()
    evidence = {"model": {"x": 1}}
    seen = judgement(7, experts=[opinion(evidence=evidence, message="said")], message="secret")

    telemetry.record(seen, (opinion(confidence=0.4),), skipped=("security",))
    assert telemetry.flush()
    found = telemetry.store.find("j7")

    assert (found.id, found.key, found.verdict, found.at) == ("j7", "k7", APPROVED, 1_000_000.0)
    assert found.skipped == ("security",)
    (answer,) = found.answers
    assert (answer.expert, answer.confidence, answer.raw) == ("logic", 0.9, 0.4)
    assert answer.role is Role.COUNTED
    body = telemetry.store._database.query("SELECT body FROM packs")[0][0]
    assert b"said" not in body
    assert b"secret" not in body
    assert b"model" not in body


def test_of_one_id_the_newest_is_found_unless_the_intent_is_named(recording):
    telemetry = recording()
    for key in ("first", "second"):
        telemetry.record(judgement(1, key=key))
        telemetry.flush()

    assert telemetry.store.find("j1").key == "second"
    assert telemetry.store.find("j1", "first").key == "first"
    assert telemetry.store.find("j1", "third") is None
    assert telemetry.store.find("j") is None


@pytest.mark.parametrize("name", ["a\nb", "\n", "ü\x00", "'; DROP TABLE packs; --"])
def test_ids_are_data(recording, name):
    telemetry = recording()
    telemetry.record(judgement(id="a"))
    telemetry.record(judgement(id="b"))
    telemetry.flush()
    assert telemetry.store.find("a\nb") is None

    telemetry.record(judgement(id=name))
    telemetry.flush()

    assert telemetry.store.find(name).id == name


def test_an_id_that_is_no_text_costs_only_its_own_record(recording):
    telemetry = recording(delay=60.0)
    for name in ("a", "\ud800", "b"):
        telemetry.record(judgement(id=name))
    telemetry.flush()

    assert telemetry.store.find("b")
    assert telemetry.store.find("\ud800") is None
    assert telemetry.store.meters() == {"written": 2, "dropped": 0, "failed": 1}


def test_shadow_runs_and_candidates_are_told_apart(recording):
    telemetry = recording()
    telemetry.record(
        judgement(1, APPROVED),
        (opinion(confidence=0.4),),
        skipped=("security", "money"),
        shadow=(opinion("security", REJECTED), opinion("money", ABSTAINED)),
        candidates=(opinion(version="2", confidence=0.8),),
    )
    telemetry.flush()

    answers = telemetry.store.find("j1").answers
    ever = telemetry.store.ever()

    assert [(each.expert, each.role, each.raw) for each in answers] == [
        ("logic", Role.COUNTED, 0.4), ("security", Role.SHADOW, 0.9),
        ("money", Role.SHADOW, 0.9), ("logic", Role.CANDIDATE, 0.8),
    ]  # fmt: skip
    assert ever["security", Role.SHADOW].disagreed == 1
    assert ever["money", Role.SHADOW].disagreed == 0  # to abstain is no other verdict
    assert ever["security", Role.COUNTED].skipped == 1
    assert ever["logic", Role.COUNTED].count == ever["logic", Role.CANDIDATE].count == 1


def test_what_is_said_late_counts_for_the_gate_and_is_no_judgement(recording):
    telemetry = recording()
    judged = judgement(1, APPROVED)
    telemetry.record(judged, skipped=("security",))
    telemetry.record_late(judged, (opinion("security", REJECTED),))
    telemetry.flush()

    ever = telemetry.store.ever()

    assert ever["security", Role.SHADOW].disagreed == 1
    assert ever["security", Role.COUNTED].skipped == 1
    assert ever[COUNCIL, Role.COUNTED].count == ever["logic", Role.COUNTED].count == 1
    assert len(telemetry.store.find("j1").answers) == 1
    assert telemetry.store.meters()["written"] == telemetry.tally.written == 2


def test_without_opinions_the_confidence_before_calibration_is_not_known(recording):
    telemetry = recording()
    telemetry.record(judgement())
    telemetry.flush()

    assert telemetry.store.find("j1").answers[0].raw is None


def test_a_judgement_without_an_id_is_found_by_its_intent(recording):
    telemetry = recording()
    telemetry.record(judgement(id="", key="k1", confidence=0.25))
    telemetry.record(judgement(id="", key="", confidence=0.75))
    telemetry.record(judgement(id="j", key="k1"))
    telemetry.flush()

    assert telemetry.store.find("", "k1").confidence == 0.25
    assert telemetry.store.find("", "") is None
    assert telemetry.store.find("") is None


def test_nothing_is_recorded_where_it_is_turned_off(recording):
    telemetry = recording(enabled=False)
    telemetry.record(judgement())
    telemetry.record_late(judgement(), (opinion(),))
    telemetry.crisis(began=True)

    assert telemetry.tally == Tally(0, 0, 0, 0)
    assert telemetry.store.crises() == []


# Figures


def test_figures_of_a_minute_add_up_to_those_of_all_time(recording, clock):
    telemetry = recording()
    for minute in range(3):
        clock.now = 600_000.0 + 60 * minute
        for number in range(minute + 1):
            telemetry.record(three(number))
        telemetry.flush()

    minutes = telemetry.store.rollups()[COUNCIL, Role.COUNTED]
    ever = telemetry.store.ever()

    assert [(start, rollup.count) for start, rollup in minutes] == [
        (600_000, 1), (600_060, 2), (600_120, 3),
    ]  # fmt: skip
    assert ever[COUNCIL, Role.COUNTED].verdicts == {"uncertain": 6}
    assert ever["security", Role.COUNTED].verdicts == {"rejected": 6}
    assert math.isclose(ever["security", Role.COUNTED].confidence, 6 * 0.7)
    assert sum(ever["logic", Role.COUNTED].latencies.values()) == 6


def test_figures_since_a_time_begin_with_its_minute(recording, clock):
    telemetry = recording()
    for clock.now in (60.0, 119.0, 120.0, 300.0):
        telemetry.record(judgement())
    telemetry.flush()

    starts = [start for start, _ in telemetry.store.rollups(119.0)[COUNCIL, Role.COUNTED]]

    assert starts == [60, 120, 300]
    assert [each.at for each in telemetry.store.samples(120.0)] == [300.0, 120.0]


# Forgetting


def test_records_are_kept_for_their_days(recording, clock):
    telemetry = recording(days=30.0)
    telemetry.record(judgement(1))
    telemetry.crisis(began=True, reason="load")
    telemetry.crisis(began=False)
    telemetry.flush()
    clock.now += 29 * DAY
    telemetry.record(judgement(2))
    telemetry.flush()
    kept = telemetry.store.find("j1")
    clock.now += 2 * DAY
    telemetry.record(judgement(3))
    telemetry.flush()

    assert kept
    assert telemetry.store.find("j1") is None
    assert telemetry.store.find("j2")
    assert [rollup.count for _, rollup in telemetry.store.rollups()[COUNCIL, Role.COUNTED]] == [
        1,
        1,
    ]
    assert telemetry.store.ever()[COUNCIL, Role.COUNTED].count == 3  # counters never fall
    assert telemetry.store.crises() == []


def test_the_oldest_judgements_go_when_there_are_too_many(recording, clock):
    telemetry = recording(rows=25, batch=10)
    for number in range(40):
        telemetry.record(judgement(number))
        if number % 10 == 9:
            telemetry.flush()
    clock.now += 3600
    telemetry.record(judgement(40))
    telemetry.flush()

    found = [sample.id for sample in telemetry.store.samples()]

    assert found == [f"j{number}" for number in range(40, 19, -1)]


def test_the_newest_pack_stays_even_if_it_alone_is_too_much(recording):
    telemetry = recording(rows=1)
    for number in range(5):
        telemetry.record(judgement(number))
    telemetry.flush()
    telemetry.store.forget()

    assert telemetry.store.find("j0")


# Crises


def test_a_crisis_has_a_beginning_a_reason_and_an_end(recording, clock):
    telemetry = recording()
    telemetry.crisis(began=True, reason="load")
    clock.now += 5
    telemetry.crisis(began=True, reason="anomalies")  # goes on
    telemetry.flush()
    (going,) = telemetry.store.crises()
    telemetry.crisis(began=False)
    telemetry.crisis(began=False)
    telemetry.flush()
    (over,) = telemetry.store.crises()

    assert (going.began, going.ended, going.reason) == (1_000_000.0, None, "load")
    assert (over.began, over.ended) == (1_000_000.0, 1_000_005.0)
    assert telemetry.store.crises(1_000_006.0) == []


def test_what_was_recorded_just_now_is_found(recording):
    telemetry = recording(delay=60.0)
    telemetry.record(judgement(1))

    assert telemetry.find("j1").id == "j1"
    assert telemetry.find("j1", "k2") is None
