"""What `ciranda run --dry-run` says: the order in which steps would run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ciranda.cli import screen
from ciranda.cli.stepnotes import notes

if TYPE_CHECKING:
    from ciranda.workflow.model import Workflow

__all__ = ["dry_run", "levels"]


def dry_run(file: str, inputs: Mapping[str, Any], *, form: str) -> None:
    """Check a workflow, resolve its inputs and print what would run when.

    Raises:
        WorkflowError: It is faulty.
        InputError: An input does not fit.
    """
    from ciranda.cli.checking import checked_file
    from ciranda.cli.values import as_json, cell, table
    from ciranda.vault import redacted
    from ciranda.workflow.inputs import resolve_inputs

    checked = checked_file(file)
    workflow = checked.workflow
    values = redacted(resolve_inputs(workflow, inputs))
    stages = levels(checked.edges)
    if form == "json":
        steps = {
            name: {"uses": step.uses, "needs": list(checked.edges[name]), "notes": notes(step)}
            for name, step in workflow.steps.items()
        }
        shown = {"workflow": workflow.name, "inputs": values, "order": stages, "steps": steps}
        screen.out(as_json(shown))
        return
    _print_inputs(workflow, {name: cell(value) for name, value in values.items()})
    rows = [
        (
            str(number) if not place else "",
            name,
            _body(workflow, name),
            ", ".join(checked.edges[name]),
            "; ".join(notes(workflow.steps[name])),
        )
        for number, stage in enumerate(stages, 1)
        for place, name in enumerate(stage)
    ]
    for line in table(("", "step", "uses", "needs", ""), rows):
        screen.out(line)
    count = len(workflow.steps)
    screen.say(f"{workflow.name}: {count} step{'s' * (count != 1)}; nothing was run")


def levels(edges: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """Return the steps by the number of steps that must run one after another before them."""
    depth: dict[str, int] = {}
    for first in edges:
        waiting = [first]
        while waiting:
            name = waiting[-1]
            missing = [need for need in edges[name] if need not in depth]
            if missing:
                waiting += missing
                continue
            depth[name] = max((depth[need] + 1 for need in edges[name]), default=0)
            waiting.pop()
    stages: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in edges:
        stages[depth[name]].append(name)
    return stages


def _print_inputs(workflow: Workflow, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        screen.out(f"input {name} ({workflow.inputs[name].type}) = {value}")
    if values:
        screen.out()


def _body(workflow: Workflow, name: str) -> str:
    from ciranda.cli.values import cell
    from ciranda.observe.visible import clip

    step = workflow.steps[name]
    if step.uses != "program.run":
        return step.uses
    words = step.with_.get("argv") or step.with_.get("command") or ""
    text = words if isinstance(words, str) else " ".join(cell(word) for word in words)
    return clip(f"run {text}".replace("\n", " "), 48)
