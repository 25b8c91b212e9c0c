"""How the council is doing, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from ciranda.events.judging import Verdict

from ..learning.learning import Learning
from ..learning.outcomes import Accuracy
from ..learning.reviews import ReviewStatus
from ..learning.trial import Trial
from ..telemetry.alerts import Alert, alerts
from ..telemetry.histogram import quantile
from ..telemetry.rollup import COUNCIL, Rollup
from ..telemetry.sample import Role
from ..telemetry.settings import TelemetrySettings
from ..telemetry.store import Crisis, Store

__all__ = ["ExpertStatus", "Figures", "GateStatus", "ReviewLine", "Status", "TrialLine", "status"]

_HOUR: Final = 3600.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the time that is looked back on; latencies in seconds, None of nothing."""

    count: int
    verdicts: dict[str, int]
    reasons: dict[str, int]
    confidence: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    cached: int


class GateStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How often the gate left an expert out, and how often that mattered.

    `shadowed` of the skipped ones were asked all the same; `disagreed` of these would have said
    something else than the council did.
    """

    skipped: int
    share: float
    shadowed: int
    disagreed: int


class ExpertStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One expert; `accuracy` by version.

    `version` is the one that counts: as chosen, else the only one with outcomes; else empty.
    """

    name: str
    version: str
    figures: Figures
    gate: GateStatus
    accuracy: tuple[Accuracy, ...]


class TrialLine(msgspec.Struct, frozen=True, kw_only=True):
    """A version on trial; `evidence` is what a bet on it has made of 1."""

    expert: str
    kind: str
    incumbent: str
    candidate: str
    share: float
    pairs: int
    wins: int
    losses: int
    evidence: float


class ReviewLine(msgspec.Struct, frozen=True, kw_only=True):
    """An item that waits for a human."""

    id: str
    opened: float
    asked: int
    intent: str
    why: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The council from `since` to `at`, in unix seconds.

    `telemetry` counts judgements written, dropped and failed, ever.
    """

    at: float
    since: float
    figures: Figures
    experts: tuple[ExpertStatus, ...]
    alerts: tuple[Alert, ...]
    crises: tuple[Crisis, ...]
    crisis: bool
    threshold: float
    trials: tuple[TrialLine, ...]
    waiting: int
    reviews: tuple[ReviewLine, ...]
    telemetry: dict[str, int]


def status(store: Store, learning: Learning, settings: TelemetrySettings, *, now: float) -> Status:
    """Return how the council is doing.

    Args:
        store: What was recorded.
        learning: What was learned.
        settings: How far to look back, and the rate of false alarms.
        now: Unix seconds.

    Raises:
        StoreError: A file cannot be read.
    """
    since = now - settings.hours * _HOUR
    minutes = store.rollups(since)
    accuracy: dict[str, list[Accuracy]] = {}
    for expert, version in learning.outcomes.versions():
        found = learning.outcomes.accuracy(expert, version)
        if found is not None:
            accuracy.setdefault(expert, []).append(found)
    names = {expert for expert, _ in minutes if expert != COUNCIL} | accuracy.keys()
    crises = store.crises(since)
    return Status(
        at=now,
        since=since,
        figures=_figures(minutes.get((COUNCIL, Role.COUNTED), ())),
        experts=tuple(
            ExpertStatus(
                name=name,
                version=_version(learning.versions.current(name), accuracy.get(name, ())),
                figures=_figures(minutes.get((name, Role.COUNTED), ())),
                gate=_gate(
                    _sum(minutes.get((name, Role.COUNTED), ())),
                    _sum(minutes.get((name, Role.SHADOW), ())),
                ),
                accuracy=tuple(accuracy.get(name, ())),
            )
            for name in sorted(names)
        ),
        alerts=tuple(
            alerts(
                {
                    name: rows
                    for (name, role), rows in minutes.items()
                    if role is Role.COUNTED and name != COUNCIL
                },
                _right(learning),
                now=now,
                error=settings.alert_error,
            )
        ),
        crises=tuple(crises),
        crisis=any(crisis.ended is None for crisis in crises),
        threshold=learning.thresholds.value,
        trials=tuple(map(_trial, learning.versions.trials())),
        waiting=learning.reviews.waiting(),
        reviews=tuple(
            ReviewLine(
                id=item.id,
                opened=item.opened,
                asked=item.asked,
                intent=item.judgement.id,
                why=item.why,
            )
            for item in learning.reviews.items(ReviewStatus.OPEN)
        ),
        telemetry=store.meters(),
    )


def _version(chosen: str | None, accuracy: Sequence[Accuracy]) -> str:
    if chosen is not None:
        return chosen
    return accuracy[0].version if len(accuracy) == 1 else ""


def _sum(rows: Sequence[tuple[int, Rollup]]) -> Rollup:
    total = Rollup()
    for _, rollup in rows:
        total.merge(rollup)
    return total


def _figures(rows: Sequence[tuple[int, Rollup]]) -> Figures:
    total = _sum(rows)
    return Figures(
        count=total.count,
        verdicts={verdict.value: total.verdicts.get(verdict.value, 0) for verdict in Verdict},
        reasons=dict(sorted(total.reasons.items(), key=lambda item: (-item[1], item[0]))),
        confidence=total.confidence / total.count if total.count else None,
        p50=quantile(total.latencies, 0.5),
        p95=quantile(total.latencies, 0.95),
        p99=quantile(total.latencies, 0.99),
        cached=total.cached,
    )


def _gate(counted: Rollup, shadow: Rollup) -> GateStatus:
    asked = counted.count + counted.skipped
    return GateStatus(
        skipped=counted.skipped,
        share=counted.skipped / asked if asked else 0.0,
        shadowed=shadow.count,
        disagreed=shadow.disagreed,
    )


def _right(learning: Learning) -> dict[str, list[bool]]:
    """Return rightness of experts by version: another version is no worse by being new."""
    return {
        f"{expert} {version}": learning.outcomes.right(expert, version)
        for expert, version in learning.outcomes.versions()
    }


def _trial(trial: Trial) -> TrialLine:
    return TrialLine(
        expert=trial.expert,
        kind=trial.kind.value,
        incumbent=trial.incumbent,
        candidate=trial.candidate,
        share=trial.share,
        pairs=trial.pairs,
        wins=trial.wins,
        losses=trial.losses,
        evidence=trial.evidence,
    )
