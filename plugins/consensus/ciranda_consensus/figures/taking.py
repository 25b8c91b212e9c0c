"""Takes the figures of a validator, whoever runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ciranda_consensus.crypto import Verifier
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.state.transactions import parse, sender_of
from ciranda_consensus.store import Store

from .alerts import accuracy_of, alerts_of
from .meter import Meter
from .told import (
    Accuracy,
    Figures,
    Rate,
    durations_of,
    rate_of,
    rates_of,
)

__all__ = ["LAST", "Around", "accused", "take"]

LAST: Final = 20  # blocks that are told one by one


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a validator knows besides its blocks.

    Attributes:
        seat: Its index.
        gauges: Of its application.
        peers: Indices of those who are connected; None where all are in one process.
        ahead: The height that more stake than may be faulty tells of.
        banned: Keys to which nobody listens.
        refused: Connections that came to nothing, by the reason.
        latency: Seconds to a quorum and to the disk there.
        solver: Why proofs cannot be checked as the epoch wants it.
    """

    seat: int
    gauges: Mapping[str, int]
    peers: tuple[int, ...] | None = None
    ahead: int = 0
    banned: tuple[str, ...] = ()
    refused: Mapping[str, int] = {}
    latency: float = 0.0
    solver: str = ""


def accused(store: Store, validators: ValidatorSet) -> dict[str, int]:
    """Return how much evidence a store has, by the key of whom it is against."""
    found: Counter[str] = Counter()
    for one in store.evidence():
        if 0 <= one.signer < len(validators):
            found[validators.members[one.signer].public.hex()] += 1
    for lie in store.lies():
        sender = sender_of(parse(lie))
        if sender is not None:
            found[sender.hex()] += 1
    return dict(found)


def take(  # noqa: PLR0917  (what it looks at, in one call)
    meter: Meter,
    store: Store,
    verifier: Verifier,
    tree: SparseTree,
    height: int,
    validators: ValidatorSet,
    around: Around,
) -> Figures:
    """Return the figures as they are; reads the store, and counts the keys of the state."""
    rounds, keys, counts = tuple(meter.rounds), len(tree), verifier.counts
    nodes = max(0, 2 * keys - 1)
    incidents, accuracy = accused(store, validators), accuracy_of(rounds)
    caches, pool = rates_of(around.gauges)
    caches["signatures"] = Rate(counts.remembered, counts.checked)
    members = range(len(validators))
    peers = tuple(one for one in members if one != around.seat)
    connected = peers if around.peers is None else around.peers
    stake = sum(validators.members[one].stake for one in {around.seat, *connected})
    return Figures(
        rounds=rounds[-LAST:],
        totals=meter.totals,
        window=len(rounds),
        durations=durations_of(rounds),
        rate=rate_of(rounds),
        accuracy={key: Accuracy(*each) for key, each in sorted(accuracy.items())},
        caches=caches,
        pool=pool,
        keys=keys,
        nodes=nodes,
        shared=_shared(meter, nodes),
        refused=dict(_sum(meter.refused, around.refused)),
        peers=tuple(connected),
        latency=around.latency,
        incidents=incidents,
        alerts=alerts_of(
            height=height,
            accuracy=accuracy,
            stalled=meter.stalled,
            ahead=around.ahead,
            banned=around.banned,
            incidents=incidents,
            stake=stake,
            quorum=validators.quorum,
            solver=around.solver,
        ),
    )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    return sorted((Counter(one) + Counter(other)).items())


def _shared(meter: Meter, nodes: int) -> float | None:
    """Return the share of nodes that an average block of the window did not make."""
    if not meter.rounds or not nodes:
        return None
    made = sum(one.nodes for one in meter.rounds) / len(meter.rounds)
    return max(0.0, 1 - made / nodes)
