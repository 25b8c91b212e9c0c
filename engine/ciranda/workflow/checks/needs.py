"""Needs: steps that do not exist, cycles, and waits that leave open what is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ciranda.errors import Fault
from ciranda.workflow.cycles import cycles
from ciranda.workflow.level import Level, root_of
from ciranda.workflow.model import Step
from ciranda.workflow.nearest import nearest
from ciranda.workflow.places import Places
from ciranda.workflow.spots import Spot
from ciranda.workflow.statuses import is_always, speaks_of_status
from ciranda.workflow.survey import Survey
from ciranda.workflow.whereabouts import inside_of

__all__ = ["instead", "may_be_skipped", "need_faults"]

Path = tuple[str | int, ...]

_MOST_SHOWN: Final = 12


def need_faults(seen: Survey) -> Iterator[Fault]:
    """Yield what is wrong with the graphs of a file."""
    for level in seen.levels:
        for step in level.steps.values():
            if step.needs:
                yield from _written(step, level, seen)
                yield from _open_waits(step, level, seen)
            if step.if_ is not None:
                yield from _failed_without_needs(step, level, seen)
        yield from _cycles(level, seen)


def _written(step: Step, level: Level, seen: Survey) -> Iterator[Fault]:
    for need in step.needs:
        if need in level.steps and need != step.id:
            continue
        path = _need_path(step, need, seen.places)
        if need == step.id:
            yield seen.places.fault(path, f"step `{step.id}` needs itself", kind="cycle")
        else:
            yield _elsewhere(step, need, path, level, seen)


def _elsewhere(step: Step, need: str, path: Path, level: Level, seen: Survey) -> Fault:
    """Return the fault of a need that is no step of the level."""
    begins = f"step `{step.id}` needs `{need}`"
    for each in level.owners():
        if each.owner is not None and each.owner.id == need:
            message = f"{begins}, which it is inside of"
            hint = "leave it out: what is inside ends first"
            return seen.places.fault(path, message, hint=hint, kind="cycle")
    outside = any(need in other.steps for other in level.seen())
    if outside and level.owner is not None and not _beside(need, level):
        owner = level.owner.id
        message = f"{begins}, which is outside of `{owner}`"
        hint = f"name it in `needs` of `{owner}`, or read `steps.{need}`"
        return seen.places.fault(path, message, hint=hint, kind="unknown-step")
    if outside:
        block = level.name.rstrip("0123456789")
        message = f"{begins}, which has ended when `{block}` begins"
        return seen.places.fault(path, message, kind="unknown-step")
    inner = inside_of(need, level, seen)
    if inner is not None:
        around = inner[0].id
        message = f"{begins}, which is inside of `{around}`"
        hint = f"need `{around}`" if around in level.steps and around != step.id else ""
        return seen.places.fault(path, message, hint=hint, kind="unknown-step")
    hint = instead(need, [name for name in level.steps if name != step.id])
    return seen.places.fault(path, f"{begins}, which is no step", hint=hint, kind="unknown-step")


def instead(name: str, steps: list[str]) -> str:
    """Return which step was meant by a name that no step has, or which steps there are."""
    meant = nearest(name, steps)
    if meant:
        return f"did you mean `{meant}`?"
    shown = [f"`{each}`" for each in steps[:_MOST_SHOWN]]
    if len(steps) > _MOST_SHOWN:
        shown.append("…")
    return f"known here: {', '.join(shown)}" if shown else ""


def _beside(need: str, level: Level) -> bool:
    return level.peer is not None and need in level.peer.steps


def _need_path(step: Step, need: str, places: Places) -> Path:
    root = (*root_of(step), "needs")
    for at in range(len(step.needs) + 1):
        scalar = places.scalar((*root, at))
        if scalar is not None and scalar.value == need:
            return (*root, at)
    return root


def may_be_skipped(step: Step, condition: Spot | None) -> str:
    """Return why the step itself can decide to be skipped; empty when it cannot."""
    if step.if_ is not None and (condition is None or not is_always(condition.expression)):
        return "has an `if`"
    if step.body == "switch" and None not in step.cases:
        return "has no case without `if`"
    return ""


def _open_waits(step: Step, level: Level, seen: Survey) -> Iterator[Fault]:
    conditions = seen.conditions.get(level, {})
    condition = conditions.get(step.id)
    if condition is not None and speaks_of_status(condition.expression) is True:
        return
    read = seen.reads[level].by.get(step.id, {})
    for need in step.needs:
        other = level.steps.get(need)
        if other is None or need in read or need == step.id:
            continue
        if may_be_skipped(other, conditions.get(need)):
            why = "by its `if`" if other.if_ is not None else "when no case holds"
            yield seen.places.fault(
                _need_path(step, need, seen.places),
                f"`{need}` may be skipped {why}: should `{step.id}` run then?",
                hint=f"say it: `if: steps.{need}.status == 'succeeded'` to be skipped too, "
                f"`if: steps.{need}.status != 'failed'` to run all the same",
                kind="open-wait",
            )


def _failed_without_needs(step: Step, level: Level, seen: Survey) -> Iterator[Fault]:
    condition = seen.conditions.get(level, {}).get(step.id)
    if condition is None or seen.links[level].edges[step.id]:
        return
    for name, offset in condition.expression.calls:
        if name == "failed":
            yield seen.places.fault(
                condition.path,
                f"`failed()` is always false here: step `{step.id}` needs no other step",
                hint="name those it watches in `needs`",
                offset=condition.base + offset,
                kind="constant-condition",
            )


def _cycles(level: Level, seen: Survey) -> Iterator[Fault]:
    for circle in cycles(seen.links[level].edges):
        first, second = circle[0], circle[1]
        message = f"these steps wait for each other: {_way(circle)}"
        read = seen.reads[level].by.get(first, {}).get(second)
        path = (*root_of(level.steps[first]), "needs")
        if read is not None and second not in _entries(path, seen.places):
            spot, reference = read
            offset = spot.base + reference.offsets[1]
            yield seen.places.fault(spot.path, message, offset=offset, kind="cycle")
        else:
            yield seen.places.fault(path, message, key=True, kind="cycle")


def _way(circle: tuple[str, ...]) -> str:
    shown = [f"`{name}`" for name in circle]
    if len(shown) > _MOST_SHOWN:
        shown[_MOST_SHOWN:] = [f"… ({len(circle)} steps)"]
    return " → ".join((*shown, shown[0]))


def _entries(path: Path, places: Places) -> set[str]:
    return set(places.words(path)) if places.exists(path) else set()
