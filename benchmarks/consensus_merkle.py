"""What the trees of the consensus take: building, one update, a batch, proofs and their sizes.

Run alone: `python -m benchmarks.consensus_merkle [keys]`. Seconds of processor, best of several
rounds; values have 40 bytes, as accounts do. To compare: the leaves hashed and nothing else, which
is what no tree of this kind can do without.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from ciranda_consensus.merkle import History, SparseTree, verify, verify_inclusion, verify_range

ROUNDS = 5


def best(run: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the seconds of processor of the fastest of several calls."""
    found = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        run()
        found.append(time.process_time() - began)
    return min(found)


def hashed(items: dict[bytes, bytes]) -> None:
    for key, value in items.items():
        sha256(b"\0" + sha256(key).digest() + sha256(value).digest()).digest()


def sparse(count: int) -> None:
    rng = random.Random(1)
    items = {b"account/" + rng.randbytes(32): rng.randbytes(40) for _ in range(count)}
    keys = list(items)
    print(f"sparse tree of {count:,} keys")
    print(f"  its leaves hashed     {count / best(lambda: hashed(items)):>12,.0f} keys/s")
    print(f"  build                 {count / best(lambda: SparseTree.of(items)):>12,.0f} keys/s")
    tree = SparseTree.of(items)
    taken = []
    for key in rng.sample(keys, 2_000):
        began = time.perf_counter()
        assert tree.update({key: b"new"}).root
        taken.append(time.perf_counter() - began)
    taken.sort()
    median, high = statistics.median(taken) * 1e3, taken[int(len(taken) * 0.95)] * 1e3
    print(f"  one update and root   {median:>12.3f} ms, 95 in 100 below {high:.3f}")
    some = rng.sample(keys, min(count, 1_000))
    changes: dict[bytes, bytes | None] = dict.fromkeys(some, b"new")
    each = best(lambda: tree.update(changes)) / len(changes) * 1e3
    print(f"  of {len(changes)} in a batch    {each:>12.3f} ms each")
    proofs = [tree.prove([key]) for key in some]
    sizes = sorted(len(proof) for proof in proofs)
    print(
        f"  a proof               {statistics.median(sizes):>12,.0f} bytes, at most {sizes[-1]:,}"
    )
    absent = [b"absent%d" % number for number in range(len(some))]
    many = tree.prove(some)
    print(f"  a proof of {len(some)}       {len(many) / len(some):>12,.0f} bytes each")
    each = best(lambda: [tree.prove([key]) for key in some]) / len(some) * 1e3
    print(f"  to prove              {each:>12.3f} ms")
    root = tree.root

    def check() -> None:
        for key, proof in zip(some, proofs, strict=True):
            assert verify(root, proof, {key: items[key]}) == ""

    print(f"  to verify             {best(check) / len(some) * 1e3:>12.3f} ms")
    claims = dict.fromkeys(absent)
    nothing = tree.prove(absent)
    assert verify(root, nothing, claims) == ""
    each = best(lambda: verify(root, nothing, claims)) / len(absent) * 1e3
    print(f"  absence, of {len(absent)}     {each:>12.3f} ms each to verify")
    high_path = (1 << 256) // 10
    part = tree.prove_range([(0, high_path)])
    within = {
        key: value
        for key, value in items.items()
        if int.from_bytes(sha256(key).digest(), "big") <= high_path
    }
    assert verify_range(root, part, 0, high_path, within) == ""
    took = best(lambda: verify_range(root, part, 0, high_path, within), 2)
    print(f"  a tenth of it checked {len(within) / took:>12,.0f} keys/s, {len(part):,} bytes")


def history(count: int) -> None:
    leaves = [b"event %d" % number for number in range(count)]
    print(f"history of {count:,} leaves")
    print(f"  append                {count / best(lambda: History(leaves), 3):>12,.0f} leaves/s")
    kept = History(leaves)
    root, steps = kept.root(), kept.inclusion(count // 3)
    print(f"  root                  {best(kept.root) * 1e3:>12.3f} ms")
    print(f"  to prove              {best(lambda: kept.inclusion(count // 3)) * 1e3:>12.3f} ms")
    assert verify_inclusion(root, count, count // 3, leaves[count // 3], steps)
    took = best(lambda: verify_inclusion(root, count, count // 3, leaves[count // 3], steps))
    print(f"  to verify             {took * 1e3:>12.3f} ms, {len(steps)} hashes")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    sparse(count)
    history(count)


if __name__ == "__main__":
    main()
