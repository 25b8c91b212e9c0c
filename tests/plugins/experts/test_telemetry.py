"""Telemetry: it never makes a judgement wait, loses nothing it does not count, and forgets."""

import math
import os
import random
import signal
import subprocess
import sys
import threading
from itertools import pairwise

import anyio
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.errors import StoreError
from ciranda.store import Database
from ciranda_experts.telemetry.histogram import bound, bucket, counted, cumulative, quantile
from ciranda_experts.telemetry.rollup import COUNCIL, Rollup
from ciranda_experts.telemetry.sample import Role
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.store import FILE, MIGRATIONS, Store
from ciranda_experts.telemetry.telemetry import Telemetry, open_telemetry
from ciranda_experts.telemetry.writer import Tally, Writer

from .judging import ABSTAINED, APPROVED, REJECTED, UNCERTAIN, judgement, opinion

DAY = 86400.0


class Clock:
    def __init__(self, now=1_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def opened(tmp_path, clock, warnings):
    made = []

    def opening(folder=tmp_path, **fields):
        telemetry = Telemetry(
            folder, TelemetrySettings(**fields), warn=warnings.append, clock=clock
        )
        made.append(telemetry)
        return telemetry

    yield opening
    for each in made:
        each.close()


def three(number=1, **fields):
    experts = [opinion(), opinion("security", REJECTED, 0.7), opinion("money", ABSTAINED, 0.0)]
    return judgement(number, UNCERTAIN, experts, **fields)


# Recording


def test_a_judgement_is_found_by_its_id_without_evidence_or_message(opened):
    telemetry = opened()
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


def test_of_one_id_the_newest_is_found_unless_the_intent_is_named(opened):
    telemetry = opened()
    for key in ("first", "second"):
        telemetry.record(judgement(1, key=key))
        telemetry.flush()

    assert telemetry.store.find("j1").key == "second"
    assert telemetry.store.find("j1", "first").key == "first"
    assert telemetry.store.find("j1", "third") is None
    assert telemetry.store.find("j") is None


@pytest.mark.parametrize("name", ["a\nb", "\n", "ü\x00", "'; DROP TABLE packs; --"])
def test_ids_are_data(opened, name):
    telemetry = opened()
    telemetry.record(judgement(id="a"))
    telemetry.record(judgement(id="b"))
    telemetry.flush()
    assert telemetry.store.find("a\nb") is None

    telemetry.record(judgement(id=name))
    telemetry.flush()

    assert telemetry.store.find(name).id == name


def test_an_id_that_is_no_text_costs_only_its_own_record(opened):
    telemetry = opened(delay=60.0)
    for name in ("a", "\ud800", "b"):
        telemetry.record(judgement(id=name))
    telemetry.flush()

    assert telemetry.store.find("b")
    assert telemetry.store.find("\ud800") is None
    assert telemetry.store.meters() == {"written": 2, "dropped": 0, "failed": 1}


def test_shadow_runs_and_candidates_are_told_apart(opened):
    telemetry = opened()
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


def test_what_is_said_late_counts_for_the_gate_and_is_no_judgement(opened):
    telemetry = opened()
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


def test_without_opinions_the_confidence_before_calibration_is_not_known(opened):
    telemetry = opened()
    telemetry.record(judgement())
    telemetry.flush()

    assert telemetry.store.find("j1").answers[0].raw is None


def test_a_judgement_without_an_id_is_found_by_its_intent(opened):
    telemetry = opened()
    telemetry.record(judgement(id="", key="k1", confidence=0.25))
    telemetry.record(judgement(id="", key="", confidence=0.75))
    telemetry.record(judgement(id="j", key="k1"))
    telemetry.flush()

    assert telemetry.store.find("", "k1").confidence == 0.25
    assert telemetry.store.find("", "") is None
    assert telemetry.store.find("") is None


def test_nothing_is_recorded_where_it_is_turned_off(opened):
    telemetry = opened(enabled=False)
    telemetry.record(judgement())
    telemetry.record_late(judgement(), (opinion(),))
    telemetry.crisis(began=True)

    assert telemetry.tally == Tally(0, 0, 0, 0)
    assert telemetry.store.crises() == []


# Figures


def test_figures_of_a_minute_add_up_to_those_of_all_time(opened, clock):
    telemetry = opened()
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


def test_figures_since_a_time_begin_with_its_minute(opened, clock):
    telemetry = opened()
    for clock.now in (60.0, 119.0, 120.0, 300.0):
        telemetry.record(judgement())
    telemetry.flush()

    starts = [start for start, _ in telemetry.store.rollups(119.0)[COUNCIL, Role.COUNTED]]

    assert starts == [60, 120, 300]
    assert [each.at for each in telemetry.store.samples(120.0)] == [300.0, 120.0]


def test_experts_cannot_make_up_more_reasons_than_are_told_apart():
    one, other = Rollup(reasons={f"a{n}": 1 for n in range(30)}), Rollup()
    other.reasons = {f"b{n}": 2 for n in range(30)}

    one.merge(other)
    one.merge(other)

    assert len(one.reasons) == 32
    assert sum(one.reasons.values()) == 30 + 60 + 60
    assert one.reasons["a29"] == 1


@given(st.lists(st.floats(2e-6, 1e4), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99]))
@settings(max_examples=150, deadline=None)
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


