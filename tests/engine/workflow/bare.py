"""Workflows without what only a file has, so that they can be compared."""

import msgspec

from ciranda.workflow.model import Block, Step, Workflow


def bare(workflow: Workflow) -> Workflow:
    """Return a workflow without what only a file has."""
    return msgspec.structs.replace(
        workflow,
        steps=bare_steps(workflow.steps),
        handlers=bare_blocks(workflow.handlers),
        document=None,
        source=b"",
        file="",
    )


def bare_steps(steps: dict[str, Step]) -> dict[str, Step]:
    return {
        name: msgspec.structs.replace(step, line=0, column=0, blocks=bare_blocks(step.blocks))
        for name, step in steps.items()
    }


def bare_blocks(blocks: dict[str, Block]) -> dict[str, Block]:
    return {
        name: msgspec.structs.replace(block, steps=bare_steps(block.steps))
        for name, block in blocks.items()
    }
