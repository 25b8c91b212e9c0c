"""From a path of the log to the step of the file that it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ciranda.events.path import is_block, is_index
from ciranda.runs.frame import is_main
from ciranda.workflow.model import Block, Step, Workflow

__all__ = ["steps_at"]


def steps_at(workflow: Workflow, path: str) -> Iterator[Step]:
    """Yield the steps that a path may stand for: cases of one `switch` may use the same ids.

    The steps of the run's own handlers are among them, too.
    """
    return _within(workflow.steps, workflow.handlers, path.split("/"))


def _within(
    steps: Mapping[str, Step], handlers: Mapping[str, Block], parts: list[str]
) -> Iterator[Step]:
    first, rest = parts[0], parts[1:]
    if is_block(first):
        block = handlers.get(first[1:])
        if block is not None and rest:
            yield from _within(block.steps, {}, rest)
        return
    step = steps.get(first)
    if step is None:
        return
    while rest and is_index(rest[0]):
        rest = rest[1:]
    if not rest:
        yield step
    elif is_block(rest[0]):
        yield from _within({}, _beside(step), rest)
    else:
        for name, block in step.blocks.items():
            if is_main(name):
                yield from _within(block.steps, {}, rest)


def _beside(step: Step) -> dict[str, Block]:
    """Return the blocks of a step that are not main ones; handlers of its workflow among them."""
    own = step.blocks.get("workflow")
    inner = own.workflow.handlers if own is not None and own.workflow is not None else {}
    return {**{f"workflow.{name}": one for name, one in inner.items()}, **step.blocks}
