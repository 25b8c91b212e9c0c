"""Figures of one expert, or of the council, over a time; they add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from ciranda.events.judging import Verdict

from .histogram import counted
from .sample import Role, SampleRow

__all__ = ["COUNCIL", "Rollup", "Subject", "rolled_up"]

COUNCIL: Final = ""  # whose figures are those of the judgements themselves
_REASONS: Final = 32  # kinds that are told apart; experts may make up any number
_OTHER: Final = "other"

Subject: TypeAlias = tuple[str, Role]
_Said: TypeAlias = tuple[Verdict, str, float, float]  # verdict, reason, latency, confidence


class Rollup(msgspec.Struct, kw_only=True):
    """Counts over a time.

    `latencies` counts by bucket of `histogram`; `latency` and `confidence` are sums. `skipped`
    counts the judgements for which the gate left the expert out, `disagreed` the shadow runs in
    which it would have said something else than the council did.
    """

    count: int = 0
    verdicts: dict[str, int] = {}
    reasons: dict[str, int] = {}
    latencies: dict[int, int] = {}
    latency: float = 0.0
    confidence: float = 0.0
    cached: int = 0
    skipped: int = 0
    disagreed: int = 0

    def merge(self, other: Rollup) -> None:
        """Add the counts of another time."""
        self.count += other.count
        _add(self.verdicts, other.verdicts)
        _add(self.reasons, other.reasons)
        _add(self.latencies, other.latencies)
        self.reasons = _bounded(self.reasons)
        self.latency += other.latency
        self.confidence += other.confidence
        self.cached += other.cached
        self.skipped += other.skipped
        self.disagreed += other.disagreed


def rolled_up(
    rows: Iterable[SampleRow], period: int, *, council: bool = True
) -> dict[tuple[int, str, Role], Rollup]:
    """Return the figures of judgements by the start of their period, and by subject.

    Args:
        rows: The judgements.
        period: Length of a period in seconds.
        council: Whether the judgements themselves count too.
    """
    by_start: dict[int, list[SampleRow]] = {}
    for row in rows:
        by_start.setdefault(int(row[0] // period) * period, []).append(row)
    return {
        (start, *subject): rollup
        for start, some in by_start.items()
        for subject, rollup in _together(some).items()
        if council or subject[0] != COUNCIL
    }


def _together(rows: Sequence[SampleRow]) -> dict[Subject, Rollup]:
    said: dict[tuple[str, int], list[_Said]] = {}
    cached: Counter[tuple[str, int]] = Counter()
    disagreed: Counter[tuple[str, int]] = Counter()
    skipped: Counter[tuple[str, int]] = Counter()
    council: list[_Said] = []
    for _, _, _, verdict, confidence, reason, latency, _, _, _, left_out, answers in rows:
        council.append((verdict, reason, latency, confidence))
        for expert, _, found, sure, _, why, took, known, role in answers:
            subject = (expert, role)
            if subject in said:
                said[subject].append((found, why, took, sure))
            else:
                said[subject] = [(found, why, took, sure)]
            if known:
                cached[subject] += 1
            if role == Role.SHADOW and found not in (verdict, Verdict.ABSTAINED):
                disagreed[subject] += 1
        for expert in left_out:
            skipped[expert, Role.COUNTED] += 1
    rollups = {(expert, Role(role)): _figures(some) for (expert, role), some in said.items()}
    for expert, role in skipped:
        rollups.setdefault((expert, Role(role)), Rollup())
    for subject, rollup in rollups.items():
        rollup.cached = cached[subject]
        rollup.skipped = skipped[subject]
        rollup.disagreed = disagreed[subject]
    rollups[COUNCIL, Role.COUNTED] = _figures(council)
    return rollups


def _figures(said: Sequence[_Said]) -> Rollup:
    verdicts, reasons, latencies, confidences = zip(*said, strict=True)
    return Rollup(
        count=len(said),
        verdicts={str(verdict): count for verdict, count in Counter(verdicts).items()},
        reasons=_bounded(Counter(reasons)),
        latencies=counted(latencies),
        latency=sum(latencies),
        confidence=sum(confidences),
    )


def _add(
    into: dict[int, int] | dict[str, int], counts: Mapping[int, int] | Mapping[str, int]
) -> None:
    for name, count in counts.items():
        into[name] = into.get(name, 0) + count  # type: ignore[index,arg-type]  # both of one kind


def _bounded(reasons: dict[str, int]) -> dict[str, int]:
    """Return no more kinds than may be told apart; those met first keep their name."""
    if len(reasons) <= _REASONS:
        return reasons
    named = [reason for reason in reasons if reason != _OTHER][: _REASONS - 1]
    kept = {reason: reasons[reason] for reason in named}
    kept[_OTHER] = sum(reasons.values()) - sum(kept.values())
    return kept
