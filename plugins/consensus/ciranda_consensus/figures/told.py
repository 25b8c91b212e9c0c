"""What a validator tells of itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from ciranda_consensus.fields import WireError

from .alerts import Alert
from .round import Round, Totals

__all__ = ["Accuracy", "Durations", "Figures", "Rate", "durations_of", "rates_of", "read_figures"]

MS = 1000


class Rate(msgspec.Struct, frozen=True):
    """How often something was known already, and how often it had to be done."""

    hits: int = 0
    misses: int = 0

    @property
    def share(self) -> float | None:
        """Hits of all; None where there was nothing."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


class Durations(msgspec.Struct, frozen=True):
    """Seconds that blocks took, of the last ones whose duration is known; None without any."""

    count: int = 0
    p50: float | None = None
    p95: float | None = None
    most: float | None = None


class Accuracy(msgspec.Struct, frozen=True):
    """Attestations in the last blocks, and how many were shown to be wrong."""

    attested: int
    refuted: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a validator tells of itself.

    Attributes:
        rounds: The last blocks, oldest first.
        totals: Of all blocks that it saw.
        window: Of how many blocks `durations`, `rate` and `accuracy` are.
        durations: How long blocks took.
        rate: Entries a second, from the first of these blocks to the last; None with one block.
        accuracy: By key.
        caches: Signatures and certificates, entries, blocks, proofs: known already or not.
        pool: How many entries wait, how many bytes they have, what became of others.
        keys: How many keys the state has, and `nodes` how many nodes its tree.
        shared: The share of nodes that an average block of the window did not make anew.
        refused: Messages and connections that were not taken, by the reason.
        peers: Indices of those who are connected.
        latency: Seconds to a quorum and to the disk there.
        incidents: How much evidence there is, by key.
        alerts: What to look at.
    """

    rounds: tuple[Round, ...] = ()
    totals: Totals = msgspec.field(default_factory=Totals)
    window: int = 0
    durations: Durations = Durations()
    rate: float | None = None
    accuracy: dict[str, Accuracy] = {}
    caches: dict[str, Rate] = {}
    pool: dict[str, int] = {}
    keys: int = 0
    nodes: int = 0
    shared: float | None = None
    refused: dict[str, int] = {}
    peers: tuple[int, ...] = ()
    latency: float = 0.0
    incidents: dict[str, int] = {}
    alerts: tuple[Alert, ...] = ()


def read_figures(data: bytes) -> Figures:
    """Return the figures that bytes are.

    Raises:
        WireError: They are none.
    """
    try:
        return msgspec.json.decode(data, type=Figures)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise WireError(f"figures that are none: {error}") from None


def durations_of(rounds: Sequence[Round]) -> Durations:
    """Return how long blocks took."""
    known = sorted(one.seconds for one in rounds if one.seconds is not None)
    if not known:
        return Durations()
    high = known[math.ceil(0.95 * len(known)) - 1]
    middle = len(known) // 2  # not by `statistics`, which takes long to import
    half = (known[middle] + known[~middle]) / 2
    return Durations(len(known), half, high, known[-1])


def rate_of(rounds: Sequence[Round]) -> float | None:
    """Return entries a second; the first block is where the time begins."""
    if len(rounds) <= 1 or rounds[-1].at <= rounds[0].at:
        return None
    entries = sum(one.entries for one in rounds) - rounds[0].entries
    return MS * entries / (rounds[-1].at - rounds[0].at)


def rates_of(counts: Mapping[str, int]) -> tuple[dict[str, Rate], dict[str, int]]:
    """Return rates of what is called `..._hits` and `..._misses`, and the rest."""
    names = {name.removesuffix("_hits") for name in counts if name.endswith("_hits")}
    rates = {
        name: Rate(counts[f"{name}_hits"], counts.get(f"{name}_misses", 0))
        for name in sorted(names)
    }
    used = {f"{name}_{kind}" for name in names for kind in ("hits", "misses")}
    return rates, {name: count for name, count in counts.items() if name not in used}
