"""All the steps of a workflow, at any depth."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.workflow.model import Block, Step, Workflow

__all__ = ["steps_of"]


def steps_of(workflow: Workflow) -> Iterator[Step]:
    """Yield every step, with those inside of steps, handlers and sub-workflows."""
    waiting: list[Workflow | Block] = [workflow]
    for holder in waiting:  # the list is the queue
        if isinstance(holder, Workflow):
            waiting += holder.handlers.values()
        elif holder.workflow is not None:
            waiting += holder.workflow.handlers.values()
        for step in holder.steps.values():
            yield step
            waiting += step.blocks.values()
