"""The sparse tree against its definition; its proofs against those who forge."""

from __future__ import annotations

import random
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest

from ciranda_consensus.merkle import SparseTree, verify, verify_range

EMPTY = bytes(32)
ALL = (1 << 256) - 1


def path_of(key):
    return int.from_bytes(sha256(key).digest(), "big")


def model(items):
    """Return the root by the definition, on sorted strings of bits."""
    rows = sorted((f"{path_of(key):0256b}", value) for key, value in items.items())
    return naive(rows) if rows else EMPTY


def naive(rows):
    if len(rows) == 1:
        bits, value = rows[0]
        path = int(bits, 2).to_bytes(32, "big")
        return sha256(b"\0" + path + sha256(value).digest()).digest()
    one, two = rows[0][0], rows[-1][0]
    depth = next(at for at in range(256) if one[at] != two[at])
    sides = [[row for row in rows if row[0][depth] == bit] for bit in "01"]
    prefix = int(one[:depth].ljust(256, "0"), 2).to_bytes(32, "big")
    head = b"\1" + depth.to_bytes(2, "big") + prefix
    return sha256(head + naive(sides[0]) + naive(sides[1])).digest()


def items_of(rng, count):
    return {b"key%d" % rng.randrange(10**6): rng.randbytes(rng.randrange(9)) for _ in range(count)}


def test_the_root_is_that_of_the_definition():
    rng = random.Random(1)
    for count in [*range(12), 50, 200, 700]:
        items = items_of(rng, count)
        tree = SparseTree.of(items)
        assert tree.root == model(items)
        assert dict(tree.items()) == items
        assert len(tree) == len(items)


def test_updates_give_the_tree_that_is_made_anew_and_leave_the_old_one_as_it_was():
    rng = random.Random(2)
    items: dict[bytes, Any] = {}
    tree, before = SparseTree(), []
    for _ in range(200):
        changes = items_of(rng, rng.choice([1, 1, 2, 20]))
        for key in rng.sample(sorted(items), min(len(items), rng.choice([0, 1, 15, 30]))):
            changes[key] = rng.choice([None, None, b"other", items[key]])
        if rng.random() < 0.3:
            changes[b"never there"] = None
        later = tree.update(changes)
        wanted = {**items, **changes}
        wanted = {key: value for key, value in wanted.items() if value is not None}

        assert later.root == SparseTree.of(wanted).root
        assert tree.changes(later) == {
            key: value for key, value in changes.items() if items.get(key) != value
        }
        before.append((tree.root, tree, len(items)))
        items, tree = wanted, later
    assert tree.root == model(items)
    for root, old, count in before[::20]:
        assert (old.root, len(old)) == (root, count)
        assert SparseTree.of(dict(old.items())).root == root
    assert tree.update(dict.fromkeys(items)).root == EMPTY
    assert tree.changes(SparseTree()) == dict.fromkeys(items)
    assert SparseTree().changes(tree) == items
    assert tree.update({b"never there": None, **dict(list(items.items())[:9])}) is tree


def test_a_thousand_orders_of_the_same_changes_give_one_root():
    rng = random.Random(3)
    items = items_of(rng, 12)
    removed = items_of(rng, 4)
    wanted = model({key: value for key, value in items.items() if key not in removed})
    steps = [*items.items(), *removed.items()]
    for _ in range(1000):
        rng.shuffle(steps)
        tree = SparseTree()
        for at in range(0, len(steps), 6):
            tree = tree.update(dict(steps[at : at + 6]))
        assert tree.update(dict.fromkeys(removed)).root == wanted


def test_keys_are_found_and_others_are_not():
    items = items_of(random.Random(4), 300)
    tree = SparseTree.of(items)

    assert all(tree.get(key) == value for key, value in items.items())
    assert tree.get(b"absent") is None
    assert SparseTree().get(b"absent") is None


def test_one_proof_shows_what_is_there_and_what_is_not():
    rng = random.Random(5)
    for count in (0, 1, 2, 3, 40, 300):
        items = items_of(rng, count)
        tree = SparseTree.of(items)
        for _ in range(30):
            keys = rng.sample(sorted(items), min(len(items), rng.randrange(6)))
            keys += [b"absent%d" % rng.randrange(10**6) for _ in range(rng.randrange(4))]
            claims = {key: items.get(key) for key in keys}
            proof = tree.prove(keys)

            assert verify(tree.root, proof, claims) == ""
            if keys:
                key = rng.choice(keys)
                lie = None if claims[key] is not None else b"invented"
                assert verify(tree.root, proof, {**claims, key: lie}) == "wrong"


def test_a_proof_among_many_keys_is_short():
    tree = SparseTree.of({b"%d" % number: b"value" for number in range(20_000)})
    lengths = [len(tree.prove([b"%d" % number])) for number in range(0, 20_000, 500)]
    assert max(lengths) < 33 * 24 + 4 * 24 + 65


def mutations(rng, proof):
    at = rng.randrange(len(proof))
    yield proof[:at] + bytes([proof[at] ^ 1 << rng.randrange(8)]) + proof[at + 1 :]
    yield proof[:at] + proof[at + 1 :]
    yield proof[:at] + bytes([rng.randrange(256)]) + proof[at:]
    yield proof[:at]
    yield proof + rng.randbytes(1)
    other = rng.randrange(len(proof))
    low, high = sorted((at, other))
    yield proof[:low] + proof[high:]
    yield proof[low:high]
    yield proof[high:] + proof[:high]


