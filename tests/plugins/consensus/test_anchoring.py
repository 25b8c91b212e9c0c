"""A recorded run beside its anchors: every change to its log is named by event, type and kind."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.store import MemoryLog, RunRow
from ciranda_consensus.anchoring import (
    AnchorError,
    KeptError,
    Mark,
    Placed,
    compare,
    keep_marks,
    kept_marks,
    links,
    read_anchor,
)
from ciranda_consensus.audited import Kind
from ciranda_consensus.encoding import encode
from ciranda_consensus.node import Genesis, Seat

from .anchored import digest, marks_of, record


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return record(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def log(run):
    opened = run.log()
    yield opened
    opened.close()


def named(found):
    return [(one.kind, one.seq, one.type) for one in found.faults]


def numbered(events):
    return [msgspec.structs.replace(one, seq=seq) for seq, one in enumerate(events)]


def test_a_run_is_anchored_as_far_as_it_goes_and_again_when_it_went_on(run):
    sizes = [one.size for one in run.anchors]

    assert [one.index for one in run.anchors] == [0, 1, 2]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == len(run.events)
    assert run.again == run.anchors[-1]
    assert run.seen.ok
    assert (run.seen.anchored, run.seen.later) == (sizes[-1], 0)
    assert [one.root for one in run.seen.anchors] == [one.root for one in run.anchors]
    assert {(one.chain, one.trust) for one in run.seen.anchors} == {("embedded-4", "embedded")}
    assert max(map(len, run.payloads)) > 1 << 16


def test_what_came_after_the_last_anchor_is_told_as_not_anchored_yet(run, log):
    for count in (1, 2):
        found = run.audit(run.events, run.receipts[:count], log)

        assert found.ok
        assert found.anchored == run.anchors[count - 1].size
        assert found.later == len(run.events) - found.anchored


def test_one_receipt_is_enough_whichever_it_is(run, log):
    for receipt in run.receipts:
        changed = [*run.events]
        changed[1] = msgspec.structs.replace(changed[1], digest="00" * 32)

        assert run.audit(run.events, [receipt], log).ok
        assert named(run.audit(changed, [receipt], log)) == [(Kind.CHANGED, 1, run.events[1].type)]


def test_each_changed_byte_of_a_payload_is_named(run, log):
    for seq, payload in enumerate(run.payloads):
        for at in range(0, len(payload), max(1, len(payload) // 5)):
            altered = bytearray(payload)
            altered[at] ^= 1
            events = [*run.events]
            events[seq] = msgspec.structs.replace(events[seq], digest=digest(bytes(altered)))

            (fault,) = run.audit(events, blobs=log).faults

            assert (fault.kind, fault.seq, fault.type) == (Kind.CHANGED, seq, events[seq].type)
            assert (
                fault.message == f"event {seq} ({fault.type}) was changed: its payload is another"
            )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("type", "StepForged", "its type is StepForged"),
        ("version", 9, "its version is 9, not 1"),
        ("at", 1.5, "its time is 1.5, not "),
        ("at", "soon", "its time is None, not "),
        ("type", b"StepStarted", "its type is b'StepStarted'"),
        ("digest", "", "it cannot be read any more"),
    ],
)
def test_each_event_of_which_a_field_is_changed_is_named(run, log, field, value, said):
    for seq, event in enumerate(run.events):
        events = [*run.events]
        events[seq] = msgspec.structs.replace(event, **{field: value})

        (fault,) = run.audit(events, blobs=log).faults

        assert (fault.kind, fault.seq, fault.type) == (Kind.CHANGED, seq, event.type)
        assert said in fault.message


@pytest.mark.parametrize("renumber", [False, True])
def test_each_removed_event_is_named(run, log, renumber):
    for seq, event in enumerate(run.events):
        events = run.events[:seq] + run.events[seq + 1 :]

        found = run.audit(numbered(events) if renumber else events, blobs=log)

        assert named(found) == [(Kind.REMOVED, seq, event.type)]


def test_each_inserted_event_is_named_new_or_a_copy(run, log):
    forged = msgspec.structs.replace(run.events[0], type="StepForged")
    for seq in range(len(run.events)):
        for event in (forged, run.events[seq]):
            events = numbered([*run.events[:seq], event, *run.events[seq:]])

            found = run.audit(events, blobs=log)

            if event is run.events[-1]:  # a copy behind the anchored end is just not anchored
                assert (found.ok, found.later) == (True, 1)
                continue
            (fault,) = found.faults
            assert fault.kind is Kind.INSERTED
            assert fault.type == event.type
            assert fault.seq in ((seq,) if event is forged else (seq, seq + 1))


def test_two_that_changed_places_are_both_named(run, log):
    count = len(run.events)
    for one in range(count):
        for other in range(one + 1, count):
            events = [*run.events]
            events[one], events[other] = events[other], events[one]

            found = run.audit(numbered(events), blobs=log)

            assert [(each.kind, each.seq, each.now) for each in found.faults] == [
                (Kind.MOVED, one, other),
                (Kind.MOVED, other, one),
            ]


def test_one_that_was_moved_away_is_named(run, log):
    count = len(run.events)
    for seq in range(count):
        for to in range(count):
            if abs(to - seq) > 1:
                events = [*run.events]
                events.insert(to, events.pop(seq))

                found = run.audit(numbered(events), blobs=log)

                assert (Kind.MOVED, seq, run.events[seq].type) in named(found)


def test_each_renumbered_event_is_named(run, log):
    for seq, event in enumerate(run.events):
        events = [*run.events]
        events.append(msgspec.structs.replace(events.pop(seq), seq=1000))

        (fault,) = run.audit(events, blobs=log).faults

        assert fault.kind in (Kind.MOVED, Kind.RENUMBERED)
        assert (fault.seq, fault.now, fault.type) == (seq, 1000, event.type)


def test_all_from_one_on_renumbered_names_that_one(run, log):
    events = [msgspec.structs.replace(one, seq=one.seq + 3 * (one.seq >= 4)) for one in run.events]

    (fault,) = run.audit(events, blobs=log).faults

    assert (fault.kind, fault.seq, fault.now) == (Kind.RENUMBERED, 4, 7)


def test_a_cut_log_names_all_that_is_gone(run, log):
    for size in range(len(run.events)):
        found = run.audit(run.events[:size], blobs=log)

        assert [(one.kind, one.seq) for one in found.faults] == [
            (Kind.REMOVED, seq) for seq in range(size, len(run.events))
        ]
        assert found.later == 0


def test_the_end_rewritten_is_changed_and_what_follows_is_not_anchored(run, log):
    first = run.anchors[0].size
    forged = [
        msgspec.structs.replace(run.events[0], type="Forged", seq=seq)
        for seq in range(first - 2, first + 3)
    ]

    found = run.audit([*run.events[: first - 2], *forged], run.receipts[:1], log)

    assert [(one.kind, one.seq) for one in found.faults] == [
        (Kind.CHANGED, first - 2),
        (Kind.CHANGED, first - 1),
    ]
    assert found.later == 3


def test_damage_that_changes_no_event_is_told_and_so_is_a_gap_behind_the_anchor(run, log):
    events = [*run.events]
    events[2] = msgspec.structs.replace(events[2], fault="the sum is wrong")
    last = events.pop(-2)

    found = run.audit(events, run.receipts[:2], log)

    assert named(found) == [(Kind.DAMAGED, 2, events[2].type), (Kind.DAMAGED, last.seq, "")]
    assert found.faults[1].message == f"event {last.seq} is missing; it was not anchored"


def test_receipts_that_do_not_hold_or_are_of_something_else_are_no_anchors(run, log):
    good = run.receipts[0]
    other = Genesis("embedded-4", 0, (Seat("00" * 31 + "01", 1000),))
    entry = msgspec.structs.replace(good.entry, json=good.entry.json.replace("size", "Size"))
    cases = [
        (msgspec.structs.replace(good, block="00" * 32), "is not the hash"),
        (msgspec.structs.replace(good, entry=entry), "is no anchor"),
        (msgspec.structs.replace(good, entry=None), "of a state"),
    ]

    for receipt, said in cases:
        found = run.audit(run.events, [receipt], log)
        assert not found.ok
        assert found.anchored == 0
        assert said in found.faults[0].message
    run_ = replace(run, genesis=other)
    assert "another set of validators" in run_.audit(run.events, blobs=log).faults[0].message
    run_ = replace(run, run="other")
    assert f"of run {run.run}, not of other" in run_.audit([], blobs=log).faults[0].message


def test_without_an_anchor_nothing_is_vouched_for(run, log):
    found = run.audit(run.events, [], log)

    assert [one.kind for one in found.faults] == [Kind.UNANCHORED]
    assert found.faults[0].message == f"run {run.run} is not anchored in embedded-4"


def test_lost_marks_matter_only_where_something_was_changed(run):
    empty = MemoryLog()
    changed = [*run.events]
    changed[-1] = msgspec.structs.replace(changed[-1], digest="00" * 32)
    until, size = run.anchors[1].size, len(run.events)

    whole, found = run.audit(run.events, blobs=empty), run.audit(changed, blobs=empty)

    assert whole.ok
    assert [one.kind for one in found.faults] == [Kind.UNKNOWN]
    assert f"events {until} to {size - 1} are not all as they were" in found.faults[0].message


def marks(count, first=0):
    return [Mark(bytes(8), f"T{at}", 1, bytes(32)) for at in range(first, first + count)]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.sets(st.integers(0, 29)), st.lists(st.integers(0, 30), max_size=4))
def test_whatever_is_removed_or_inserted_is_named_and_nothing_else(count, removed, inserted):
    known = marks(count)
    removed = {at for at in removed if at < count}
    found = [one for at, one in enumerate(known) if at not in removed]
    faults, later = compare(known, [Placed(at, one) for at, one in enumerate(found)])
    assert {one.seq for one in faults} == removed
    assert {one.kind for one in faults} <= {Kind.REMOVED}
    assert later == 0

    found = [*known]
    for at, place in enumerate(sorted(inserted, reverse=True)):
        found.insert(min(place, count), marks(1, 100 + at)[0])
    faults, later = compare(known, [Placed(at, one) for at, one in enumerate(found)])
    assert len(faults) + later == len(inserted)
    assert {one.kind for one in faults} <= {Kind.INSERTED}
    assert later == sum(place >= count for place in inserted)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12).flatmap(lambda count: st.permutations(range(count))))
def test_any_other_order_is_named(order):
    known = marks(len(order))

    faults, _ = compare(known, [Placed(at, known[was]) for at, was in enumerate(order)])

    assert bool(faults) is (list(order) != sorted(order))
    assert {one.kind for one in faults} <= {Kind.MOVED}


def test_marks_are_kept_in_parts_that_name_the_part_before():
    log = MemoryLog()
    log.create_run(RunRow("r", "n", "f", "running", 1.0))
    many = marks(10_010)

    first = keep_marks(log, "r", many[:7], 0, "")
    last = keep_marks(log, "r", many, 7, first)

    assert kept_marks(log, first, 7) == many[:7]
    assert kept_marks(log, last, len(many)) == many
    assert kept_marks(log, "", 0) == []
    with pytest.raises(KeptError, match="are not 9"):
        kept_marks(log, first, 9)
    with pytest.raises(KeptError, match="is not in the store"):
        kept_marks(log, "00" * 32, 1)


@pytest.mark.parametrize(
    "row",
    [
        None,
        ["", 0],
        ["", 0, []],
        ["", 0, [[bytes(8), "T", "1", bytes(32)]]],
        ["", 0, [[bytes(8), "T", 1, bytes(31)]]],
        ["", 0, [[bytes(8), "T", 1, bytes(32), 0]]],
    ],
)
def test_what_are_no_marks_is_refused(row):
    log = MemoryLog()

    with pytest.raises(KeptError):
        kept_marks(log, log.put_blob(encode(row)), 1)


def test_a_link_stands_for_the_run_the_place_and_all_before(run):
    known = marks_of(run)
    chain = list(links(run.run, known))

    assert len(set(chain)) == len(chain)
    assert set(chain).isdisjoint(links("other", known))
    assert set(chain[1:]).isdisjoint(links(run.run, known[1:]))


def test_what_is_no_anchor_is_refused(run):
    entry = run.receipts[0].entry
    plain = msgspec.json.decode(entry.json)

    assert read_anchor(entry.key, entry.json).size == plain["size"]
    for change in (
        {"format": "x"}, {"size": 0}, {"root": "00"}, {"root": "G" * 64}, {"more": 1},
        {"consistency": ["0"]}, {"index": -1}, {"size": "1"},
    ):  # fmt: skip
        with pytest.raises(AnchorError, match="is no anchor"):
            read_anchor(entry.key, msgspec.json.encode(plain | change).decode())
    with pytest.raises(AnchorError, match="is an anchor of another run, or another one"):
        read_anchor("anchor/other/0", entry.json)
