"""From a checked workflow to a plan: expressions bound, onions built, executors chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ciranda.actions import Action
from ciranda.actions.paths import has_path, with_paths
from ciranda.expressions import Function, compile_template
from ciranda.layer import Next, StepPlan
from ciranda.runs.graph import Graph
from ciranda.runs.plan import Plan, PlannedStep
from ciranda.workflow.binding import Binding, bind, condition
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.plainresult import only_reads, plain_result

__all__ = ["compile_plan"]

LOCAL_NAMES: Final = frozenset({"attempt", "step"})

Functions = Mapping[str, Function]


def compile_plan(
    workflow: Workflow,
    graph: Graph,
    actions: Mapping[str, Action],
    *,
    functions: Functions,
    onion: Callable[[StepPlan], Next],
    base: Path,
) -> Plan:
    """Compile a workflow that was checked.

    Args:
        workflow: The workflow.
        graph: Its steps as the scheduler sees them.
        actions: The actions it names.
        functions: Functions of expressions beyond the built-in ones.
        onion: Puts the middleware of a step around its executor.
        base: Folder that relative paths of the file start from.
    """
    outputs = bind(workflow.outputs, functions=functions) if workflow.outputs else None
    guarded = outputs is not None and any(
        reference.guarded for reference in outputs.references if reference.root == "steps"
    )
    return Plan(
        workflow=workflow,
        graph=graph,
        steps=tuple(
            _planned(step, actions[step.uses], workflow, functions, onion, base)
            for step in workflow.steps.values()
        ),
        outputs=outputs,
        outputs_guarded=guarded,
    )


def _planned(
    step: Step,
    action: Action,
    workflow: Workflow,
    functions: Functions,
    onion: Callable[[StepPlan], Next],
    base: Path,
) -> PlannedStep:
    inputs = bind(step.with_, functions=functions)
    env = _environment(step, workflow, functions)
    bindings = [inputs] if env is None else [inputs, env]
    local = any(binding.calls for binding in bindings) or any(
        reference.root in LOCAL_NAMES for binding in bindings for reference in binding.references
    )
    conditions = [
        None if text is None else condition(text, functions=functions)
        for text in (step.if_, step.when)
    ]
    return PlannedStep(
        step=step,
        action=action,
        call=onion(StepPlan(step.id, step.uses, action, step, workflow.name)),
        inputs=inputs,
        condition=conditions[0],
        when=conditions[1],
        items=_items(step, functions),
        local=local or any(one is not None and one.calls for one in conditions),
        decides=step.if_ is not None or step.when is not None or step.map is not None,
        repeatable=step.idempotent or action.idempotent or action.pure,
        env=None if env is None and not workflow.env else _merged(env),
        finish=_relative_paths(action, base),
    )


def _environment(step: Step, workflow: Workflow, functions: Functions) -> Binding | None:
    return bind(step.env, functions=functions, texts=True) if step.env else None


def _merged(env: Binding | None) -> Callable[[Mapping[str, Any]], dict[str, str]]:
    def merge(scope: Mapping[str, Any]) -> dict[str, str]:
        return {**scope["env"], **(env(scope) if env is not None else {})}

    return merge


def _items(step: Step, functions: Functions) -> Callable[[Mapping[str, Any]], Any] | None:
    if step.map is None:
        return None
    if isinstance(step.map, str):
        # Not through `bind`: a list that is only read would be doubled by a copy for the map.
        found = compile_template(step.map, functions=functions)
        if not found.single or only_reads(found.expressions[0].tree):
            return found
        return lambda scope: _list(found(scope))
    return bind(step.map, functions=functions)


def _list(value: Any) -> Any:
    return plain_result(value) if isinstance(value, list | tuple | range) else value


def _relative_paths(
    action: Action, base: Path
) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    """Return what makes paths start where the file is, for actions that take paths."""
    schema = action.input_schema
    if not has_path(schema):
        return None

    def finish(inputs: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = with_paths(inputs, schema, lambda path: str(base / path))
        return found

    return finish
