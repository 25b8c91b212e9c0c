"""The tree of RFC 6962 against its vectors, its definition, and those who forge."""

from __future__ import annotations

import random
from hashlib import sha256

import pytest

from ciranda_consensus.merkle import (
    History,
    leaf_hash,
    node_hash,
    root_of,
    tree_hash,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots that Certificate Transparency tests with, as RFC 6962, 2.1.3 has it.
VECTOR = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


# The model: RFC 6962, 2.1 as it is written, on lists.


def split(count):
    size = 1
    while size * 2 < count:
        size *= 2
    return size


def mth(leaves):
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m, leaves):
    if m == len(leaves):
        return [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*proof(m, leaves[:k]), mth(leaves[k:])]
    return [*proof(m - k, leaves[k:]), mth(leaves[:k])]


def bound(leaves):
    return sha256(b"\2" + len(leaves).to_bytes(8, "big") + mth(leaves)).digest()


def leaves_of(rng, count):
    return [rng.randbytes(rng.randrange(4)) + bytes([n >> 8, n & 255]) for n in range(count)]


def test_the_vectors_of_certificate_transparency():
    history = History(VECTOR)

    for size, root in ROOTS.items():
        assert tree_hash(VECTOR[:size]).hex() == root
        assert root_of(VECTOR[:size]) == history.root(size) == bound(VECTOR[:size])
    known = {
        (0, 8): (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ),
        (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    }
    for (index, size), expected in known.items():
        assert tuple(one.hex() for one in history.inclusion(index, size)) == expected
    assert tuple(one.hex() for one in history.consistency(6, 8)) == (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    )


def test_every_proof_of_every_small_tree_is_that_of_the_definition():
    leaves = leaves_of(random.Random(1), 40)
    history = History(leaves)
    for size in range(41):
        part, root = leaves[:size], history.root(size)
        assert root == root_of(part) == bound(part)
        for index in range(size):
            found = history.inclusion(index, size)
            assert found == tuple(path(index, part))
            assert verify_inclusion(root, size, index, leaves[index], found)
        for old in range(size + 1):
            steps = history.consistency(old, size)
            assert steps == (tuple(proof(old, part)) if 0 < old < size else ())
            assert verify_consistency(history.root(old), old, root, size, steps)


def test_trees_of_every_size_up_to_300_prove_their_leaves_and_beginnings():
    rng = random.Random(2)
    leaves = leaves_of(rng, 300)
    history = History()
    for size in range(1, 301):
        assert history.append(leaves[size - 1]) == size - 1
        root = history.root()
        for index in {0, size - 1, rng.randrange(size), rng.randrange(size)}:
            assert verify_inclusion(root, size, index, leaves[index], history.inclusion(index))
        for _ in range(4):
            old = rng.randrange(size + 1)
            steps = history.consistency(old)
            assert verify_consistency(history.root(old), old, root, size, steps)
    assert len(history) == 300
    assert history.root() == bound(leaves)


def test_random_trees_have_the_roots_of_the_definition():
    rng = random.Random(3)
    for _ in range(5000):
        count = min(rng.randrange(301), rng.randrange(60), rng.randrange(60), rng.randrange(60))
        leaves = leaves_of(rng, count)
        assert tree_hash(leaves) == mth(leaves)
    wide = leaves_of(rng, 301)
    assert root_of(wide) == bound(wide)


def forgeries(rng, size, index, leaf, steps, others):
    """Yield ways to lie about a leaf: each differs from the truth in something that it claims."""
    at = rng.randrange(len(steps)) if steps else 0
    for wrong in {index - 1, index + 1, size, rng.randrange(-2, size + 3)} - {index}:
        yield size, wrong, leaf, steps
    for wrong in {size - 1, size + 1, size * 2, rng.randrange(size + 9)} - {size}:
        yield wrong, index, leaf, steps
    yield size, index, leaf + b"\0", steps
    yield size, index, others[rng.randrange(len(others))], steps
    yield size, index, leaf, (*steps, bytes(32))
    yield size, index, leaf, (bytes(32), *steps)
    if steps:
        flipped = bytearray(steps[at])
        flipped[rng.randrange(32)] ^= 1 << rng.randrange(8)
        yield size, index, leaf, (*steps[:at], bytes(flipped), *steps[at + 1 :])
        yield size, index, leaf, steps[:at] + steps[at + 1 :]
        yield size, index, leaf, (*steps[: at + 1], *steps[at:])
        yield size, index, leaf, (*steps[:at], steps[at][:31], *steps[at + 1 :])
        # An inner node as a leaf: its bytes are those of no leaf, for the prefix differs.
        inner = leaf_hash(leaf) + steps[0]
        yield size, index, inner, steps[1:]
        yield size, index >> 1, inner, steps[1:]
        yield (size + 1) // 2, index >> 1, inner, steps[1:]
    if len(steps) > 1 and steps[at] != steps[at - 1]:
        swapped = list(steps)
        swapped[at], swapped[at - 1] = swapped[at - 1], swapped[at]
        yield size, index, leaf, tuple(swapped)


def test_no_forged_inclusion_is_accepted():
    rng = random.Random(4)
    tried = 0
    for _ in range(200):
        size = rng.randrange(1, 70)
        leaves = leaves_of(rng, size)
        history = History(leaves)
        root = history.root()
        for index in {0, size - 1, rng.randrange(size)}:
            steps, leaf = history.inclusion(index), leaves[index]
            others = [b"", *leaves[:index], *leaves[index + 1 :]]
            for claimed, place, what, how in forgeries(rng, size, index, leaf, steps, others):
                tried += 1
                lie = verify_inclusion(root, claimed, place, what, how)
                assert not lie, (size, index, claimed, place)
            assert not verify_inclusion(root_of(others), size, index, leaf, steps)
    assert tried > 8_000


def test_nobody_gives_a_leaf_another_place_by_lying_about_the_size():
    three = History([b"a", b"b", b"c"])
    steps = three.inclusion(2)

    assert verify_inclusion(three.root(), 3, 2, b"c", steps)
    assert not verify_inclusion(three.root(), 2, 1, b"c", steps)
    # The hash of the tree alone would not tell: the last of three lies where the last of two would.
    assert tree_hash([b"a", b"b", b"c"]) == node_hash(steps[0], leaf_hash(b"c"))


def test_no_forged_consistency_is_accepted():
    rng = random.Random(5)
    for _ in range(300):
        size = rng.randrange(2, 80)
        old = rng.randrange(1, size)
        leaves = leaves_of(rng, size)
        history, steps = History(leaves), History(leaves).consistency(old)
        before, root = history.root(old), history.root()
        changed = list(leaves)
        changed[rng.randrange(old)] += b"!"
        assert not verify_consistency(root_of(changed[:old]), old, root, size, steps)
        assert not verify_consistency(before, old, root_of(changed), size, steps)
        for wrong in {old - 1, old + 1, size, old * 2, old + size} - {old}:
            assert not verify_consistency(before, wrong, root, size, steps)
        for wrong in {size - 1, size + 1, old, size * 2} - {size}:
            assert not verify_consistency(before, old, root, wrong, steps)
        assert not verify_consistency(before, 0, root, size, steps)
        assert not verify_consistency(before, old, root, size, (*steps, bytes(32)))
        assert not verify_consistency(before, old, root, size, steps[1:])
        assert not verify_consistency(before, old, root, size, ())
        assert not verify_consistency(before, size, root, size, ())
        for at in range(len(steps)):
            bad = bytes([steps[at][0] ^ 1]) + steps[at][1:]
            forged = (*steps[:at], bad, *steps[at + 1 :])
            assert not verify_consistency(before, old, root, size, forged)
    assert verify_consistency(root_of(()), 0, root, size, ())
    assert not verify_consistency(root, 0, root, size, ())


def test_a_list_with_its_last_leaf_twice_is_another_list():
    # CVE-2012-2459: where an odd leaf was doubled, both lists had one root.
    assert root_of([b"a", b"b", b"c"]) != root_of([b"a", b"b", b"c", b"c"])
    assert node_hash(leaf_hash(b"a"), leaf_hash(b"b")) == tree_hash([b"a", b"b"])
    assert tree_hash([leaf_hash(b"a") + leaf_hash(b"b")]) != tree_hash([b"a", b"b"])


def test_a_list_answers_only_for_what_it_has():
    history = History([b"a", b"b"])

    with pytest.raises(ValueError, match="there is no leaf 2 among 2"):
        history.inclusion(2)
    with pytest.raises(ValueError, match="3 leaves are no beginning of 2"):
        history.consistency(3)
    with pytest.raises(ValueError, match="has 2 leaves, and never had 3"):
        history.root(3)
