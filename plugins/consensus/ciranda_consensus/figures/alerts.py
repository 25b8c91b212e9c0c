"""What somebody has to look at, as it follows from figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from .round import Round

__all__ = ["ENOUGH", "LEAST", "Alert", "Concern", "accuracy_of", "alerts_of"]

LEAST: Final = 0.95  # share of attestations that must be right
ENOUGH: Final = 20  # attestations before that is said of anybody
PATIENCE: Final = 30.0  # seconds that entries may wait without a block
BEHIND: Final = 10  # blocks


class Concern(StrEnum):
    """What an alert is about."""

    ACCURACY = "accuracy"
    BANNED = "banned"
    BEHIND = "behind"
    INCIDENT = "incident"
    NO_PROGRESS = "no-progress"
    NO_QUORUM = "no-quorum"
    OTHER_SOLVER = "other-solver"
    ROLLBACK = "rollback-refused"


class Alert(msgspec.Struct, frozen=True):
    """Something to look at: what it is, whom it is about (a key, or ""), and a sentence."""

    kind: Concern
    about: str
    message: str


def accuracy_of(rounds: Iterable[Round]) -> dict[str, tuple[int, int]]:
    """Return how many attestations each made in these blocks, and how many were refuted."""
    found: dict[str, tuple[int, int]] = {}
    for one in rounds:
        for key in one.attested.keys() | one.refuted.keys():
            made, wrong = found.get(key, (0, 0))
            found[key] = (made + one.attested.get(key, 0), wrong + one.refuted.get(key, 0))
    return found


def alerts_of(
    *,
    height: int,
    accuracy: Mapping[str, tuple[int, int]],
    stalled: float,
    ahead: int,
    banned: Iterable[str],
    incidents: Mapping[str, int],
    stake: int,
    quorum: int,
    solver: str = "",
) -> tuple[Alert, ...]:
    """Return what somebody has to look at.

    Args:
        height: Of the last block agreed on here.
        accuracy: As `accuracy_of` returns it.
        stalled: Seconds for which entries have waited and nothing was agreed on.
        ahead: The height that more stake than may be faulty tells of.
        banned: Keys of those to whom nobody listens now.
        incidents: How much evidence there is against a key.
        stake: Of this validator and all that it is connected with.
        quorum: The stake that a block needs.
        solver: Why proofs cannot be checked as this epoch wants it; "" if they can.
    """
    found = []
    for key, (made, wrong) in sorted(accuracy.items()):
        if made >= ENOUGH and made - wrong < LEAST * made:
            share = (made - wrong) / made
            text = f"of its last {made} attestations {share:.1%} were right, under {LEAST:.0%}"
            found.append(Alert(Concern.ACCURACY, key, text))
    if stalled > PATIENCE:
        text = f"entries wait and nothing was agreed on for {stalled:.0f} s"
        found.append(Alert(Concern.NO_PROGRESS, "", text))
    if ahead - height >= BEHIND:
        text = f"this validator is at {height}, others are at {ahead}"
        found.append(Alert(Concern.BEHIND, "", text))
    if stake < quorum:
        text = f"a block needs a stake of {quorum}, and {stake} can be reached"
        found.append(Alert(Concern.NO_QUORUM, "", text))
    text = "it sent nonsense, and nobody listens to it now"
    found += [Alert(Concern.BANNED, key, text) for key in sorted(banned)]
    for key, count in sorted(incidents.items()):
        text = f"there is evidence against it: {count} in `ciranda consensus incidents`"
        found.append(Alert(Concern.INCIDENT, key, text))
    if solver:
        found.append(Alert(Concern.OTHER_SOLVER, "", solver))
    return tuple(found)
