"""Figures as plain data, and in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .counts import Counts, Report, Seen
from .histogram import cumulative, quantile

__all__ = ["plain", "prometheus"]


def plain(report: Report) -> dict[str, Any]:
    """Return figures as plain data; durations in seconds, None where there is nothing."""
    meters = report.meters
    saved, cold = meters.get("prefetch_hits", 0), meters.get("prefetch_misses", 0)
    return {
        "skills": {name: _skill(counts) for name, counts in sorted(report.skills.items())},
        "meters": dict(sorted(meters.items())),
        "prefetch_hit_rate": saved / (saved + cold) if saved + cold else None,
    }


def _skill(counts: Counts) -> dict[str, Any]:
    asked = counts.hits + counts.misses
    return {
        "runs": counts.runs,
        "statuses": dict(sorted(counts.statuses.items())),
        "latency": {name: _latency(seen) for name, seen in sorted(counts.found.items())},
        "cache": {
            "hits": counts.hits,
            "misses": counts.misses,
            "hit_rate": counts.hits / asked if asked else None,
        },
    }


def _latency(seen: Seen) -> dict[str, Any]:
    return {
        "count": seen.count,
        "mean": seen.seconds / seen.count if seen.count else None,
        "p50": quantile(seen.buckets, 0.5),
        "p99": quantile(seen.buckets, 0.99),
    }


def prometheus(report: Report) -> str:
    """Return figures in Prometheus' text format; labels are as many as skills are told apart."""
    return "\n".join([*_lines(report), ""])


def _lines(report: Report) -> Iterator[str]:
    skills = sorted(report.skills.items())
    yield from _head("ciranda_skills_runs_total", "counter", "Runs of scripts by how they ended.")
    for name, counts in skills:
        for status, count in sorted(counts.statuses.items()):
            labels = _labels({"skill": name, "status": status})
            yield f"ciranda_skills_runs_total{labels} {count}"
    yield from _head("ciranda_skills_cache_total", "counter", "Steps with a cache.")
    for name, counts in skills:
        for result, count in (("hit", counts.hits), ("miss", counts.misses)):
            labels = _labels({"skill": name, "result": result})
            yield f"ciranda_skills_cache_total{labels} {count}"
    run = "ciranda_skills_run_seconds"
    yield from _head(run, "histogram", "From when a run was asked for to its end.")
    for name, counts in skills:
        for found, seen in sorted(counts.found.items()):
            of = {"skill": name, "found": found}
            for edge, count in cumulative(seen.buckets):
                yield f"{run}_bucket{_labels(of | {'le': f'{edge:.3g}'})} {count}"
            yield f"{run}_bucket{_labels(of | {'le': '+Inf'})} {seen.count}"
            yield f"{run}_sum{_labels(of)} {seen.seconds!r}"
            yield f"{run}_count{_labels(of)} {seen.count}"
    yield from _head("ciranda_skills_total", "counter", "Processes and preloading.")
    for meter, count in sorted(report.meters.items()):
        yield f"ciranda_skills_total{_labels({'meter': meter})} {count}"


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
