"""What of a workflow file may hold expressions: where it stands, and which names it sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ciranda.trigger import BUILT_IN
from ciranda.workflow.level import Level, root_of
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.written import written_path

__all__ = ["Value", "conditions", "file_conditions", "file_values", "outputs", "step_values"]

Path = tuple[str | int, ...]
Value = tuple[str, str, Path, Any]  # the place, the key, the way to it in the file, as written


def file_values(workflow: Workflow) -> Iterator[Value]:
    """Yield what stands at the top and belongs to no step."""
    for name, variable in workflow.env.items():
        if variable.value is not None:
            yield "file", "env", ("env", name), variable.value
    if workflow.concurrency is not None:
        yield "start", "concurrency.group", ("concurrency", "group"), workflow.concurrency.group
    if workflow.rate is not None:
        yield "start", "rate.key", ("rate", "key"), workflow.rate.key
        for name, value in workflow.rate.cost.items():
            yield "start", f"rate.cost.{name}", ("rate", "cost", name), value
    for trigger in workflow.triggers:
        for name, value in trigger.options.items():
            # What the engine itself listens to is constant, but for what callers must show.
            if name != "where" and (trigger.kind not in BUILT_IN or name == "token"):
                yield "listener", f"on.{trigger.kind}.{name}", (*trigger.at, name), value
        for name, value in trigger.inputs.items():
            key = f"on.{trigger.kind}.inputs"
            yield "trigger", key, (*trigger.at, "inputs", name), value


def file_conditions(workflow: Workflow) -> Iterator[Value]:
    """Yield the conditions of triggers."""
    for trigger in workflow.triggers:
        if isinstance(trigger.options.get("where"), str):
            path = (*trigger.at, "where")
            yield "trigger", f"on.{trigger.kind}.where", path, trigger.options["where"]


def conditions(step: Step) -> Iterator[Value]:
    """Yield what is an expression whether or not `${{ }}` stand around it."""
    if step.if_ is not None:
        yield "if", "if", (*root_of(step), "if"), step.if_
    if step.when is not None:
        yield "when", "when", (*root_of(step), "when"), step.when
    if step.loop is not None:
        word = "until" if step.loop.until else "while"
        yield "loop", word, (*root_of(step), word), step.loop.condition
    for at, text in enumerate(step.cases):
        if text is not None:
            yield "case", "switch", (*root_of(step), "switch", at, "if"), text
    if step.body == "wait" and isinstance(step.options.get("where"), str):
        yield "where", "where", (*root_of(step), "wait", "where"), step.options["where"]


def step_values(step: Step, places: Places) -> Iterator[Value]:
    """Yield what of a step is evaluated where `${{ }}` stand in it."""
    if step.map is not None:
        yield "map", "map", (*root_of(step), "map"), step.map
    if step.matrix is not None:
        yield from _matrix(step)
    if step.with_:
        root = root_of(step)
        for name, value in step.with_.items():
            path = written_path(root, "with", places, (name,))
            own = path[: len(root)] == root
            yield "with", str(path[len(root)]) if own else "with", path, value
    for name, text in step.env.items():
        yield "env", "env", written_path(root_of(step), "env", places, (name,)), text
    yield from _keys(step, places)
    if step.options:
        yield from _options(step, places)
    for name, declared in step.declares.items():
        if declared.file is not None:
            path = (*root_of(step), "outputs", name, "file")
            yield "option", "outputs", path, declared.file


def _keys(step: Step, places: Places) -> Iterator[Value]:
    """Yield what modifiers are told apart by, and what attempts cost."""
    for name, modifier in (
        ("cache", step.cache),
        ("breaker", step.breaker),
        ("rate", step.rate),
        ("concurrency", step.concurrency),
    ):
        if modifier is None:
            continue
        inner = "group" if name == "concurrency" else "key"
        value = getattr(modifier, inner, None)
        if value is not None:
            yield (
                "key",
                f"{name}.{inner}",
                written_path(root_of(step), name, places, (inner,)),
                value,
            )
    for name, value in (step.rate.cost if step.rate is not None else {}).items():
        path = written_path(root_of(step), "rate", places, ("cost", name))
        yield "key", f"rate.cost.{name}", path, value
    if step.idempotency_key is not None:
        path = written_path(root_of(step), "idempotency-key", places)
        yield "key", "idempotency-key", path, step.idempotency_key


def _matrix(step: Step) -> Iterator[Value]:
    assert step.matrix is not None
    root = (*root_of(step), "matrix")
    for name, value in step.matrix.axes.items():
        yield "map", "matrix", (*root, name), value
    for name, value in (("include", step.matrix.include), ("exclude", step.matrix.exclude)):
        if value is not None:
            yield "map", "matrix", (*root, name), value


def _options(step: Step, places: Places) -> Iterator[Value]:
    root = root_of(step)
    if step.body == "workflow":
        for name, value in step.options.get("secrets", {}).items():
            yield "with", "secrets", (*root, "secrets", name), value
        return
    for name, value in step.options.items():
        if step.body == "wait" and name == "where":
            continue
        path = (*root, step.body, name)
        alone = not places.exists(path)  # `sleep: 5m`, or `wait: paid`
        yield "option", step.body, (*root, step.body) if alone else path, value


def outputs(level: Level, workflow: Workflow) -> Iterator[Value]:
    """Yield what is evaluated when the steps of a level are through."""
    if level.block is None:
        for name, value in workflow.outputs.items():
            yield "outputs", "outputs", ("outputs", name), value
        return
    above = level.block.at[:-1]
    if not above and level.owner is not None:
        above = root_of(level.owner)
    for name, value in level.block.outputs.items():
        yield "outputs", "outputs", (*above, "outputs", name), value