@pytest.mark.uncounted
def test_no_changed_proof_is_accepted():
    rng = random.Random(6)
    tried = 0
    for _ in range(150):
        items = items_of(rng, rng.randrange(1, 60))
        tree = SparseTree.of(items)
        claims = {key: items[key] for key in rng.sample(sorted(items), 1)}
        claims |= {b"absent": None} if rng.random() < 0.5 else {}
        proof = tree.prove(claims)
        for _ in range(12):
            for forged in mutations(rng, proof):
                if forged != proof:
                    tried += 1
                    assert verify(tree.root, forged, claims), forged.hex()
    assert tried > 12_000


def test_no_other_claim_is_accepted():
    rng = random.Random(7)
    items = items_of(rng, 100)
    tree = SparseTree.of(items)
    key, other = rng.sample(sorted(items), 2)
    proof, root = tree.prove([key]), tree.root

    assert verify(root, proof, {key: items[key]}) == ""
    assert verify(root, proof, {key: items[key] + b"\0"}) == "another_value"
    assert verify(root, proof, {key: None}) == "wrong"
    assert verify(root, proof, {other: items[other]}) == "not_covered"
    assert verify(root, proof, {other: None}) == "not_covered"
    assert verify(root, proof, {key: items[key], other: items[other]}) == "not_covered"
    assert verify(root, tree.prove([key, other]), {key: items[key]}) == "needless"
    assert verify(root, proof, {}) == "needless"
    assert verify(root, b"", {key: items[key]}) == "malformed"
    assert verify(root, b"\0", {key: None}) == "another_root"
    assert verify(EMPTY, b"\0", {key: None}) == ""
    assert verify(EMPTY, b"\1" + EMPTY, {}) == ""  # nothing claimed, nothing shown
    assert verify(EMPTY, b"\1" + EMPTY, {key: None}) == "not_covered"


def test_a_forged_balance_is_refused_though_its_proof_has_a_root_that_fits():
    # The replaced system compared with the root that the prover brought.
    true, forged = SparseTree.of({b"account": b"10"}), SparseTree.of({b"account": b"1000000000"})
    proof = forged.prove([b"account"])

    assert verify(forged.root, proof, {b"account": b"1000000000"}) == ""
    assert verify(true.root, proof, {b"account": b"1000000000"}) == "another_root"


def test_an_inner_node_is_no_leaf_and_a_leaf_no_inner_node():
    items = {b"a": b"1", b"b": b"2"}
    tree = SparseTree.of(items)
    body = tree.prove([b"a"])
    for tag in range(256):
        if tag != body[0]:
            assert verify(tree.root, bytes([tag]) + body[1:], {b"a": b"1"})


def test_the_items_of_a_range_are_shown_with_nothing_left_out():
    rng = random.Random(8)
    items = items_of(rng, 500)
    tree = SparseTree.of(items)
    cuts = sorted({0, ALL + 1, *(rng.getrandbits(256) for _ in range(9)), path_of(min(items))})
    for low, above in pairwise(cuts):
        high = above - 1
        within = {key: value for key, value in items.items() if low <= path_of(key) <= high}
        proof = tree.prove_range([(low, high)])

        assert verify_range(tree.root, proof, low, high, within) == ""
        assert verify_range(tree.root, proof, low, high, {**within, b"coins": b"10"}) == "wrong"
        if within:
            key = rng.choice(sorted(within))
            less = {other: value for other, value in within.items() if other != key}
            assert verify_range(tree.root, proof, low, high, less) == "wrong"
            changed = {**within, key: b"1000000000000"}
            assert verify_range(tree.root, proof, low, high, changed) == "wrong"
        if high < ALL:
            assert verify_range(tree.root, proof, low, ALL, within) == "not_covered"
        assert verify_range(EMPTY, proof, low, high, within) == "another_root"
    whole = tree.prove_range([(0, ALL)])
    assert verify_range(tree.root, whole, 0, ALL, items) == ""


def test_hostile_proofs_end_soon():
    deep = b"".join(bytes([3, depth]) + bytes(depth + 7 >> 3) for depth in range(256))
    assert verify(EMPTY, deep, {b"a": None}) == "malformed"
    assert verify(EMPTY, b"\3\0" * 50_000, {b"a": None}) == "malformed"
    assert verify(EMPTY, bytes(9 << 20), {b"a": None}) == "malformed"
    leaf = b"\2" + sha256(b"a").digest() + sha256(b"1").digest()
    # A leaf on the wrong side of a branch, and a prefix with bits that it does not have.
    side = path_of(b"a") >> 255
    both = [b"\1" + EMPTY, leaf] if not side else [leaf, b"\1" + EMPTY]
    assert verify(EMPTY, b"\3\0" + b"".join(both), {b"a": b"1"}) == "malformed"
    assert verify(EMPTY, b"\3\1\x81" + leaf + leaf, {b"a": b"1"}) == "malformed"
