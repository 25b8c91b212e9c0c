"""Figures of validators in the text format that Prometheus reads (0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from ciranda_consensus.standing import Standing

from .alerts import Concern
from .told import Figures

__all__ = ["exposition"]

_PREFIX: Final = "ciranda_consensus"
_Labels: TypeAlias = Mapping[str, str]
_Seen: TypeAlias = tuple[Standing, Figures]


def exposition(standing: Sequence[Standing]) -> str:
    """Return the figures of validators; one that does not answer has `up` 0 and nothing else.

    The number of series is bounded by that of validators: no key but theirs is a label.
    """
    up = [(_of(one), int(not one.fault)) for one in standing]
    lines = list(_family("up", "gauge", "1 for a validator that answers.", up))
    seen = [(one, one.figures) for one in standing if not one.fault and one.figures is not None]
    for name, kind, said, values in _families(seen):
        lines += _family(name, kind, said, values)
    return "\n".join(lines) + "\n"


def _families(
    seen: Sequence[_Seen],
) -> Iterator[tuple[str, str, str, Iterable[tuple[_Labels, float]]]]:
    yield "height", "gauge", "Last block agreed on.", [(_of(s), s.height) for s, _ in seen]
    yield "view", "gauge", "View that it is in.", [(_of(s), s.view) for s, _ in seen]
    for name, said in (
        ("blocks", "Blocks that it saw agreed on."),
        ("entries", "Entries of these."),
        ("proofs", "Proofs that these are about."),
        ("views", "Views that these took."),
    ):
        yield f"{name}_total", "counter", said, [(_of(s), getattr(f.totals, name)) for s, f in seen]
    said = "Seconds of blocks whose duration is known."
    yield "round_seconds_sum", "counter", said, [(_of(s), f.totals.seconds) for s, f in seen]
    yield "round_seconds_count", "counter", said, [(_of(s), f.totals.timed) for s, f in seen]
    said = "Seconds that a block took, of the last ones."
    yield "round_seconds", "gauge", said, [
        (_of(s) | {"quantile": name}, value)
        for s, f in seen
        for name, value in (("0.5", f.durations.p50), ("0.95", f.durations.p95))
        if value is not None
    ]  # fmt: skip
    yield "pool", "gauge", "Entries that wait, and what became of others.", [
        (_of(s) | {"what": name}, count) for s, f in seen for name, count in sorted(f.pool.items())
    ]  # fmt: skip
    yield "cache_total", "counter", "What was known already, and what had to be done.", [
        (_of(s) | {"cache": name, "result": result}, count)
        for s, f in seen
        for name, rate in sorted(f.caches.items())
        for result, count in (("hit", rate.hits), ("miss", rate.misses))
    ]  # fmt: skip
    yield "state_keys", "gauge", "Keys of the state.", [(_of(s), f.keys) for s, f in seen]
    yield "refused_total", "counter", "Messages that were not taken.", [
        (_of(s) | {"reason": name}, count) for s, f in seen for name, count in f.refused.items()
    ]  # fmt: skip
    yield "peers", "gauge", "Validators it is connected with.", [
        (_of(s), len(f.peers)) for s, f in seen
    ]  # fmt: skip
    yield "incidents", "gauge", "Pieces of evidence.", [
        (_of(s), sum(f.incidents.values())) for s, f in seen
    ]  # fmt: skip
    known = {s.public for s, _ in seen}
    for name, said in (("signed", "Certificates signed."), ("proposed", "Blocks made.")):
        yield f"{name}_total", "counter", said, [
            (_of(s) | {"by": str(seat)}, count)
            for s, f in seen
            for seat, count in sorted(getattr(f.totals, name).items())
        ]  # fmt: skip
    yield "rewards_total", "counter", "Units that a validator earned.", [
        (_of(s) | {"by": key[:16]}, units)
        for s, f in seen
        for key, units in sorted(f.totals.rewards.items())
        if key in known
    ]  # fmt: skip
    yield "alert", "gauge", "1 for each thing to look at.", [
        (_of(s) | {"kind": kind.value}, int(any(one.kind is kind for one in f.alerts)))
        for s, f in seen
        for kind in Concern
    ]  # fmt: skip


def _of(one: Standing) -> dict[str, str]:
    return {"validator": str(one.seat), "key": one.public[:16]}


def _family(
    name: str, kind: str, said: str, values: Iterable[tuple[_Labels, float]]
) -> Iterator[str]:
    rows = [f"{_PREFIX}_{name}{_labels(labels)} {value!r}" for labels, value in values]
    if rows:
        yield f"# HELP {_PREFIX}_{name} {said}"
        yield f"# TYPE {_PREFIX}_{name} {kind}"
        yield from rows


def _labels(labels: _Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
