"""From a checked workflow to a plan: expressions bound, onions built, executors chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from ciranda.actions import Action
from ciranda.actions.paths import has_path, with_paths
from ciranda.expressions import Expression, Function, compile_template
from ciranda.layer import Call, Next, StepPlan
from ciranda.runs.combining import combinations
from ciranda.runs.graph import Graph
from ciranda.runs.plan import Plan, PlannedBlock, PlannedStep
from ciranda.workflow.binding import Binding, bind, condition
from ciranda.workflow.entering import unfolded
from ciranda.workflow.model import Block, Rate, Step, Workflow
from ciranda.workflow.plainresult import only_reads, plain_result

__all__ = ["compile_plan"]

LOCAL_NAMES: Final = frozenset({"attempt", "step"})

Functions = Mapping[str, Function]
Around = tuple[Workflow, ...]  # the files that a step is in, the innermost last
Rates = tuple[tuple[int, Rate], ...]  # each with the number of files in between


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
    compiler = _Compiler(actions, functions, onion, base, [None] * graph.total)
    rates = _rates(workflow, ())
    compiler.steps_of(workflow.steps, graph, (workflow,), rates)
    handlers = compiler.blocks_of(workflow.handlers, graph.blocks, (workflow,), rates)
    outputs, guarded = compiler.outputs_of(workflow.outputs)
    return Plan(
        workflow=workflow,
        graph=graph,
        steps=tuple(step for step in compiler.found if step is not None),
        outputs=outputs,
        outputs_guarded=guarded,
        handlers=handlers,
    )


class _Compiler(msgspec.Struct, frozen=True):
    """Compiles the steps of a workflow at any depth, each into its place."""

    actions: Mapping[str, Action]
    functions: Functions
    onion: Callable[[StepPlan], Next]
    base: Path
    found: list[PlannedStep | None]

    def steps_of(
        self, steps: Mapping[str, Step], graph: Graph, around: Around, rates: Rates
    ) -> None:
        for node, step in zip(graph.nodes, steps.values(), strict=True):
            blocks = {}
            if step.blocks:
                blocks = self.blocks_of(step.blocks, node.blocks, around, rates)
            if step.body == "workflow":
                inner = blocks["workflow"]
                blocks["workflow"] = msgspec.structs.replace(
                    inner,
                    inputs=bind(step.with_, functions=self.functions),
                    secrets=bind(step.options.get("secrets", {}), functions=self.functions),
                )
            planned = self.planned(step, around[-1], rates)
            self.found[graph.first + node.index] = msgspec.structs.replace(planned, blocks=blocks)

    def blocks_of(
        self,
        blocks: Mapping[str, Block],
        graphs: Mapping[str, Graph],
        around: Around,
        rates: Rates,
    ) -> dict[str, PlannedBlock]:
        found: dict[str, PlannedBlock] = {}
        for name, block in blocks.items():
            files, limits = around, rates
            if block.again:
                found |= self.again(unfolded(block, around))
                continue
            if block.workflow is not None:
                files, limits = (*around, block.workflow), _rates(block.workflow, rates)
            self.steps_of(block.steps, graphs[name], files, limits)
            found[name] = self.block(block)
            if block.workflow is not None:
                own = self.blocks_of(files[-1].handlers, graphs[name].blocks, files, limits)
                found |= {f"{name}.{each}": one for each, one in own.items()}
        return found

    def again(self, block: Block) -> dict[str, PlannedBlock]:
        """Return the blocks of a step that begins a file around it again: its steps are known."""
        own = block.workflow.handlers if block.workflow is not None else {}
        found = {f"workflow.{name}": self.block(each) for name, each in own.items()}
        return {"workflow": self.block(block), **found}

    def block(self, block: Block) -> PlannedBlock:
        outputs, guarded = self.outputs_of(block.outputs)
        return PlannedBlock(block, outputs, guarded)

    def outputs_of(self, written: Mapping[str, Any]) -> tuple[Binding | None, bool]:
        outputs = bind(dict(written), functions=self.functions) if written else None
        guarded = outputs is not None and any(
            reference.guarded for reference in outputs.references if reference.root == "steps"
        )
        return outputs, guarded

    def planned(self, step: Step, workflow: Workflow, rates: Rates) -> PlannedStep:
        functions = self.functions
        action = self.actions[step.uses] if step.body == "action" else None
        inputs = bind(step.with_ if action is not None else {}, functions=functions)
        env = _environment(step, functions)
        options, where = _options(step, functions)
        key = _key(step, functions)
        bindings = [one for one in (inputs, env, options, key) if one is not None]
        loop = None if step.loop is None else condition(step.loop.condition, functions=functions)
        cases = tuple(
            None if text is None else condition(text, functions=functions) for text in step.cases
        )
        asked, when = (
            None if text is None else condition(text, functions=functions)
            for text in (step.if_, step.when)
        )
        expressions = [each for each in (asked, when, loop, where, *cases) if each is not None]
        read = [reference for binding in bindings for reference in binding.references]
        read += [reference for each in expressions for reference in each.references]
        local = any(binding.calls for binding in bindings) or any(
            reference.root in LOCAL_NAMES for reference in read
        )
        call: Next = _nothing
        if action is not None:
            base = Path(workflow.file).resolve().parent if workflow.file else self.base
            call = self.onion(
                StepPlan(step.id, step.uses, action, step, workflow.name, workflow.file, rates)
            )
        files = tuple(name for name, each in step.declares.items() if each.file is not None)
        return PlannedStep(
            step=step,
            action=action,
            call=call,
            inputs=inputs,
            condition=asked,
            when=when,
            items=_items(step, functions),
            local=local or any(one.calls for one in expressions),
            decides=action is None or bool(asked or when or step.repeats),
            repeatable=step.idempotent
            or key is not None
            or (action is not None and (action.idempotent or action.pure)),
            key=key,
            env=None if env is None and not workflow.env else _merged(env),
            finish=None if action is None else _relative_paths(action, base),
            cases=cases,
            turn=loop,
            options=options,
            where=where,
            file=workflow.file,
            files=files,
            usual=step.deadline is None and not files,
        )


def _rates(workflow: Workflow, around: Rates) -> Rates:
    """Return the limits that hold for the steps of a file: its own, and those around it."""
    rates = tuple((up + 1, rate) for up, rate in around)
    rate = workflow.rate
    if rate is None:
        return rates
    if rate.key is None:  # all its steps count together
        rate = msgspec.structs.replace(rate, key=f"workflow {workflow.name}")
    return ((0, rate), *rates)


def _options(step: Step, functions: Functions) -> tuple[Binding | None, Expression | None]:
    """Return what a body that calls no action says, and which events a `wait` takes."""
    if not step.options or step.body in ("action", "workflow"):
        return None, None
    said = {name: value for name, value in step.options.items() if name != "where"}
    where = step.options.get("where")
    found = None if where is None else condition(where, functions=functions)
    return bind(said, functions=functions), found


def _key(step: Step, functions: Functions) -> Binding | None:
    written = step.idempotency_key
    return None if written is None else bind(written, functions=functions, texts=True)


def _environment(step: Step, functions: Functions) -> Binding | None:
    return bind(step.env, functions=functions, texts=True) if step.env else None


def _merged(env: Binding | None) -> Callable[[Mapping[str, Any]], dict[str, str]]:
    def merge(scope: Mapping[str, Any]) -> dict[str, str]:
        return {**scope["env"], **(env(scope) if env is not None else {})}

    return merge


def _items(step: Step, functions: Functions) -> Callable[[Mapping[str, Any]], Any] | None:
    if step.matrix is not None:
        return combinations(step.matrix, lambda value: bind(value, functions=functions))
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


async def _nothing(call: Call) -> Any:
    raise AssertionError(f"'{call.path}' calls no action")  # pragma: no cover
