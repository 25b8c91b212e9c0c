"""Blocks: ids that mean two things, joins that cannot come about, and what is never reached."""

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
    for _, step in seen.steps():
        if step.catches:
            yield from _unreached(step, seen.places)
        if step.map is not None and isinstance(step.map, list):
            yield from _items(step, seen.places)


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
    edges = seen.links[level].edges
    needed = {need for needs in edges.values() for need in needs}
    branches = sum(name not in needed for name in edges)
    if owner.join.need > branches:
        yield _too_many(owner, branches, "branch", "branches", seen.places)
    if owner.join.race and level.block is not None and level.block.outputs:
        yield seen.places.fault(
            (*root_of(owner), "outputs"),
            f"`outputs` of `{owner.id}` says what `join: race` says already",
            hint=f"read `steps.{owner.id}.output.winner` and `steps.{owner.id}.output.value`",
            key=True,
            kind="join",
        )


def _items(step: Step, places: Places) -> Iterator[Fault]:
    if step.join.need is not None and step.join.need > len(step.map):
        yield _too_many(step, len(step.map), "item", "items", places)


def _too_many(step: Step, count: int, one: str, many: str, places: Places) -> Fault:
    path = (*root_of(step), "join", "at-least")
    has = f"{count} {one if count == 1 else many}"
    message = f"`join` of `{step.id}` asks for {step.join.need} to succeed, and it has {has}"
    hint = f"a {one} is a step that no other step of the group needs" if one == "branch" else ""
    return places.fault(path if places.exists(path) else path[:-1], message, hint=hint, kind="join")


def _unreached(step: Step, places: Places) -> Iterator[Fault]:
    for at, kinds in enumerate(step.catches[:-1]):
        if not kinds:
            yield places.fault(
                (*root_of(step), "catch", at + 1),
                "this `catch` is never reached: the one above it takes every kind",
                hint="write the one without `on` last",
                kind="unreached",
            )
            return
