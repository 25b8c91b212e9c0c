"""The graphs of one workflow file: the steps at the top, and those of each block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from ciranda.workflow.model import Block, Step, Workflow

__all__ = ["Level", "binds_of", "levels_of", "root_of"]

_AFTER_TRY: Final = ("catch", "finally", "on-failure", "on-cancel")


class Level(msgspec.Struct, frozen=True, eq=False):
    """Steps that may need each other.

    Attributes:
        way: Step id, block name, step id, block name, ...; empty at the top.
        steps: The steps, by id.
        order: Whether each step waits for the one above it.
        name: The name of the block.
        block: What holds the steps; None at the top.
        owner: The step around them; None at the top and in the handlers of the run.
        above: The level that they may read too.
        peer: The steps of `try`, which what comes after it may read.
    """

    way: tuple[str, ...]
    steps: Mapping[str, Step]
    order: Literal["graph", "sequence"]
    name: str = ""
    block: Block | None = None
    owner: Step | None = None
    above: Level | None = None
    peer: Level | None = None

    @property
    def named(self) -> bool:
        """Whether its steps have names of their own: a body that stands by itself has none."""
        return self.block is None or not self.block.result

    def seen(self) -> Iterator[Level]:
        """Yield the levels whose steps may be read here, the nearest first."""
        here: Level | None = self
        while here is not None:
            if here.named:
                yield here
            if here.peer is not None:
                yield here.peer
            here = here.above

    def called(self, step: Step) -> str:
        """Return how a sentence names a step of this level."""
        here: Level | None = self
        while here is not None and not here.named and here.owner is not None:
            step, here = here.owner, here.above
        return step.id

    def branches(self, edges: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Return the steps that no other step of the level needs."""
        needed = {need for needs in edges.values() for need in needs}
        return [name for name in self.steps if name not in needed]

    def owners(self) -> Iterator[Level]:
        """Yield this level and those above it that stand in a step."""
        here: Level | None = self
        while here is not None and here.owner is not None:
            yield here
            here = here.above


def binds_of(name: str, block: Block) -> str:
    """Return the name of the error that the steps of a block read; empty when there is none."""
    return block.binds or ("error" if name.startswith(("catch", "on-failure")) else "")


def root_of(step: Step) -> tuple[str | int, ...]:
    """Return where a step stands in its file."""
    return step.at or ("steps", step.id)


def levels_of(workflow: Workflow) -> list[Level]:
    """Return the levels of one file, each after the one above it.

    The steps of a sub-workflow are levels of their own file.
    """
    top = Level((), workflow.steps, workflow.order)
    found = [top]
    for name, block in workflow.handlers.items():
        found.append(Level(("", name), block.steps, block.order, name, block, None, top))
    for level in found:  # the list is the queue
        for step in level.steps.values():
            if step.blocks:
                found += _inside(step, level)
    return found


def _inside(step: Step, above: Level) -> Iterator[Level]:
    peer: Level | None = None
    for name, block in step.blocks.items():
        if name == "workflow":
            continue
        way = (*above.way, step.id, name)
        beside = peer if name.startswith(_AFTER_TRY) else None
        level = Level(way, block.steps, block.order, name, block, step, above, beside)
        if name == "try":
            peer = level
        yield level
