"""Graphs as text for programs that draw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from ciranda.cli.stepnotes import notes

if TYPE_CHECKING:
    from ciranda.workflow.model import Step, Workflow

__all__ = ["dot", "mermaid"]

Needs = Mapping[str, tuple[str, ...]]

_COLOURS: Final = {
    "succeeded": "#c6f6d5",
    "failed": "#fed7d7",
    "skipped": "#edf2f7",
    "cancelled": "#feebc8",
    "running": "#bee3f8",
    "waiting": "#bee3f8",
}


def mermaid(workflow: Workflow, needs: Needs, statuses: Mapping[str, str]) -> Iterator[str]:
    """Yield a Mermaid flowchart."""
    # Ids of our own: `end` or `graph` as a step's name would break the diagram.
    ids = {name: f"s{number}" for number, name in enumerate(workflow.steps)}
    yield "flowchart TD"
    for name, step in workflow.steps.items():
        text = "<br/>".join(_mermaid_text(line) for line in _label(step))
        left, right = ("[[", "]]") if step.map is not None else ("[", "]")
        yield f'    {ids[name]}{left}"{text}"{right}'
    for name, wanted in needs.items():
        for need in wanted:
            yield f"    {ids[need]} --> {ids[name]}"
    for name, status in statuses.items():
        if name in ids and status in _COLOURS:
            yield f"    style {ids[name]} fill:{_COLOURS[status]}"


def dot(workflow: Workflow, needs: Needs, statuses: Mapping[str, str]) -> Iterator[str]:
    """Yield a Graphviz digraph."""
    yield f"digraph {_quoted(workflow.name)} {{"
    yield "    node [shape=box, style=filled, fillcolor=white];"
    for name, step in workflow.steps.items():
        label = "\\n".join(_quoted(line)[1:-1] for line in _label(step))
        colour = _COLOURS.get(statuses.get(name, ""))
        fill = "" if colour is None else f', fillcolor="{colour}"'
        several = ", peripheries=2" if step.map is not None else ""
        yield f'    {_quoted(name)} [label="{label}"{fill}{several}];'
    for name, wanted in needs.items():
        for need in wanted:
            yield f"    {_quoted(need)} -> {_quoted(name)};"
    yield "}"


def _label(step: Step) -> list[str]:
    return [step.id, *notes(step)]


def _mermaid_text(text: str) -> str:
    return re.sub(r"[^\w .,:;/()+=*-]", lambda found: f"#{ord(found[0])};", text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
