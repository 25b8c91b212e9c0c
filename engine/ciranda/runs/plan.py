"""A workflow compiled for running: expressions, onions and paths, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ciranda.actions import Action
from ciranda.expressions import Expression
from ciranda.layer import Next
from ciranda.runs.graph import Graph
from ciranda.workflow.binding import Binding
from ciranda.workflow.model import Block, Step, Workflow

__all__ = ["Plan", "PlannedBlock", "PlannedStep"]

Evaluate = Callable[[Mapping[str, Any]], Any]


class PlannedBlock(msgspec.Struct, frozen=True):
    """A block with everything that can be prepared before the run.

    Attributes:
        block: As the file says it.
        outputs: What it gives, ready to be evaluated with its steps' names.
        guarded: Whether these speak of status, so that a failed block has outputs too.
        inputs: Of a sub-workflow: what it is given, evaluated outside.
        secrets: Of a sub-workflow: the same for its secrets.
    """

    block: Block
    outputs: Binding | None = None
    guarded: bool = False
    inputs: Binding | None = None
    secrets: Binding | None = None


class PlannedStep(msgspec.Struct, frozen=True):
    """A step with everything that can be prepared before the run.

    Attributes:
        step: As the file says it.
        action: What it calls; None for a step that calls none.
        call: The action inside its middleware; nothing can be called where there is none.
        inputs: `with`, ready to be evaluated.
        condition: `if`.
        when: `when`, for each item of a map.
        items: The list of a map, or the combinations of a matrix.
        local: Whether its expressions read names that differ from attempt to attempt.
        decides: Whether it has a condition or a list, so that it may come to no attempt.
        repeatable: Whether doing the work twice is harmless.
        key: `idempotency-key`, where it has one of its own.
        env: The environment variables that the file gives to the step.
        finish: Turns evaluated inputs into those of the action (relative paths).
        cases: The conditions of a `switch`; None is otherwise.
        turn: The condition of a loop.
        options: What `wait`, `approve`, `sleep`, `emit`, `succeed`, `fail` say, to be evaluated.
        where: Which events a `wait` takes.
        blocks: The blocks inside of it.
        file: The file that holds it.
        files: Names of the outputs that are files.
        usual: Whether its call is all that an attempt is: no deadline, no files.
    """

    step: Step
    action: Action | None
    call: Next
    inputs: Binding
    condition: Expression | None = None
    when: Expression | None = None
    items: Evaluate | None = None
    local: bool = False
    decides: bool = False
    repeatable: bool = False
    key: Binding | None = None
    env: Callable[[Mapping[str, Any]], dict[str, str]] | None = None
    finish: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    cases: tuple[Expression | None, ...] = ()
    turn: Expression | None = None
    options: Binding | None = None
    where: Expression | None = None
    blocks: Mapping[str, PlannedBlock] = msgspec.field(default_factory=dict)
    file: str = ""
    files: tuple[str, ...] = ()
    usual: bool = True


class Plan(msgspec.Struct, frozen=True):
    """A compiled workflow.

    Attributes:
        workflow: What was compiled.
        graph: Its steps as the scheduler sees them.
        steps: All its steps at any depth, by the places that the graphs give them.
        outputs: What it gives, ready to be evaluated.
        outputs_guarded: Whether these speak of status, so a failed run has outputs too.
        handlers: The run's own handlers.
        versions: Of what takes part.
    """

    workflow: Workflow
    graph: Graph
    steps: tuple[PlannedStep, ...]
    outputs: Binding | None = None
    outputs_guarded: bool = False
    handlers: Mapping[str, PlannedBlock] = msgspec.field(default_factory=dict)
    versions: dict[str, str] = msgspec.field(default_factory=dict)
