"""What `report.q` shows, computed: an inline plugin, used by `audit.yaml`."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypedDict

from ciranda import action, hookimpl

_WIDTH, _HEIGHT, _GAP, _ROW = 148, 46, 52, 62  # a box of the graph, and the space between boxes
_SHOWN = 12  # bars of a chart
_TONES = dict.fromkeys(("changed", "missing", "policy", "unreadable", "unsatisfied"), "bad")
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000  # from one unit to the next
_LONGEST = 60  # characters of a licence


class Step(TypedDict):
    """A step of the run so far."""

    needs: list[str]
    status: str
    seconds: float


class Bar(TypedDict):
    """A line of a chart."""

    name: str
    value: str
    share: float
    tone: str


class Box(TypedDict):
    """A step in the picture of the run."""

    name: str
    note: str
    status: str
    x: int
    y: int


class Graph(TypedDict):
    """The picture of the run."""

    width: int
    height: int
    boxes: list[Box]
    paths: list[str]


class Kind(TypedDict):
    """How many findings there are of one kind."""

    name: str
    count: int
    tone: str


class Finding(TypedDict):
    """A line of the table of findings."""

    kind: str
    tone: str
    distribution: str
    detail: str


class Row(TypedDict):
    """A line of the table of distributions."""

    name: str
    version: str
    files: int
    bytes: int
    size: str
    share: float
    licence: str
    findings: int
    editable: bool


class Page(TypedDict):
    """Everything that stands on the page."""

    doctype: str
    python: str
    environment: str
    run: str
    started: str
    total: int
    files: str
    size: str
    urgent: int
    kinds: list[Kind]
    findings: list[Finding]
    rows: list[Row]
    largest: list[Bar]
    licences: list[Bar]
    graph: Graph


@action("audit.page")
def page(
    summary: dict[str, Any],
    checked: list[dict[str, Any] | None],
    steps: dict[str, Step],
    run: str = "",
    started: str = "",
) -> Page:
    """Lay out what was found for the page.

    Args:
        summary: What `audit.summary` gathered.
        checked: What `audit.verify` said of each distribution.
        steps: The steps so far, in the order of the file.
        run: The run's id.
        started: When it began.
    """
    whole = [one for one in checked if one]
    found = Counter(finding["distribution"] for finding in summary["findings"])
    most = max((one["bytes"] for one in whole), default=0) or 1
    rows = [
        Row(
            name=one["name"],
            version=one["version"],
            files=one["files"],
            bytes=one["bytes"],
            size=_size(one["bytes"]),
            share=round(100 * one["bytes"] / most, 1),
            licence=_short(one["licence"]),
            findings=found[one["name"]],
            editable=one["editable"],
        )
        for one in whole
    ]
    licences = Counter(row["licence"] or "none declared" for row in rows)
    return Page(
        doctype="<!doctype html>",
        python=summary["python"],
        environment=summary["environment"],
        run=run,
        started=started[:19].replace("T", " "),
        total=summary["distributions"],
        files=f"{summary['files']:,}",
        size=_size(summary["bytes"]),
        urgent=sum(_TONES.get(finding["kind"]) == "bad" for finding in summary["findings"]),
        kinds=[
            Kind(name=kind, count=count, tone=_TONES.get(kind, "note"))
            for kind, count in summary["counts"].items()
        ],
        findings=[
            Finding(
                kind=finding["kind"],
                tone=_TONES.get(finding["kind"], "note"),
                distribution=finding["distribution"],
                detail=finding["detail"],
            )
            for finding in summary["findings"]
        ],
        rows=rows,
        largest=[
            Bar(name=row["name"], value=row["size"], share=row["share"], tone="plain")
            for row in sorted(rows, key=lambda row: -row["bytes"])[:_SHOWN]
        ],
        licences=_bars(licences),
        graph=_graph(steps),
    )


@hookimpl
def actions() -> list[Any]:
    """Offer the action of this file."""
    return [page]


def _bars(counts: Counter[str]) -> list[Bar]:
    """Return the most frequent, and the others as one line."""
    ranked = counts.most_common()
    if len(ranked) > _SHOWN:
        others = sum(count for _, count in ranked[_SHOWN - 1 :])
        ranked = [*ranked[: _SHOWN - 1], ("others", others)]
    most = max((count for _, count in ranked), default=1)
    return [
        Bar(
            name=name,
            value=str(count),
            share=round(100 * count / most, 1),
            tone="note" if name == "none declared" else "plain",
        )
        for name, count in ranked
    ]


def _graph(steps: dict[str, Step]) -> Graph:
    """Place each step one layer right of the last that it waits for."""
    layers: dict[str, int] = {}
    for name, step in steps.items():  # a need stands before who needs it
        layers[name] = 1 + max((layers.get(need, -1) for need in step["needs"]), default=-1)
    before: dict[str, set[str]] = {}
    for name, step in steps.items():
        before[name] = {*step["needs"]}.union(*(before.get(need, ()) for need in step["needs"]))
    used: Counter[int] = Counter()
    boxes: dict[str, Box] = {}
    for name, step in steps.items():
        layer = layers[name]
        boxes[name] = Box(
            name=name,
            note=_duration(step["seconds"]),
            status=step["status"],
            x=2 + layer * (_WIDTH + _GAP),
            y=2 + used[layer] * _ROW,
        )
        used[layer] += 1
    paths = []
    for name, step in steps.items():
        further = set().union(*(before[need] for need in step["needs"] if need in boxes))
        for need in step["needs"]:
            if need in boxes and need not in further:  # what another need waits for goes without
                left, top = boxes[need]["x"] + _WIDTH, boxes[need]["y"] + _HEIGHT // 2
                right, bottom = boxes[name]["x"], boxes[name]["y"] + _HEIGHT // 2
                middle = right - _GAP // 2
                paths.append(
                    f"M{left} {top} H{middle - _GAP // 2} "
                    f"C{middle} {top} {middle} {bottom} {right} {bottom}"
                )
    return Graph(
        width=max((box["x"] for box in boxes.values()), default=0) + _WIDTH + 2,
        height=max((box["y"] for box in boxes.values()), default=0) + _HEIGHT + 2,
        boxes=list(boxes.values()),
        paths=paths,
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _size(count: float) -> str:
    for unit in _UNITS:
        if count < _STEP or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _STEP
    raise AssertionError


def _short(licence: str) -> str:
    return licence if len(licence) <= _LONGEST else f"{licence[: _LONGEST - 1]}…"
