"""The ring of shared limits: against the windows of one process, and killed at every store."""

import random
from typing import Any

import pytest

from ciranda.middleware.ring import Ring
from ciranda.middleware.ringcare import fill, mend, sound
from ciranda.middleware.ringformat import CHANGING, FIRST, PER, TAIL, empty
from ciranda.middleware.window import Reservations, Window

SPANS = [(5, 10.0), (100, 10.0), (40, 2.5)]


def ring_of(spans: list[tuple[int, float]] = SPANS, slots: int = 64) -> Ring:
    return Ring(memoryview(empty(spans, slots)), spans, slots)


def limits_held(
    grants: list[tuple[float, tuple[int, ...]]], spans: list[tuple[int, float]]
) -> None:
    """Assert that no window, of which there is one at each start, holds more than its limit."""
    for which, (limit, per) in enumerate(spans):
        oldest = total = 0
        for at, costs in grants:
            total += costs[which]
            while grants[oldest][0] + per <= at:
                total -= grants[oldest][1][which]
                oldest += 1
            assert total <= limit, (which, at)


@pytest.mark.parametrize("seed", range(4))
def test_a_ring_grants_exactly_what_the_windows_of_one_process_grant(seed):
    chance = random.Random(seed)
    ring, windows = ring_of(slots=1024), Reservations([Window(*span) for span in SPANS])
    now = 100.0
    for _ in range(1500):
        now += chance.choice([0.0, 0.0, 0.125, 0.5, 1.75, 30.0 if chance.random() < 0.02 else 0.0])
        costs = [chance.randint(0, 2), chance.randint(0, 60), chance.randint(0, 30)]

        assert ring.earliest(costs, now) == windows.earliest(costs, now)
        at = ring.attempt(costs, now)
        assert at == windows.attempt(costs, now)
        if at <= now and chance.random() < 0.3:
            now += 0.125
            used = [chance.randint(0, 2), chance.randint(0, 70), chance.randint(0, 35)]
            ring.settle(at, costs, used, now)
            windows.settle(at, costs, used, now)
        assert fill(ring, now) == windows.fill(now)


@pytest.mark.uncounted
def test_a_hundred_thousand_acquisitions_pass_no_limit_in_any_window():
    """Weights, cancelled reservations, waits and jumps of the clock; both kinds of book."""
    spans = [(50, 60.0), (30_000, 60.0), (8_000, 60.0)]
    chance = random.Random(11)
    for book in (ring_of(spans, 4096), Reservations([Window(*span) for span in spans])):
        grants: list[tuple[float, tuple[int, ...]]] = []
        now = 0.0
        for number in range(50_000):
            if number % 1000 == 999:
                now += chance.choice([0.0, 3600.0, -86_400.0, 86_400.0])  # a monotonic jump
            costs = (1, chance.randrange(900), chance.randrange(240))
            at = book.attempt(costs, now)
            if at > now and chance.random() < 0.1:
                at = book.reserve(costs, now)
                book.settle(at, costs, (0, 0, 0), now)  # cancelled while it waits
                at = book.earliest(costs, now)
            if at > now:
                now = at
                at = book.attempt(costs, now)
            assert at == now
            grants.append((at, costs))
        limits_held(grants, spans)


def test_nearly_all_of_the_limit_is_used_while_there_is_demand_though_entries_are_joined():
    spans = [(4000, 60.0)]
    ring = ring_of(spans, 1024)
    grants: list[tuple[float, tuple[int, ...]]] = []
    now = 0.0
    while len(grants) < 40_000:
        at = ring.attempt((1,), now)
        if at <= now:
            grants.append((at, (1,)))
            now += 0.0137
        else:
            now = at
    limits_held(grants, spans)
    assert len(grants) / (now / 60.0 * 4000) >= 0.97


def test_what_is_given_back_in_front_lets_a_reservation_move_up_but_not_past_others():
    ring = ring_of([(10, 60.0)])
    first = ring.reserve((10,), 0.0)
    ahead, behind = ring.hold((6,), 1.0), ring.hold((6,), 1.0)
    assert (first, ahead, behind) == (0.0, 60.0, 120.0)

    ring.settle(first, (10,), (2,), 5.0)

    assert ring.advance(ahead, (6,), 5.0) == 5.0
    assert ring.advance(behind, (6,), 5.0) == 65.0
    assert ring.earliest((1,), 5.0) == 65.0  # never before the last grant