# The queue


class Gate:
    """What writes, once it is let."""

    def __init__(self, fault=None):
        self.open = threading.Event()
        self.begun = threading.Event()
        self.batches = []
        self.fault = fault

    def __call__(self, batch):
        self.begun.set()
        assert self.open.wait(10)
        if self.fault:
            raise self.fault
        self.batches.append(batch)


def test_what_finds_the_queue_full_is_dropped_and_counted_exactly(warnings):
    gate = Gate()
    writer = Writer(gate, warnings.append, limit=100, batch=10)
    for number in range(10):
        writer.put(number)
    assert gate.begun.wait(10)

    for number in range(250):
        writer.put(number)

    assert writer.tally == Tally(written=0, waiting=110, dropped=150, failed=0)
    gate.open.set()
    assert writer.close() == Tally(written=110, waiting=0, dropped=150, failed=0)
    assert sum(map(len, gate.batches)) == 110
    assert max(map(len, gate.batches)) == 10


def test_the_counts_are_exact_with_many_threads(warnings):
    gate = Gate()
    gate.open.set()
    writer = Writer(gate, warnings.append, limit=50, batch=7, delay=0.001)

    def put():
        for number in range(2000):
            writer.put(number)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally = writer.close()

    assert tally.written + tally.dropped == 8000
    assert tally.written == sum(map(len, gate.batches))
    assert (tally.waiting, tally.failed) == (0, 0)


@pytest.mark.parametrize("fault", [StoreError("the disk is full"), ValueError("no")])
def test_what_the_disk_does_not_take_is_counted_and_told_once(warnings, fault):
    gate = Gate(fault)
    gate.open.set()
    writer = Writer(gate, warnings.append, batch=2)
    for number in range(5):
        writer.put(number)

    assert writer.close() == Tally(written=0, waiting=0, dropped=0, failed=5)
    assert writer.tally.lost == 5
    assert len(warnings) == 1
    assert str(fault) in warnings[0]
    assert "judging goes on" in warnings[0]


def test_what_comes_after_the_end_is_dropped_and_counted(warnings):
    writer = Writer(Gate(), warnings.append)
    writer.close()

    writer.put(1)

    assert writer.tally == Tally(0, 0, 1, 0)


def test_a_disk_that_hangs_does_not_hang_the_end(warnings):
    gate = Gate()
    writer = Writer(gate, warnings.append)
    writer.put(1)

    assert not writer.flush(0.01)
    assert writer.close(0.01).waiting == 1
    assert "1 could not be written" in warnings[0]
    gate.open.set()
    assert writer.close().written == 1


def test_drops_are_in_the_file_for_others_to_see(opened, tmp_path):
    telemetry = opened(queue=5, batch=5)
    with telemetry.store._database.transaction():  # the writer waits for it
        for number in range(40):
            telemetry.record(judgement(number))
        tally = telemetry.tally
    telemetry.close()

    reading = Database(FILE, MIGRATIONS, folder=tmp_path, reading=True)
    meters = Store(reading).meters()
    reading.close()

    assert meters == {"written": tally.waiting, "dropped": tally.dropped, "failed": 0}
    assert tally.waiting + tally.dropped == 40
    assert tally.waiting <= 10  # five in the queue, five in the writer's hands


# The end


@pytest.mark.anyio
async def test_what_was_accepted_is_in_the_file_when_it_is_cancelled(tmp_path, warnings):
    with anyio.CancelScope() as scope:
        settled = TelemetrySettings(delay=60.0)
        async with open_telemetry(tmp_path, settled, warn=warnings.append) as telemetry:
            for number in range(300):
                telemetry.record(judgement(number))
            scope.cancel()
            await anyio.sleep_forever()

    assert scope.cancelled_caught
    assert telemetry.tally == Tally(300, 0, 0, 0)
    again = Database(FILE, MIGRATIONS, folder=tmp_path)
    assert Store(again).meters()["written"] == 300
    again.close()


