"""A version on trial against the one in use: the counts, and what they decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from ciranda.events.judging import Verdict

from ..telemetry.sample import Role, Sample
from .sequential import capital, needed

__all__ = ["Decision", "Kind", "Pair", "Rules", "Trial", "chosen", "decide", "pair_of"]


class Kind(StrEnum):
    """Why two versions are compared."""

    TRIAL = "trial"  # whether the candidate is better
    WATCH = "watch"  # after a promotion: whether the candidate, the former version, was better


class Decision(StrEnum):
    """What the counts say."""

    UNDECIDED = "undecided"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled-back"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a trial is decided.

    Args:
        promotion: Chance that a candidate which is no better is ever promoted.
        rollback: Chance that a promoted version which is no worse is ever rolled back.
        watch: Pairs for which the former version is compared after a promotion.
    """

    promotion: float = 0.05
    rollback: float = 0.01
    watch: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Two versions that judge the same intents; the incumbent's answer is the one that counts.

    Args:
        id: Its number.
        expert: Whose versions.
        incumbent: The version in use.
        candidate: The version beside it.
        share: Share of intents that both judge.
        kind: Why.
        begun: Unix seconds.
        ended: The same; None while it runs.
        pairs: Intents with known outcome that both judged, each counted once.
        wins: Those of them where only the candidate was right.
        losses: Those where only the incumbent was.
        incumbent_false: False approvals of the incumbent.
        candidate_false: Those of the candidate.
        outcome: How it ended.
    """

    id: int
    expert: str
    incumbent: str
    candidate: str
    share: float
    kind: Kind
    begun: float
    ended: float | None = None
    pairs: int = 0
    wins: int = 0
    losses: int = 0
    incumbent_false: int = 0
    candidate_false: int = 0
    outcome: str = ""

    @property
    def evidence(self) -> float:
        """How strongly the candidate is better: what a bet on it has made of 1."""
        return math.exp(min(700.0, capital(self.wins, self.losses)))


@dataclass(frozen=True, slots=True)
class Pair:
    """What two versions made of one intent."""

    incumbent_right: bool
    candidate_right: bool
    incumbent_false: bool  # approved what should have been rejected
    candidate_false: bool


def chosen(trial: int, expert: str, key: str, share: float) -> bool:
    """Tell whether an intent is among those that the candidate judges too.

    The same intent is in the same part always and everywhere, another trial divides anew.
    """
    digest = blake2b(f"{trial}\0{expert}\0{key}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def pair_of(trial: Trial, sample: Sample, truth: Verdict) -> Pair | None:
    """Return what the two versions made of an intent; None unless both judged it.

    Who is uncertain, or abstains, is not right.
    """
    said: dict[Role, Verdict] = {}
    for answer in sample.answers:
        version = trial.candidate if answer.role is Role.CANDIDATE else trial.incumbent
        if answer.expert == trial.expert and answer.version == version:
            said[answer.role] = answer.verdict
    incumbent, candidate = said.get(Role.COUNTED), said.get(Role.CANDIDATE)
    if incumbent is None or candidate is None or not sample.key or sample.at < trial.begun:
        return None
    wrong = truth is Verdict.REJECTED
    return Pair(
        incumbent is truth,
        candidate is truth,
        wrong and incumbent is Verdict.APPROVED,
        wrong and candidate is Verdict.APPROVED,
    )


def decide(trial: Trial, rules: Rules) -> Decision:
    """Return what the counts say; it may be asked after every pair.

    A candidate is promoted when it is right more often by the test of `sequential`, and made no
    more false approvals than the incumbent on the same intents.
    """
    better = capital(trial.wins, trial.losses)
    if trial.kind is Kind.WATCH:
        if better >= needed(rules.rollback):
            return Decision.ROLLED_BACK
        return Decision.KEPT if trial.pairs >= rules.watch else Decision.UNDECIDED
    safe = trial.candidate_false <= trial.incumbent_false
    if better >= needed(rules.promotion) and safe:
        return Decision.PROMOTED
    if capital(trial.losses, trial.wins) >= needed(rules.promotion):
        return Decision.REJECTED
    return Decision.UNDECIDED
