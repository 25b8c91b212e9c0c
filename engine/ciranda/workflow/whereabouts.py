"""Where a step stands that cannot be seen from here."""

from __future__ import annotations

from typing import Final

from ciranda.workflow.level import Level
from ciranda.workflow.model import Step
from ciranda.workflow.survey import Survey

__all__ = ["hint_for", "inside_of"]

_HANDLERS: Final = ("catch", "finally", "on-failure", "on-cancel", "compensate")


def inside_of(name: str, level: Level, seen: Survey) -> tuple[Step, Level] | None:
    """Return where a step of this name is hidden from a level.

    Returns:
        The outermost step around it that can be read from the level, and the block of that step
        in which it is; None when no other block has such a step.
    """
    visible = set(level.seen())
    for holder in seen.holders(name):
        for around in holder.owners():
            if around.above in visible and around.owner is not None:
                return around.owner, around
    return None


def hint_for(name: str, level: Level, seen: Survey) -> str:
    """Return what to do for a step that is hidden in another block; empty when none is."""
    found = inside_of(name, level, seen)
    if found is None:
        return _of_the_run(name, seen)
    owner, block = found
    begins, kind = f"`{name}` is inside of `{owner.id}`", block.name.rstrip("0123456789")
    if any(owner is each.owner for each in level.owners()):
        return f"{begins} too, in another block, which cannot be read from here"
    if kind in _HANDLERS:
        return f"`{name}` is in `{kind}` of `{owner.id}`, which nothing reads"
    if owner.body == "switch":
        return f"{begins}: read `steps.{owner.id}.output`, the output of the case that ran"
    output = f"steps.{owner.id}.output.{name}"
    return f"{begins}: declare it in `outputs` of `{owner.id}` and read `{output}`"


def _of_the_run(name: str, seen: Survey) -> str:
    for holder in seen.holders(name):
        if holder.owner is None and holder.block is not None:
            return f"`{name}` is in `{holder.name}` of the workflow, which nothing reads"
    return ""
