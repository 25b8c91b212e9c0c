"""The figures of one block, and of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from ciranda_consensus.figures.contents import Contents

__all__ = ["Round", "Totals", "add", "contents_of"]

Name = TypeVar("Name", int, str)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """How a block was agreed on, as one validator saw it.

    Attributes:
        height: Of the block.
        block: Its hash, in hexadecimal.
        view: In which it was proposed.
        views: How many views it took; above 1, somebody was away or late.
        proposer: Index of the validator that made it.
        participants: How many validators signed the certificate that agrees on it, `stake` theirs.
        entries: How many entries it has, and `proofs` how many proofs these are about.
        seconds: From when the proposal was first seen here until it was agreed on; None where the
            block came afterwards, to a validator that was away.
        at: When that was, in milliseconds since the epoch.
        nodes: Nodes of the state's tree that it made; all others are shared with the state before.
        attested: Attestations by their sender's key.
        refuted: Of those, here or earlier, how many were shown to be wrong.
        rewards: Units that somebody earned, by key.
    """

    height: int
    block: str
    view: int
    views: int
    proposer: int
    participants: int
    stake: int
    entries: int
    proofs: int
    seconds: float | None
    at: int
    nodes: int
    attested: dict[str, int] = {}
    refuted: dict[str, int] = {}
    rewards: dict[str, int] = {}


class Totals(msgspec.Struct, kw_only=True):
    """Sums over all blocks that a validator saw agreed on.

    Attributes:
        blocks: How many, and `entries`, `proofs`, `views` and `nodes` as in `Round`.
        timed: Blocks whose duration is known, and `seconds` the sum of these.
        signed: How many certificates each validator signed, by its index.
        proposed: How many blocks each made, by its index.
        attested: As in `Round`, and so are `refuted` and `rewards`.
    """

    blocks: int = 0
    entries: int = 0
    proofs: int = 0
    views: int = 0
    nodes: int = 0
    timed: int = 0
    seconds: float = 0.0
    signed: dict[int, int] = {}
    proposed: dict[int, int] = {}
    attested: dict[str, int] = {}
    refuted: dict[str, int] = {}
    rewards: dict[str, int] = {}

    def add(self, one: Round, signers: list[int]) -> None:
        """Add a block and those who signed its certificate."""
        self.blocks += 1
        self.entries += one.entries
        self.proofs += one.proofs
        self.views += one.views
        self.nodes += one.nodes
        if one.seconds is not None:
            self.timed += 1
            self.seconds += one.seconds
        add(self.signed, dict.fromkeys(signers, 1))
        add(self.proposed, {one.proposer: 1})
        for name in ("attested", "refuted", "rewards"):
            add(getattr(self, name), getattr(one, name))


def add(sums: dict[Name, int], more: Mapping[Name, int]) -> None:
    """Add counts to sums, by name."""
    for name, count in more.items():
        sums[name] = sums.get(name, 0) + count


def contents_of(one: Contents) -> dict[str, dict[str, int]]:
    """Return what is kept of a block's contents."""
    return {"attested": one.attested, "refuted": one.refuted, "rewards": one.rewards}