def test_a_reservation_that_is_cancelled_leaves_nothing_behind():
    ring = ring_of([(1, 3600.0)])
    ring.reserve((1,), 0.0)
    ahead = ring.reserve((1,), 1.0)

    ring.settle(ahead, (1,), (0,), 2.0)

    assert ring.earliest((1,), 3.0) == 3600.0
    assert ring.reserve((1,), 3.0) == 3600.0


def test_a_pause_moves_reservations_behind_it():
    ring = ring_of([(5, 60.0)])
    ring.reserve((5,), 0.0)
    ahead = ring.hold((2,), 1.0)

    ring.pause(100.0)

    assert ring.advance(ahead, (2,), 1.0) == 100.0
    assert ring.attempt((1,), 99.0) == 100.0
    assert not ring.idle(99.0)


def test_what_was_used_beyond_the_estimate_counts_from_when_it_is_told():
    ring = ring_of([(100, 60.0)])
    at = ring.reserve((40,), 0.0)

    ring.settle(at, (40,), (90,), 30.0)

    assert [ring.earliest((cost,), 30.0) for cost in (10, 50, 51)] == [30.0, 60.0, 90.0]
    assert ring.earliest((101,), 30.0) == float("inf")


def test_who_wakes_late_counts_from_then_and_those_behind_wait_for_it():
    ring = ring_of([(1, 10.0)])
    ring.attempt((1,), 0.0)
    first, second = ring.hold((1,), 1.0), ring.hold((1,), 1.0)
    assert (first, second) == (10.0, 20.0)

    assert ring.claim(first, (1,), 17.0) == 17.0
    assert ring.claim(second, (1,), 20.0) == 27.0
    assert ring.claim(27.0, (1,), 27.5) == 27.5
    assert ring.earliest((1,), 28.0) == 37.5


def test_who_wakes_too_late_goes_behind_those_who_have_begun():
    ring = ring_of([(2, 10.0)])
    ring.attempt((2,), 0.0)
    late, others = ring.hold((1,), 1.0), ring.hold((1,), 1.0)
    assert ring.claim(others, (1,), 10.0) == 10.0
    assert ring.attempt((1,), 20.0) == 20.0  # a place that is held counts as of its time

    assert ring.claim(late, (1,), 20.5) == 20.5
    assert ring.attempt((1,), 20.5) == 30.0
    assert fill(ring, 20.5) == (1.0,)
    assert sound(ring)


def test_what_is_not_held_any_more_is_asked_for_anew():
    ring = ring_of([(1, 10.0)])

    assert ring.claim(5.0, (1,), 6.0) == 6.0
    assert ring.claim(5.0, (1,), 7.0) == 16.0
    assert ring.claim(16.0, (1,), 16.0) == 16.0


def test_a_firm_place_is_not_passed_by_who_wakes_late():
    ring = ring_of([(1, 10.0)])
    ring.attempt((1,), 0.0)
    held = ring.hold((1,), 1.0)
    firm = ring.reserve((1,), 1.0)
    assert (held, firm) == (10.0, 20.0)

    assert ring.claim(held, (1,), 12.0) == 30.0
    assert ring.claim(30.0, (1,), 30.0) == 30.0


@pytest.mark.uncounted
@pytest.mark.parametrize("seed", range(6))
def test_starts_of_processes_that_wake_late_pass_no_limit(seed):
    chance = random.Random(seed)
    spans = [(6, 10.0), (50, 4.0)]
    ring, now = ring_of(spans, 64), 0.0
    waiting: list[tuple[float, float, tuple[int, ...]]] = []  # when it wakes, what it holds
    starts: list[tuple[float, tuple[int, ...]]] = []
    while len(starts) < 1500:
        costs: tuple[int, ...] = (1, chance.randrange(30))
        if len(waiting) < 4:
            held = ring.hold(costs, now)
            waiting.append((max(now, held) + chance.choice([0.0, 0.0, 0.01, 3.0]), held, costs))
        waiting.sort()
        wakes, held, costs = waiting.pop(0)
        now = max(now, wakes)
        if chance.random() < 0.05:
            ring.settle(held, costs, (0, 0), now)
            continue
        at = ring.claim(held, costs, now)
        if at <= now:
            starts.append((now, costs))
        else:
            waiting.append((at, at, costs))
        assert sound(ring)
    limits_held(starts, spans)