def test_closing_twice_is_closing_once(opened):
    telemetry = opened()
    telemetry.record(judgement())

    assert telemetry.close() == telemetry.close() == Tally(1, 0, 0, 0)


WRITER = """
import sys
from pathlib import Path
from ciranda.events.judging import Judgement, Verdict
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.telemetry import Telemetry

settings = TelemetrySettings(batch=20, delay=0.001)
telemetry = Telemetry(Path(sys.argv[1]), settings, warn=print)
number = 0
while True:
    for _ in range(50):
        telemetry.record(Judgement(
            id=f"j{number}", verdict=Verdict.APPROVED, confidence=1.0, reason="proved", message=""
        ))
        number += 1
    telemetry.flush()
    print(number, flush=True)
"""


@pytest.fixture
def writing(tmp_path):
    arguments = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def test_a_writer_that_is_killed_loses_only_what_was_not_flushed(writing, tmp_path):
    for _ in range(20):
        acknowledged = int(writing.stdout.readline())
    os.kill(writing.pid, signal.SIGKILL)
    writing.wait()
    acknowledged = max([acknowledged, *map(int, writing.stdout.read().split())])

    database = Database(FILE, MIGRATIONS, folder=tmp_path)
    store = Store(database)
    found = [sample.id for sample in store.samples()]
    meters, ever, broken = store.meters(), store.ever(), database.check()
    database.close()

    assert broken == []
    assert len(found) >= acknowledged >= 1000
    assert sorted(found, key=lambda each: int(each[1:])) == [f"j{n}" for n in range(len(found))]
    assert meters["written"] == ever[COUNCIL, Role.COUNTED].count == len(found)


def test_it_is_read_while_another_process_writes(writing, tmp_path):
    reading, store = None, None
    for _ in range(6):
        acknowledged = int(writing.stdout.readline())
        if store is None:
            reading = Database(FILE, MIGRATIONS, folder=tmp_path, reading=True)
            store = Store(reading)
        assert store.meters()["written"] >= acknowledged
        assert store.find(f"j{acknowledged - 1}")
    assert reading is not None
    reading.close()


def test_two_writers_count_together(opened, tmp_path):
    first, second = opened(), opened()
    for _ in range(10):
        first.record(judgement())
        second.record(judgement())
        first.flush()
        second.flush()

    assert first.store.ever()[COUNCIL, Role.COUNTED].count == 20
    assert first.store.meters() == second.store.meters() == {
        "written": 20, "dropped": 0, "failed": 0,
    }  # fmt: skip


def test_a_thousand_judgements_are_a_few_commits(opened):
    telemetry = opened(delay=60.0, batch=500)
    commits = []

    def count():
        commits.append(1)
        return False

    telemetry.store._database._writer.set_commit_hook(count)
    for number in range(1000):
        telemetry.record(three(number))
    telemetry.flush()

    assert len(commits) <= 4  # one of them forgets what is old
    assert telemetry.store.meters()["written"] == 1000


def test_a_disk_that_fails_at_the_end_is_told_and_ends_nothing(opened, warnings):
    telemetry = opened()

    def fail(*_, **__):
        raise StoreError("the disk is full")

    telemetry.store.write = fail
    telemetry.record(judgement())

    assert telemetry.close() == Tally(0, 0, 0, 1)
    assert len(warnings) == 2
    assert "the disk is full" in warnings[1]


# Forgetting


def test_records_are_kept_for_their_days(opened, clock):
    telemetry = opened(days=30.0)
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


def test_the_oldest_judgements_go_when_there_are_too_many(opened, clock):
    telemetry = opened(rows=25, batch=10)
    for number in range(40):
        telemetry.record(judgement(number))
        if number % 10 == 9:
            telemetry.flush()
    clock.now += 3600
    telemetry.record(judgement(40))
    telemetry.flush()

    found = [sample.id for sample in telemetry.store.samples()]

    assert found == [f"j{number}" for number in range(40, 19, -1)]


def test_the_newest_pack_stays_even_if_it_alone_is_too_much(opened):
    telemetry = opened(rows=1)
    for number in range(5):
        telemetry.record(judgement(number))
    telemetry.flush()
    telemetry.store.forget()

    assert telemetry.store.find("j0")


# Crises


def test_a_crisis_has_a_beginning_a_reason_and_an_end(opened, clock):
    telemetry = opened()
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


def test_what_was_recorded_just_now_is_found(opened):
    telemetry = opened(delay=60.0)
    telemetry.record(judgement(1))

    assert telemetry.find("j1").id == "j1"
    assert telemetry.find("j1", "k2") is None
