"""What is in a step that uses a workflow, also where it begins one again that it is in."""

from __future__ import annotations

from collections.abc import Sequence

from ciranda.workflow.model import Block, Workflow

__all__ = ["block_of", "unfolded"]


def block_of(part: Workflow) -> Block:
    """Return what holds a workflow in the step that uses it."""
    return Block(
        steps=part.steps, outputs=part.outputs, order=part.order, workflow=part, at=("steps",)
    )


def unfolded(block: Block, around: Sequence[Workflow]) -> Block:
    """Return a block with the steps that are in it when it is entered.

    Args:
        block: As it is in the workflow; one that begins a file again has no steps there.
        around: The files that it is in, the innermost last.
    """
    if not block.again:
        return block
    return block_of(next(part for part in reversed(around) if part.file == block.again))
