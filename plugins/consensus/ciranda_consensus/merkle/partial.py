"""The part of a sparse tree that shows something, as bytes; all else in it is a hash.

One kind of proof serves for what is in the tree, for what is not, for many keys and for ranges:
the tree in preorder, with every subtree that has nothing to do with the question as its hash.
Whoever checks it computes the root anew and compares with the one *he* trusts; then he looks
where the keys would be. A proof that shows more than was asked is refused: there is one proof of
a question, and nobody can swell it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from .nodes import BITS, EMPTY, Branch, Leaf, Node, branch_hash, prefix

__all__ = ["MOST_PROOF", "Ranges", "verify", "verify_range", "write"]

MOST_PROOF: Final = 8 << 20
Ranges = Sequence[tuple[int, int]]

_EMPTY: Final = 0
_STUB: Final = 1
_LEAF: Final = 2
_BRANCH: Final = 3
_TOP: Final = BITS - 1
_HASH: Final = 32
_ALL: Final = (1 << BITS) - 1


class Stub(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A subtree that is not shown."""

    hash: bytes


class Shown(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A leaf: its path, and the hash of its value."""

    hash: bytes
    path: int
    digest: bytes


class Fork(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A branch of which parts are shown."""

    hash: bytes
    path: int
    depth: int
    left: Part
    right: Part


Part = Stub | Shown | Fork


class _ProofError(Exception):
    """What is wrong with a proof, as a word."""


def write(node: Node | Part | None, ranges: Ranges) -> bytes:
    """Return the bytes of a tree in which all paths within ranges are shown."""
    parts: list[bytes] = []
    if node is None:
        parts.append(bytes([_EMPTY]))
    else:
        _write(node, ranges, parts)
    return b"".join(parts)


def _write(node: Node | Part, ranges: Ranges, parts: list[bytes]) -> None:
    if not ranges:
        parts += (b"\x01", node.hash)
    elif isinstance(node, Leaf | Shown):
        parts += (b"\x02", node.path.to_bytes(_HASH, "big"), node.digest)
    elif isinstance(node, Branch | Fork):
        depth, path = node.depth, node.path
        parts += (b"\x03", bytes([depth]), path.to_bytes(_HASH, "big")[: depth + 7 >> 3])
        half = 1 << _TOP - depth
        middle, high = path | half, path + 2 * half - 1
        _write(node.left, [one for one in ranges if one[0] < middle and one[1] >= path], parts)
        _write(node.right, [one for one in ranges if one[0] <= high and one[1] >= middle], parts)
    else:
        raise _ProofError("not_covered")


def verify(root: bytes, proof: bytes, claims: Mapping[bytes, bytes | None]) -> str:
    """Return what is wrong with a proof that keys have values; "" if nothing is.

    Args:
        root: That the caller trusts, not one that came with the proof.
        proof: From `SparseTree.prove` for just these keys.
        claims: The values by their keys; None for a key that is said to have none.
    """
    paths = {int.from_bytes(sha256(key).digest(), "big"): key for key in claims}
    try:
        shown = _check(root, proof, [(path, path) for path in sorted(paths)])
    except _ProofError as flaw:
        return str(flaw)
    for path, key in paths.items():
        value, digest = claims[key], shown.get(path)
        if (None if value is None else sha256(value).digest()) != digest:
            return "another_value" if value is not None and digest is not None else "wrong"
    return ""


def verify_range(
    root: bytes, proof: bytes, low: int, high: int, items: Mapping[bytes, bytes]
) -> str:
    """Return what is wrong with a proof that a range has these items and no more; "" if nothing.

    Args:
        root: That the caller trusts.
        proof: From `SparseTree.prove_range` for just this range.
        low: The lowest path.
        high: The highest path, included.
        items: All that is in the range, values by keys.
    """
    try:
        shown = _check(root, proof, [(low, high)])
    except _ProofError as flaw:
        return str(flaw)
    within = {path: digest for path, digest in shown.items() if low <= path <= high}
    said = {
        int.from_bytes(sha256(key).digest(), "big"): sha256(value).digest()
        for key, value in items.items()
    }
    return "" if said == within else "wrong"


def _check(root: bytes, proof: bytes, ranges: Ranges) -> dict[int, bytes]:
    """Return the leaves that a proof shows.

    Raises:
        _ProofError: It is none of this root, or not the one for these ranges.
    """
    if not 0 < len(proof) <= MOST_PROOF:
        raise _ProofError("malformed")
    if proof == bytes([_EMPTY]):
        if root != EMPTY:
            raise _ProofError("another_root")
        return {}
    shown: dict[int, bytes] = {}
    node, end = _read(proof, 0, 0, _ALL, shown)
    if end != len(proof):
        raise _ProofError("malformed")
    if node.hash != root:
        raise _ProofError("another_root")
    if write(node, ranges) != proof:
        raise _ProofError("needless")
    return shown


def _read(data: bytes, at: int, low: int, high: int, shown: dict[int, bytes]) -> tuple[Part, int]:
    """Read a subtree whose paths must lie from `low` to `high`; return it and where it ends."""
    tag = data[at] if at < len(data) else _EMPTY
    if tag == _STUB:
        return Stub(_take(data, at + 1, _HASH)), at + 1 + _HASH
    if tag == _LEAF:
        path, digest = _take(data, at + 1, _HASH), _take(data, at + 1 + _HASH, _HASH)
        number = int.from_bytes(path, "big")
        if not low <= number <= high:
            raise _ProofError("malformed")
        shown[number] = digest
        hash_ = sha256(b"\x00" + path + digest).digest()
        return Shown(hash_, number, digest), at + 1 + 2 * _HASH
    if tag != _BRANCH:
        raise _ProofError("malformed")
    depth = _take(data, at + 1, 1)[0]
    size = depth + 7 >> 3
    path = _take(data, at + 2, size)
    number = int.from_bytes(path + bytes(_HASH - size), "big")
    half = 1 << _TOP - depth
    middle, last = number | half, number + 2 * half - 1
    if number != prefix(number, depth) or not low <= number <= last <= high:
        raise _ProofError("malformed")  # this also bounds how deep it goes
    left, at = _read(data, at + 2 + size, number, middle - 1, shown)
    right, at = _read(data, at, middle, last, shown)
    hash_ = branch_hash(depth, number, left.hash, right.hash)
    return Fork(hash_, number, depth, left, right), at


def _take(data: bytes, at: int, count: int) -> bytes:
    found = data[at : at + count]
    if len(found) != count:
        raise _ProofError("malformed")
    return found
