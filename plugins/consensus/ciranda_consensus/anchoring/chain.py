"""The anchors of a run as a chain has them: it says how many there are, whatever a store says."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from ciranda_consensus.cluster import Found, RefusedError, Shown, TooLateError
from ciranda_consensus.encoding import decode
from ciranda_consensus.receipts import Receipt, receipt_of
from ciranda_consensus.records import record_key
from ciranda_consensus.standing import Standing

from .anchor import Anchor, AnchorError, key_of_anchor, read_anchor

__all__ = ["Agrees", "Held", "anchors_in", "receipt_anchor"]

AT_ONCE: Final = 8  # keys that are asked for together


class Agrees(Protocol):
    """Has entries agreed on, and tells what was; `Embedded` and `Remote` do."""

    async def commit(self, entries: Sequence[bytes], patience: float) -> list[Found]:
        """Have entries agreed on; return where each is."""

    async def locate(self, digest: bytes) -> Found | None:
        """Return the block that holds an entry of which only the SHA-256 is known."""

    async def show(self, keys: Sequence[bytes]) -> Shown:
        """Return what the newest state says of keys."""

    async def standing(self) -> list[Standing]:
        """Return how each validator is."""


class Held(msgspec.Struct, frozen=True):
    """An anchor and its receipt."""

    anchor: Anchor
    receipt: Receipt


def receipt_anchor(receipt: Receipt) -> Anchor:
    """Return the anchor that a receipt is of, believing all that it says.

    Raises:
        AnchorError: It is of something else.
    """
    if receipt.entry is None:
        raise AnchorError("the receipt is of a state, and of no entry")
    return read_anchor(receipt.entry.key, receipt.entry.json)


async def anchors_in(cluster: Agrees, run: str) -> list[Held]:
    """Return all anchors of a run that a chain has.

    Raises:
        AnchorError: There is something else under a key of an anchor, or its block is forgotten.
        TooLateError: Nobody answers.
    """
    found: list[Held] = []
    while True:
        keys = [key_of_anchor(run, len(found) + more) for more in range(AT_ONCE)]
        shown = await _shown(cluster, [record_key(key) for key in keys])
        if shown is None:
            return found
        for key in keys:
            value = shown.values[record_key(key)]
            if value is None:
                return found
            where = await cluster.locate(digest := decode(value)[1])
            if where is None:
                raise AnchorError(
                    f"the validators do not have the block of {key!r} any more: "
                    "name its receipt with `--receipt`"
                )
            found.append(_held(where, digest))


def _held(where: Found, digest: bytes) -> Held:
    entry = next(one for one in where.block.entries if sha256(one).digest() == digest)
    receipt = receipt_of(where, entry)
    return Held(receipt_anchor(receipt), receipt)


async def _shown(cluster: Agrees, keys: list[bytes]) -> Shown | None:
    """Return what the state says of keys; None if nothing was agreed on yet."""
    try:
        return await cluster.show(keys)
    except RefusedError:
        return None
    except TooLateError:
        # Validators at the first block decline as well: they have no state that is signed.
        there = [one for one in await cluster.standing() if not one.fault]
        if not there or any(one.height for one in there):
            raise
        return None
