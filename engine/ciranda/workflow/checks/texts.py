"""Text inputs take what was written: `version: 3.10` is the text `3.10`, never `3.1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ciranda.errors import Fault
from ciranda.expressions.schema import kinds
from ciranda.workflow.checks.numbers import number_fault
from ciranda.workflow.inputvalue import inputs_schema
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Block, Step, Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.written import written_path

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["with_texts"]

Path = tuple[str | int, ...]


def with_texts(
    workflow: Workflow,
    actions: Mapping[str, Action],
    parts: Mapping[int, Workflow],
    files: Mapping[str, Workflow],
    places: Places,
    faults: list[Fault],
) -> Workflow:
    """Return the workflow with scalars of text inputs as they were written.

    Args:
        workflow: One file.
        actions: What is installed, by name.
        parts: What has become of the workflows that its steps use, by `id`.
        files: All files as they were, by name: some steps use one that they are in.
        places: Knows what was written.
        faults: Where numbers go that are written otherwise than they read.
    """
    rewriter = _Rewriter(actions, parts, files, places, faults)
    steps = rewriter.steps(workflow.steps)
    handlers = {name: rewriter.block(block) for name, block in workflow.handlers.items()}
    if steps is workflow.steps and not _differ(handlers, workflow.handlers):
        return workflow
    return msgspec.structs.replace(workflow, steps=steps, handlers=handlers)


class _Rewriter(msgspec.Struct, frozen=True):
    """Makes steps anew where something in them changed."""

    actions: Mapping[str, Action]
    parts: Mapping[int, Workflow]
    files: Mapping[str, Workflow]
    places: Places
    faults: list[Fault]

    def steps(self, steps: dict[str, Step]) -> dict[str, Step]:
        changed: dict[str, Step] = {}
        for name, step in steps.items():
            with_ = self.inputs(step) if step.with_ else step.with_
            blocks = step.blocks
            if blocks:
                blocks = {name: self.block(block) for name, block in step.blocks.items()}
            if with_ is not step.with_ or _differ(blocks, step.blocks):
                changed[name] = msgspec.structs.replace(step, with_=with_, blocks=blocks)
        return {**steps, **changed} if changed else steps

    def block(self, block: Block) -> Block:
        if block.workflow is not None:
            part = self.parts[id(block.workflow)]
            if part is block.workflow:
                return block
            return msgspec.structs.replace(block, workflow=part, steps=part.steps)
        steps = self.steps(block.steps)
        return block if steps is block.steps else msgspec.structs.replace(block, steps=steps)

    def inputs(self, step: Step) -> dict[str, Any]:
        if self.places.document is None:
            return step.with_
        schema = self._schema(step)
        if schema is None:
            return step.with_
        texts = _Texts(step, self.places, self.faults)
        with_ = {
            name: texts.read(value, _inner(schema, name), (name,))
            for name, value in step.with_.items()
        }
        same = with_ == step.with_ and repr(with_) == repr(step.with_)
        return step.with_ if same else with_

    def _schema(self, step: Step) -> Mapping[str, Any] | None:
        if step.body == "workflow":
            block = step.blocks.get("workflow")
            if block is None:
                return None
            return inputs_schema(block.workflow or self.files[block.again])
        action = self.actions.get(step.uses)
        return None if action is None else action.input_schema


def _differ(left: Mapping[str, Block], right: Mapping[str, Block]) -> bool:
    return any(block is not right[name] for name, block in left.items())


class _Texts:
    """Reads the inputs of one step."""

    def __init__(self, step: Step, places: Places, faults: list[Fault]) -> None:
        self._step = step
        self._places = places
        self._faults = faults

    def read(self, value: Any, schema: Mapping[str, Any], path: Path) -> Any:
        """Return a value with its scalars as text wherever only text is taken."""
        if isinstance(value, dict):
            return {
                key: self.read(each, _inner(schema, key), (*path, key))
                for key, each in value.items()
            }
        if isinstance(value, list):
            items = schema.get("items")
            inner = items if isinstance(items, Mapping) else {}
            return [self.read(each, inner, (*path, at)) for at, each in enumerate(value)]
        if not isinstance(value, int | float):
            return value
        wanted = kinds(schema)
        if wanted is None:
            self._exact(value, path)
        elif "string" in wanted and not _takes(value, wanted):
            where = written_path(root_of(self._step), "with", self._places, path)
            return self._places.text(where, value)
        return value

    def _exact(self, value: float, path: Path) -> None:
        """Refuse a number that is written otherwise than it reads, where anything is taken."""
        if not isinstance(value, float):
            return
        where = written_path(root_of(self._step), "with", self._places, path)
        fault = number_fault(self._places, where, value)
        if fault is not None:
            self._faults.append(fault)


def _takes(value: float, wanted: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in wanted
    return "number" in wanted or ("integer" in wanted and float(value).is_integer())


def _inner(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    known = schema.get("properties", {})
    inner = known[key] if key in known else schema.get("additionalProperties", {})
    return inner if isinstance(inner, Mapping) else {}
