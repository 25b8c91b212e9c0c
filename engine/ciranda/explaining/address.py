"""From a path as text to the step it names, at any depth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from ciranda.errors import RunNotFoundError
from ciranda.explaining.wiring import is_main, needs_within, paths_of
from ciranda.workflow.entering import unfolded
from ciranda.workflow.model import Block, Step, Workflow
from ciranda.workflow.nearest import nearest

__all__ = ["Address", "Level", "address"]

_OF_WORKFLOW: Final = "workflow."  # before the names of the handlers of a workflow that is a step


@dataclass(frozen=True, slots=True)
class Level:
    """The steps that stand side by side.

    Attributes:
        steps: By id.
        prefix: What their paths begin with.
        owner: The path of the step, the item or the turn around them; empty at the top.
        name: The name of the block; empty at the top.
        block: The block; None at the top.
        order: Whether each step needs the one above.
        workflow: The file whose names the steps read.
    """

    steps: Mapping[str, Step]
    prefix: str
    owner: str
    name: str
    block: Block | None
    order: Literal["graph", "sequence"]
    workflow: Workflow

    def needs(self) -> dict[str, tuple[str, ...]]:
        """Return for each step the neighbours that it needs, written ones first."""
        return needs_within(self.block or Block(steps=dict(self.steps), order=self.order))


@dataclass(frozen=True, slots=True)
class Address:
    """A step, or an item or a turn of it.

    Attributes:
        path: The whole path.
        step: The step.
        at: The path of the step itself, without the last item.
        item: The number of the item or the turn; None for the step itself.
        level: Its neighbours.
        around: The addresses of what is around it, outermost first.
    """

    path: str
    step: Step
    at: str
    item: int | None
    level: Level
    around: tuple[Address, ...] = ()


def address(
    workflow: Workflow,
    path: str,
    known: Iterable[str] = (),
    entered: Mapping[str, str] = MappingProxyType({}),
) -> Address:
    """Find what a path names.

    Args:
        workflow: The workflow.
        path: As in the log: `files/2/rows/7`, `pay/@catch0/tell`.
        known: Paths that the log has, for a hint.
        entered: The main block that was entered last, by the path of its owner: the cases of a
            switch may have steps of the same name.

    Raises:
        RunNotFoundError: It names nothing.
    """
    found = _find(workflow, path, entered)
    if found is None:
        paths = dict.fromkeys((*paths_of(workflow.steps), *known))
        names = [each for each in paths if each != path]
        last = path.rpartition("/")[2]
        ends = {each.rpartition("/")[2]: each for each in reversed(names)}
        meant = nearest(path, names) or ends.get(nearest(last, ends) or "")
        hint = f"did you mean `{meant}`?" if meant else f"it has {_listed(names)}"
        raise RunNotFoundError(f"there is no step `{path}` in the workflow of this run: {hint}")
    return found


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{each}`" for each in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown  # noqa: PLR2004


def _find(workflow: Workflow, path: str, blocks: Mapping[str, str]) -> Address | None:
    parts = path.split("/")
    levels = [Level(workflow.steps, "", "", "", None, workflow.order, workflow)]
    if parts[0].startswith("@"):
        block = workflow.handlers.get(parts[0][1:])
        if block is None:
            return None
        name = parts.pop(0)
        levels = [_level(block, name[1:], "", f"{name}/", workflow)]
    around: list[Address] = []
    while parts:
        level = next((each for each in levels if parts[0] in each.steps), None)
        if level is None:
            return None
        step = level.steps[parts.pop(0)]
        at = here = f"{level.prefix}{step.id}"
        item = None
        if step.repeats and parts and parts[0].isdecimal():
            item = int(parts.pop(0))
            here = f"{at}/{item}"
        found = Address(here, step, at, item, level, tuple(around))
        around.append(found)
        levels = _beneath(found, parts, blocks.get(here, ""))
        if not parts:
            return found
    return None


def _beneath(found: Address, parts: list[str], main: str) -> list[Level]:
    """Return the levels that the rest of a path may stand in; take a block off it."""
    workflow = found.level.workflow
    around = [*(each.level.workflow for each in found.around), workflow]
    blocks = {name: unfolded(block, around) for name, block in found.step.blocks.items()}
    if parts and parts[0].startswith("@"):
        name = parts.pop(0)[1:]
        if name.startswith(_OF_WORKFLOW) and "workflow" in blocks:
            workflow = blocks["workflow"].workflow or workflow
            block = workflow.handlers.get(name.removeprefix(_OF_WORKFLOW))
        else:
            block = blocks.get(name)
        if block is None:
            return []
        return [_level(block, name, found.path, f"{found.path}/@{name}/", workflow)]
    levels = [
        _level(block, name, found.path, f"{found.path}/", workflow)
        for name, block in blocks.items()
        if is_main(name)
    ]
    return sorted(levels, key=lambda level: level.name != main)


def _level(block: Block, name: str, owner: str, prefix: str, workflow: Workflow) -> Level:
    own = workflow if block.workflow is None else block.workflow
    return Level(block.steps, prefix, owner, name, block, block.order, own)
