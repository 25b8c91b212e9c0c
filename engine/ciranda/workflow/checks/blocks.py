"""Blocks: ids that mean two things, joins that cannot come about, tries of which nothing comes."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.errors import Fault
from ciranda.workflow.level import Level, root_of
from ciranda.workflow.model import Step
from ciranda.workflow.places import Places
from ciranda.workflow.survey import Survey

__all__ = ["block_faults"]


def block_faults(seen: Survey) -> Iterator[Fault]:
    """Yield what is wrong with the blocks of a file and how they fit together."""
    for level in seen.levels[1:]:
        yield from _shadowed(level, seen.places)
        yield from _join(level, seen)
        yield from _idle_try(level, seen.places)


def _shadowed(level: Level, places: Places) -> Iterator[Fault]:
    if not level.named:
        return
    above = []
    here = level.above
    while here is not None:
        if here.named:
            above.append(here.steps)
        here = here.above
    for step in level.steps.values():
        if any(step.id in steps for steps in above):
            owner = level.owner.id if level.owner is not None else level.name
            yield places.fault(
                root_of(step),
                f"a step outside of `{owner}` is called `{step.id}` too: `steps.{step.id}` would "
                "mean either",
                hint="give one of them another id",
                key=True,
                kind="shadowed",
            )


def _join(level: Level, seen: Survey) -> Iterator[Fault]:
    owner = level.owner
    if owner is None or level.name != "steps" or owner.repeats or owner.join.need is None:
        return
    branches = len(level.branches(seen.links[level].edges))
    if owner.join.need > branches:
        path = (*root_of(owner), "join", "at-least")
        yield seen.places.fault(
            path if seen.places.exists(path) else path[:-1],
            f"`join` of step `{owner.id}` asks for {owner.join.need} branches and has {branches}",
            hint="a branch is a step that no other step of the group needs or reads",
            kind="join",
        )
    if owner.join.race and level.block is not None and level.block.outputs:
        yield seen.places.fault(
            (*root_of(owner), "outputs"),
            f"`outputs` of `{owner.id}` says what `join: race` says already",
            hint=f"read `steps.{owner.id}.output.winner` and `steps.{owner.id}.output.value`",
            key=True,
            kind="join",
        )


def _idle_try(level: Level, places: Places) -> Iterator[Fault]:
    """Yield a `try` that is nothing but a group: it neither catches, cleans up nor undoes."""
    owner = level.owner
    if owner is None or level.name != "try" or owner.catches or "finally" in owner.blocks:
        return
    if not any(_is_undone(step) for step in level.steps.values()):
        yield places.fault(
            (*root_of(owner), "try"),
            f"`try` of step `{owner.id}` catches nothing",
            hint="add `catch` or `finally`, or write `steps` for a group",
            key=True,
            kind="idle-try",
        )


def _is_undone(step: Step) -> bool:
    """Say whether a step, or one inside of it, has a `compensate`: a `try` undoes what it did."""
    inner = (each for block in step.blocks.values() for each in block.steps.values())
    return "compensate" in step.blocks or any(map(_is_undone, inner))
