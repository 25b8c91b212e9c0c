"""The council's figures in the text format that Prometheus reads (0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from ..telemetry.histogram import cumulative
from ..telemetry.rollup import COUNCIL, Rollup, Subject
from ..telemetry.sample import Role
from .status import Status

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_EXPERTS: Final = 50  # with series of their own; the rest is added up
_OTHER: Final = "other"
_PREFIX: Final = "ciranda_experts"
_Labels: TypeAlias = tuple[tuple[str, str], ...]


def exposition(status: Status, ever: Mapping[Subject, Rollup]) -> str:
    """Return the figures.

    Counters count since the beginning and never fall, whatever is forgotten. The number of
    series is bounded: 50 experts, 32 reasons each, and never an id or a key.

    Args:
        status: How the council is doing now.
        ever: Figures since the beginning, by subject.
    """
    council = ever.get((COUNCIL, Role.COUNTED), Rollup())
    counted, shadow = _bounded(ever, Role.COUNTED), _bounded(ever, Role.SHADOW)
    lines: list[str] = []
    lines += _family(
        "judgements_total", "counter", "Judgements by verdict.",
        [((("verdict", name),), count) for name, count in sorted(council.verdicts.items())],
    )  # fmt: skip
    lines += _histogram("judgement_seconds", "Time that judgements took.", [((), council)])
    lines += _family(
        "answers_total", "counter", "Answers of experts by verdict.",
        [
            ((("expert", expert), ("verdict", name)), count)
            for expert, rollup in counted.items()
            for name, count in sorted(rollup.verdicts.items())
        ],
    )  # fmt: skip
    lines += _family(
        "reasons_total", "counter", "Answers of experts by reason.",
        [
            ((("expert", expert), ("reason", name)), count)
            for expert, rollup in counted.items()
            for name, count in sorted(rollup.reasons.items())
        ],
    )  # fmt: skip
    lines += _histogram(
        "answer_seconds", "Time that experts took.",
        [((("expert", expert),), rollup) for expert, rollup in counted.items()],
    )  # fmt: skip
    for name, said, source, field in (
        ("cached_total", "Answers that were remembered.", counted, "cached"),
        ("skipped_total", "Judgements without this expert, by the gate.", counted, "skipped"),
        ("shadow_runs_total", "Skipped experts that were asked all the same.", shadow, "count"),
        ("shadow_disagreements_total", "Of these, those that disagreed.", shadow, "disagreed"),
    ):
        lines += _family(
            name, "counter", said,
            [((("expert", expert),), getattr(rollup, field)) for expert, rollup in source.items()],
        )  # fmt: skip
    lines += _learned(status)
    lines += _health(status)
    return "\n".join(lines) + "\n"


def _learned(status: Status) -> list[str]:
    known = [
        ((("expert", expert.name), ("version", each.version)), each)
        for expert in status.experts[:_EXPERTS]
        for each in expert.accuracy[-4:]
    ]
    lines = _family(
        "accuracy_ratio", "gauge", "Share of right answers among the newest outcomes.",
        [(labels, each.share) for labels, each in known],
    )  # fmt: skip
    lines += _family(
        "brier_score", "gauge", "Mean squared error of confidence; 0 is perfect.",
        [(labels, each.reliability.brier) for labels, each in known],
    )  # fmt: skip
    lines += _family(
        "calibration_error_ratio", "gauge", "Mean distance of confidence and truth.",
        [(labels, each.reliability.error) for labels, each in known],
    )  # fmt: skip
    return lines + _family(
        "alert", "gauge", "1 for each expert that got worse.",
        [
            ((("expert", each.expert), ("kind", each.kind.value)), 1)
            for each in status.alerts[:_EXPERTS]
        ],
    )  # fmt: skip


def _health(status: Status) -> list[str]:
    lines = _family(
        "telemetry_total", "counter", "Judgements by what became of their record.",
        [((("fate", fate),), count) for fate, count in sorted(status.telemetry.items())],
    )  # fmt: skip
    for name, said, value in (
        ("threshold", "Confidence that an approval needs.", status.threshold),
        ("reviews_open", "Items that wait for a human.", status.waiting),
        ("crisis", "1 while the council is in crisis mode.", int(status.crisis)),
    ):
        lines += _family(name, "gauge", said, [((), value)])
    return lines


def _bounded(ever: Mapping[Subject, Rollup], wanted: Role) -> dict[str, Rollup]:
    """Return the experts with the most answers by name, and the sum of the others."""
    found = {expert: rollup for (expert, role), rollup in ever.items() if role is wanted}
    found.pop(COUNCIL, None)
    names = sorted(found, key=lambda name: (-found[name].count, name))
    kept = {name: found[name] for name in sorted(names[:_EXPERTS])}
    if names[_EXPERTS:]:
        rest = kept.pop(_OTHER, Rollup())
        for name in names[_EXPERTS:]:
            rest.merge(found[name])
        kept[_OTHER] = rest
    return kept


def _family(name: str, kind: str, said: str, values: Iterable[tuple[_Labels, float]]) -> list[str]:
    """Return a metric with its head; nothing where it has no series."""
    rows = [f"{_PREFIX}_{name}{_labels(labels)} {value!r}" for labels, value in values]
    return [*_head(name, kind, said), *rows] if rows else []


def _histogram(name: str, said: str, values: Iterable[tuple[_Labels, Rollup]]) -> list[str]:
    rows: list[str] = []
    full = f"{_PREFIX}_{name}"
    for labels, rollup in values:
        for edge, count in cumulative(rollup.latencies):
            rows.append(f"{full}_bucket{_labels((*labels, ('le', f'{edge:.6g}')))} {count}")
        rows.append(f"{full}_bucket{_labels((*labels, ('le', '+Inf')))} {rollup.count}")
        rows.append(f"{full}_sum{_labels(labels)} {rollup.latency!r}")
        rows.append(f"{full}_count{_labels(labels)} {rollup.count}")
    return [*_head(name, "histogram", said), *rows] if rows else []


def _head(name: str, kind: str, said: str) -> list[str]:
    return [f"# HELP {_PREFIX}_{name} {said}", f"# TYPE {_PREFIX}_{name} {kind}"]


def _labels(labels: _Labels) -> str:
    if not labels:
        return ""
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inside}}}"


def _escaped(value: str) -> str:
    sound = value.encode("utf-8", "replace").decode("utf-8")
    return sound.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
