"""From a path of the log to the step of the file that it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ciranda.events.path import is_block, is_index
from ciranda.runs.frame import is_main
from ciranda.workflow.entering import unfolded
from ciranda.workflow.model import Block, Step, Workflow

__all__ = ["steps_at"]


def steps_at(workflow: Workflow, path: str) -> Iterator[Step]:
    """Yield the steps that a path may stand for: cases of one `switch` may use the same ids.

    The steps of the run's own handlers are among them, too.
    """
    return _within(workflow.steps, workflow.handlers, path.split("/"), (workflow,))


def _within(
    steps: Mapping[str, Step],
    handlers: Mapping[str, Block],
    parts: list[str],
    around: tuple[Workflow, ...],
) -> Iterator[Step]:
    first, rest = parts[0], parts[1:]
    if is_block(first):
        block = handlers.get(first[1:])
        if block is not None and rest:
            yield from _within(block.steps, {}, rest, around)
        return
    step = steps.get(first)
    if step is None:
        return
    while rest and is_index(rest[0]):
        rest = rest[1:]
    if not rest:
        yield step
        return
    blocks = {name: unfolded(block, around) for name, block in step.blocks.items()}
    own = blocks["workflow"].workflow if "workflow" in blocks else None
    inner = around if own is None else (*around, own)
    if is_block(rest[0]):
        handlers = {} if own is None else own.handlers
        beside = {f"workflow.{name}": one for name, one in handlers.items()}
        files = inner if rest[0][1:] in beside else around
        yield from _within({}, {**beside, **blocks}, rest, files)
    else:
        for name, block in blocks.items():
            if is_main(name):
                yield from _within(block.steps, {}, rest, inner)
