"""The pool of waiting entries against a naive one."""

from __future__ import annotations

import random

from ciranda_consensus.pool import Item, Mempool, digest_of


def item(lane, nonce, units=1, size=100):
    entry = b"%b %d %d" % (lane, nonce, units)
    entry = entry.ljust(size, b".")
    return Item(entry, digest_of(entry), lane, nonce, units, None)


def test_the_worst_goes_with_those_that_depend_on_it():
    pool = Mempool(most=4)
    for one in (item(b"a", 0, 5), item(b"a", 1, 90), item(b"b", 0, 50), item(b"c", 0, 60)):
        assert pool.add(one, 0) == ""

    assert pool.add(item(b"d", 0, 5), 0) == "the pool is full of better ones"
    assert pool.add(item(b"a", 2, 99), 0) == "the pool is full of better ones"  # needs the worst
    assert pool.add(item(b"d", 0, 6), 0) == ""

    assert [(one.lane, one.nonce) for one in pool.waiting(9)] == [(b"b", 0), (b"c", 0), (b"d", 0)]
    assert (pool.counts.evicted, pool.counts.refused, pool.counts.taken) == (2, 2, 5)


def test_of_equals_the_last_to_come_is_the_worst():
    pool = Mempool(most=2)
    for one in (item(b"a", 0), item(b"b", 0)):
        pool.add(one, 0)
    assert pool.add(item(b"c", 0, 2), 0) == ""
    assert [one.lane for one in pool.waiting(9)] == [b"a", b"c"]


def test_bytes_are_bounded_too():
    pool = Mempool(most_bytes=1_000)
    for number in range(10):
        assert pool.add(item(b"%d" % number, 0, 1 + number), 0) == ""
    assert pool.size == 1_000

    assert pool.add(item(b"long", 0, 2_000, size=350), 0) == ""

    assert [one.lane for one in pool.driven_out] == [b"0", b"1", b"2", b"3"]
    assert pool.size == 950
    assert pool.add(item(b"longer", 0, 9_000, size=1_001), 0) == "it is too long"
    for one in pool.waiting(9):
        pool.remove(one.digest)
    assert pool.size == 0


def test_work_counts_by_the_byte():
    assert item(b"a", 0, 10, size=100).density > item(b"a", 0, 10, size=101).density


def test_one_sender_cannot_fill_the_pool():
    pool = Mempool(most_lane=3)
    flaws = [pool.add(item(b"a", nonce), 0) for nonce in range(4)]
    assert flaws == ["", "", "", "its sender has too many that wait"]
    assert pool.add(item(b"a", 1, 7), 0) == "another entry of its sender waits with this nonce"
    assert pool.add(item(b"a", 1), 0) == "known"
    assert pool.add(item(b"b", 0), 0) == ""


def test_the_pool_is_that_of_the_definition():
    rng = random.Random(1)
    for _ in range(20):
        pool, most, turn = Mempool(most=12, lifetime=6), 12, 0
        model: list[tuple[Item, int, int]] = []  # (item, height, turn), in the order of arrival
        for height in range(40):
            for _ in range(rng.randrange(4)):
                one = item(b"%d" % rng.randrange(4), rng.randrange(5), rng.randrange(1, 30))
                taken = pool.add(one, height) == ""
                same = any(
                    (o.lane, o.nonce) == (one.lane, one.nonce) or o.digest == one.digest
                    for o, _, _ in model
                )
                wanted = not same
                if wanted and len(model) >= most:
                    worst = min(model, key=lambda row: (row[0].density, -row[2]))[0]
                    wanted = worst.density < one.density and not (
                        worst.lane == one.lane and worst.nonce < one.nonce
                    )
                    if wanted:
                        model = [
                            row
                            for row in model
                            if row[0].lane != worst.lane or row[0].nonce < worst.nonce
                        ]
                assert taken == wanted
                if wanted:
                    turn += 1
                    model.append((one, height, turn))
            if model and rng.random() < 0.4:
                gone = rng.choice(model)
                model.remove(gone)
                pool.remove(gone[0].digest)
            old = [row[0] for row in model if row[1] + 6 <= height]
            model = [row for row in model if row[1] + 6 > height]
            assert pool.expire(height) == old
            assert list(pool.waiting(99)) == [row[0] for row in model]
            assert len(pool) == len(model)
            for held, _, _ in model:
                assert pool.get(held.lane, held.nonce) is held
                assert held.digest in pool
                assert held in pool.below(held.lane, held.nonce + 1)


def test_ten_thousand_are_held_and_floods_cost_little_memory():
    pool = Mempool()
    for number in range(10_000):
        assert pool.add(item(b"%d" % number, 0, 100), 0) == ""
    for number in range(20_000):
        assert pool.add(item(b"x%d" % number, 0, 100), 0) != ""
    for number in range(12_000):
        assert pool.add(item(b"y%d" % number, 0, 101 + number), 0) == ""

    assert len(pool) == 10_000
    assert len(pool._heap) <= 20_100
    assert pool.counts.evicted == 12_000
    assert len(pool._lanes) == 10_000