def test_a_ring_with_far_too_many_reservations_joins_them_and_holds_the_limit():
    ring = ring_of([(3, 1.0)], slots=8)
    times = [ring.reserve((1,), 0.0) for _ in range(40)]

    assert times == sorted(times)
    assert all(later - first >= 1.0 for first, later in zip(times, times[3:], strict=False))


class KilledError(Exception):
    pass


class Mortal:
    """Memory whose writer is killed before one of its stores."""

    def __init__(self, memory: Any, life: list[int]) -> None:
        self.memory = memory
        self.life = life

    def __getitem__(self, at: Any) -> Any:
        return self.memory[at]

    def __setitem__(self, at: Any, value: Any) -> None:
        self.life[0] -= 1
        if self.life[0] < 0:
            raise KilledError
        self.memory[at] = value


def work(ring: Ring, granted: list[tuple[float, tuple[int, ...]]]) -> None:
    """Do one of everything; `granted` is what was returned to somebody."""
    for number in range(8):
        now = number * 1.5
        at = ring.attempt((1, 20, 5), now)
        if at <= now:
            granted.append((at, (1, 20, 5)))
    at, late = ring.hold((2, 60, 9), 12.0), ring.hold((1, 1, 1), 12.0)
    cancelled = ring.hold((1, 2, 3), 12.0)
    ring.settle(cancelled, (1, 2, 3), (0, 0, 0), 12.5)
    ring.settle(granted[-1][0], (1, 20, 5), (1, 10, 9), 12.5)
    at = ring.advance(at, (2, 60, 9), 12.6)
    late = ring.advance(late, (1, 1, 1), 12.6)
    now = max(at, late) + 1.0
    granted.append((ring.claim(at, (2, 60, 9), now), (2, 60, 9)))
    granted.append((ring.claim(late, (1, 1, 1), now), (1, 1, 1)))
    ring.attempt((1, 0, 0), 40.0)


def test_whoever_is_killed_at_any_moment_leaves_a_ring_that_holds_the_limit():
    for life in range(2000):
        content = empty(SPANS, 8)
        ring: Any = Ring(memoryview(content), SPANS, 8)
        lives = [life]
        ring.ints, ring.times = Mortal(ring.ints, lives), Mortal(ring.times, lives)
        granted: list[tuple[float, tuple[int, ...]]] = []
        try:
            work(ring, granted)
        except KilledError:
            after = Ring(memoryview(content), SPANS, 8)
            if after.changing:
                mend(after)
        else:
            break
        assert sound(after)
        now = max(0.0, after.seen, *(at for at, _ in granted))
        counts = sum(costs[0] for at, costs in granted if at <= now < at + 10.0)
        assert counts <= round(fill(after, now)[0] * 5)  # all that was returned to somebody
        assert after.reserve((5, 100, 40), 50.0) >= 50.0
    assert life > 150


@pytest.mark.parametrize(
    ("word", "value"),
    [(TAIL, 1 << 40), (TAIL, 0), (FIRST + 2, -1), (FIRST + 3, 4), (FIRST + PER + 3, 7)],
)
def test_a_ring_that_others_have_written_into_is_not_sound(word, value):
    content = empty(SPANS, 8)
    ring = Ring(memoryview(content), SPANS, 8)
    for now in (0.0, 1.0, 12.0):
        ring.attempt((1, 20, 5), now)
    assert sound(ring)

    memoryview(content).cast("q")[word] = value

    assert not sound(ring)


# The header has 48 words; of the entry behind it, two times come first.
@pytest.mark.parametrize(("word", "value"), [(8, float("nan")), (49, 99.0), (48, float("nan"))])
def test_a_ring_with_times_that_cannot_be_is_not_sound(word, value):
    content = empty(SPANS, 8)
    ring = Ring(memoryview(content), SPANS, 8)
    for now in (0.0, 1.0):
        ring.attempt((1, 20, 5), now)

    memoryview(content).cast("d")[word] = value

    assert not sound(ring)


def test_sums_that_were_left_in_the_middle_are_added_up_anew():
    content = empty(SPANS, 8)
    ring = Ring(memoryview(content), SPANS, 8)
    ring.attempt((1, 20, 5), 0.0)
    words = memoryview(content).cast("q")
    words[FIRST + 3], words[CHANGING] = 77, 1

    mend(ring)

    assert (words[FIRST + 3], ring.changing) == (1, False)
