"""Ledgers: Merkle trees as RFC 6962 has them, their entries, and forgeries of these."""

import random
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.conservation import LedgerError, Tree
from ciranda_experts.conservation.ledger import check, encode
from ciranda_experts.conservation.merkle import (
    EMPTY,
    LARGEST,
    hash_leaf,
    hash_node,
    levels_of,
    proof_of,
    root_from,
)
from ciranda_experts.intent.intent import Entry, Ledger
from tests.effort import share

# The leaves and roots with which implementations of Certificate Transparency are tested.
LEAVES = [
    bytes.fromhex(each)
    for each in (
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
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def largest_power_below(count):
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def model_root(leaves):
    """Follow the definition of MTH in RFC 6962, section 2.1, to the letter."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = largest_power_below(len(leaves))
    return sha256(b"\x01" + model_root(leaves[:split]) + model_root(leaves[split:])).digest()


def model_path(index, leaves):
    """Follow the definition of PATH in RFC 6962, section 2.1.1, to the letter."""
    if len(leaves) == 1:
        return []
    split = largest_power_below(len(leaves))
    if index < split:
        return [*model_path(index, leaves[:split]), model_root(leaves[split:])]
    return [*model_path(index - split, leaves[split:]), model_root(leaves[:split])]


def top(levels):
    return levels[-1][0] if levels[-1] else EMPTY


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_vectors(size):
    leaves = LEAVES[:size]

    assert top(levels_of([*map(hash_leaf, leaves)])).hex() == ROOTS[size]
    assert model_root(leaves).hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [  # from the same vectors
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            1,
            5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_proofs_are_those_of_the_vectors(index, size, path):
    levels = levels_of([*map(hash_leaf, LEAVES[:size])])

    assert [each.hex() for each in proof_of(levels, index)] == path
    proof = [bytes.fromhex(each) for each in path]
    assert root_from(hash_leaf(LEAVES[index]), index, size, proof) == bytes.fromhex(ROOTS[size])


def test_trees_of_all_small_sizes_and_some_larger_ones_are_those_of_the_model():
    chance = random.Random(1)
    for size in [*range(1, 40), 63, 64, 65, 127, 200, 255, 256, 257, 300]:
        leaves = [chance.randbytes(chance.randrange(20)) for _ in range(size)]
        levels = levels_of([*map(hash_leaf, leaves)])
        assert top(levels) == model_root(leaves)

        for index in range(size) if size < 40 else chance.sample(range(size), 5):
            proof = proof_of(levels, index)
            assert proof == model_path(index, leaves)
            assert root_from(hash_leaf(leaves[index]), index, size, proof) == top(levels)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, LARGEST + 1)])
def test_there_is_no_root_for_a_place_that_is_not_in_the_tree(index, size):
    assert root_from(hash_leaf(b""), index, size, []) is None


@pytest.mark.uncounted
def test_a_hundred_thousand_accounts_need_proofs_of_seventeen_hashes():
    tree = Tree((f"a{number}", number) for number in range(100_000))

    ledger = tree.ledger("a0", "a77777", "a99999")

    check(ledger)
    assert tree.size == 100_000
    assert max(len(entry.proof) for entry in ledger.entries) == 17


def flipped(text, chance):
    bits = bytearray(bytes.fromhex(text))
    bits[chance.randrange(len(bits))] ^= 1 << chance.randrange(8)
    return bits.hex()


def forgeries(tree, accounts, chance):
    """Yield ledgers that are each wrong in one way, 40 ways in all."""
    ledger = tree.ledger(accounts[0])
    (entry,) = ledger.entries
    other = tree.entry(accounts[1])

    def with_entry(**changes):
        changed = msgspec.structs.replace(entry, **changes)
        return msgspec.structs.replace(ledger, entries=(changed,))

    proof = entry.proof
    for place in range(len(proof)):
        yield with_entry(proof=(*proof[:place], flipped(proof[place], chance), *proof[place + 1 :]))
        yield with_entry(proof=(*proof[:place], *proof[place + 1 :]))
        yield with_entry(proof=(*proof[:place], proof[place], *proof[place:]))
        yield with_entry(proof=(*proof[:place], ledger.root, *proof[place + 1 :]))
    if proof[0] != proof[-1]:
        yield with_entry(proof=tuple(reversed(proof)))
    yield with_entry(proof=(*proof, ledger.root))
    yield with_entry(proof=(*proof, EMPTY.hex()))
    yield with_entry(proof=(hash_leaf(encode(entry.account, entry.balance)).hex(), *proof))
    yield with_entry(proof=other.proof)
    for balance in (entry.balance + 1, -entry.balance - 1, entry.balance << 8, 10**9):
        yield with_entry(balance=balance)
    yield with_entry(balance=other.balance, account=other.account)
    for account in (entry.account + "x", entry.account.upper() + "\0", ""):
        yield with_entry(account=account)
    for index in (entry.index + 1, entry.index - 1, entry.index ^ 2, other.index, tree.size):
        if index != entry.index:
            yield with_entry(index=index)
    yield with_entry(index=entry.index + tree.size)
    yield with_entry(index=entry.index + (1 << len(proof)))
    yield msgspec.structs.replace(ledger, root=flipped(ledger.root, chance))
    yield msgspec.structs.replace(ledger, root=EMPTY.hex())
    yield msgspec.structs.replace(ledger, root=proof[-1])
    yield msgspec.structs.replace(ledger, size=tree.size * 4)
    yield msgspec.structs.replace(ledger, size=entry.index)
    for size in (0, -1, 1, LARGEST + 1):
        yield msgspec.structs.replace(ledger, size=size)


def test_no_forgery_is_accepted():
    chance = random.Random(2)
    tried = 0
    for _ in range(12):
        accounts = [f"account{number}" for number in range(chance.randrange(3, 60))]
        tree = Tree((name, chance.randrange(1, 10**6)) for name in accounts)
        check(tree.ledger(*accounts))

        for forged in forgeries(tree, chance.sample(accounts, 2), chance):
            with pytest.raises(LedgerError):
                check(forged)
            tried += 1
    assert tried > 400


def test_another_size_is_refused_where_the_path_differs():
    tree = Tree((f"a{number}", number) for number in range(7))
    last = tree.ledger("a6")

    for size in (5, 6, 8, 9, 16):
        with pytest.raises(LedgerError, match=r"'a6' (is not in the ledger|has the index 6 of)"):
            check(msgspec.structs.replace(last, size=size))


def test_an_inner_node_is_no_leaf():
    pair = [hash_leaf(encode(name, 1)) for name in ("a", "b")]
    tree = Tree({"a": 1, "b": 1, "c": 1, "d": 1})
    inner = tree.entry("a").proof[1]

    # Whoever takes the two children for the data of a leaf finds another hash.
    assert hash_leaf(b"".join(pair)) != hash_node(*pair)
    found = root_from(hash_leaf(b"".join(pair)), 0, 2, [bytes.fromhex(inner)])
    assert found not in {None, bytes.fromhex(tree.root)}


def test_a_last_leaf_that_is_there_twice_makes_another_root():
    leaves = [hash_leaf(each) for each in (b"a", b"b", b"c")]

    assert top(levels_of(leaves)) != top(levels_of([*leaves, leaves[-1]]))


@settings(max_examples=share(200), deadline=None)
@given(
    st.tuples(st.text(max_size=6), st.integers()),
    st.tuples(st.text(max_size=6), st.integers()),
)
def test_different_accounts_or_balances_have_different_leaves(first, second):
    assert (encode(*first) == encode(*second)) == (first == second)


@pytest.mark.uncounted
def test_a_hundred_thousand_leaves_are_all_different():
    chance = random.Random(3)
    letters = ["a", "\0", "\1", "é", "e\u0301", "\U0001f600"]
    pairs = {
        ("".join(chance.choices(letters, k=chance.randrange(6))), chance.randrange(-300, 300))
        for _ in range(100_000)
    }

    assert len({encode(*pair) for pair in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("account", "balance", "leaf"),
    [
        ("", 0, "000000000000000000"),
        ("bob", 0, "0000000000000003626f6200"),
        ("bob", 127, "0000000000000003626f627f"),
        ("bob", 128, "0000000000000003626f620080"),
        ("bob", -1, "0000000000000003626f62ff"),
        ("bob", 10**18, "0000000000000003626f620de0b6b3a7640000"),
        ("é", 1, "0000000000000002c3a901"),
    ],
)
def test_a_leaf_is_the_same_for_whoever_writes_it(account, balance, leaf):
    assert encode(account, balance).hex() == leaf


@pytest.mark.parametrize("balance", [True, 1.0, "1", float("nan"), None])
def test_only_an_integer_is_a_balance(balance):
    with pytest.raises(LedgerError, match=r"the balance of account 'a' is .*: give an integer"):
        Tree({"a": balance})


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(LedgerError, match="cannot be written in UTF-8: rename it"):
        Tree({"\ud800": 1})


def test_an_account_is_in_a_tree_once():
    with pytest.raises(LedgerError, match="'a' is in the ledger twice"):
        Tree([("a", 1), ("a", 2)])


def test_an_account_that_is_not_in_a_tree_has_no_entry():
    with pytest.raises(LedgerError, match="has no account 'b'"):
        Tree({"a": 1}).entry("b")


def test_an_empty_tree_has_the_root_of_nothing():
    assert (Tree({}).root, Tree({}).size) == (EMPTY.hex(), 0)


GOOD = Tree({"a": 1, "b": 2}).ledger("a")


@pytest.mark.parametrize(
    ("ledger", "message"),
    [
        (msgspec.structs.replace(GOOD, entries=()), "has no entries"),
        (msgspec.structs.replace(GOOD, entries=GOOD.entries * 2), "'a' has two entries: give one"),
        (msgspec.structs.replace(GOOD, root="00"), "root is '00': give 64 digits"),
        (msgspec.structs.replace(GOOD, root=GOOD.root.upper()), "give 64 digits of 0-9 and a-f"),
        (msgspec.structs.replace(GOOD, root=GOOD.root + "\n"), "give 64 digits"),
        (msgspec.structs.replace(GOOD, size=0), "size is 0: give its number of leaves"),
        (msgspec.structs.replace(GOOD, size=True), "size is True"),
        (
            Ledger(GOOD.root, 2, (Entry("a", 1, 0, ("x" * 200,)),)),
            "a hash in the proof of account 'a' is 'x{80}...'",
        ),
        (Ledger(GOOD.root, 2, (Entry("a", 1, 2, ()),)), "has the index 2 of 2: count from 0"),
        (Ledger(GOOD.root, 2, (Entry("a", 1, True, ()),)), "has the index True"),
        (Ledger(GOOD.root, 2, (Entry("a", 1 << 20000, 0, ()),)), "balance of 20001 bits"),
    ],
)
def test_what_is_wrong_with_a_ledger_is_told(ledger, message):
    with pytest.raises(LedgerError, match=message):
        check(ledger)
