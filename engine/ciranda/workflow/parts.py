"""The files that one workflow is made of: its own, and those that steps of it use."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.workflow.model import Block, Step, Workflow

__all__ = ["parts_of", "uses_of"]


def parts_of(workflow: Workflow) -> list[Workflow]:
    """Return each sub-workflow once, after those that it uses itself; the workflow is last."""
    found: list[Workflow] = []
    seen: set[int] = set()
    waiting = [(workflow, False)]
    while waiting:
        here, done = waiting.pop()
        if done:
            found.append(here)
        elif id(here) not in seen:
            seen.add(id(here))
            waiting.append((here, True))
            waiting += [(part, False) for _, _, part in uses_of(here)]
    return found


def uses_of(workflow: Workflow) -> Iterator[tuple[tuple[str, ...], Step, Workflow]]:
    """Yield the steps of a file that use another one: the way to their block, the step, the file.

    What the other file uses is not among them.
    """
    waiting: list[tuple[tuple[str, ...], Block | Workflow]] = [((), workflow)]
    waiting += [(("", name), block) for name, block in workflow.handlers.items()]
    for way, holder in waiting:  # the list is the queue
        for step in holder.steps.values():
            for name, block in step.blocks.items():
                inner = (*way, step.id, name)
                if block.workflow is None:
                    waiting.append((inner, block))
                else:
                    yield inner, step, block.workflow
