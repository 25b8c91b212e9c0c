"""Needs: steps that do not exist, cycles, and waits that leave open what is meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ciranda.errors import Fault
from ciranda.workflow.cycles import cycles
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.nearest import nearest
from ciranda.workflow.places import Places
from ciranda.workflow.spots import Spot
from ciranda.workflow.statuses import is_always, speaks_of_status, step_of

__all__ = ["may_be_skipped", "need_faults"]

_MOST_SHOWN: Final = 12


def need_faults(
    workflow: Workflow,
    found: Sequence[Spot],
    needs: Mapping[str, tuple[str, ...]],
    places: Places,
) -> Iterator[Fault]:
    """Yield what is wrong with the graph."""
    conditions = {spot.step.id: spot for spot in found if spot.place == "if" and spot.step}
    read = _read_by(found)
    for step in workflow.steps.values():
        yield from _written(step, workflow, places)
        yield from _open_waits(step, workflow, conditions, read.get(step.id, set()), places)
        yield from _failed_without_needs(step, conditions, needs, places)
    yield from _cycles(found, needs, places)


def _read_by(found: Sequence[Spot]) -> dict[str, set[str]]:
    read: dict[str, set[str]] = {}
    for spot in found:
        if spot.step is not None:
            read.setdefault(spot.step.id, set()).update(map(step_of, spot.expression.references))
    return read


def _written(step: Step, workflow: Workflow, places: Places) -> Iterator[Fault]:
    for need in step.needs:
        path = _need_path(step, need, places)
        if need == step.id:
            yield places.fault(path, f"step `{step.id}` needs itself", kind="cycle")
        elif need not in workflow.steps:
            meant = nearest(need, (name for name in workflow.steps if name != step.id))
            hint = f"did you mean `{meant}`?" if meant else ""
            yield places.fault(
                path,
                f"step `{step.id}` needs `{need}`, which is no step",
                hint=hint,
                kind="unknown-step",
            )


def _need_path(step: Step, need: str, places: Places) -> tuple[str | int, ...]:
    root: tuple[str | int, ...] = ("steps", step.id, "needs")
    for at in range(len(step.needs) + 1):
        scalar = places.scalar((*root, at))
        if scalar is not None and scalar.value == need:
            return (*root, at)
    return root


def may_be_skipped(step: Step, condition: Spot | None) -> bool:
    """Say whether the step's own `if` can be false."""
    if step.if_ is None:
        return False
    return condition is None or not is_always(condition.expression)


def _open_waits(
    step: Step,
    workflow: Workflow,
    conditions: Mapping[str, Spot],
    read: set[str],
    places: Places,
) -> Iterator[Fault]:
    condition = conditions.get(step.id)
    if condition is not None and speaks_of_status(condition.expression) is True:
        return
    for need in step.needs:
        other = workflow.steps.get(need)
        if other is None or need in read or need == step.id:
            continue
        if may_be_skipped(other, conditions.get(need)):
            yield places.fault(
                _need_path(step, need, places),
                f"`{need}` may be skipped by its `if`: should `{step.id}` run then?",
                hint=f"say it: `if: steps.{need}.status == 'succeeded'` to be skipped too, "
                f"`if: steps.{need}.status != 'failed'` to run all the same",
                kind="open-wait",
            )


def _failed_without_needs(
    step: Step,
    conditions: Mapping[str, Spot],
    needs: Mapping[str, tuple[str, ...]],
    places: Places,
) -> Iterator[Fault]:
    condition = conditions.get(step.id)
    if condition is None or needs[step.id]:
        return
    for name, offset in condition.expression.calls:
        if name == "failed":
            yield places.fault(
                condition.path,
                f"`failed()` is always false here: step `{step.id}` needs no other step",
                hint="name those it watches in `needs`",
                offset=condition.base + offset,
                kind="constant-condition",
            )


def _cycles(
    found: Sequence[Spot], needs: Mapping[str, tuple[str, ...]], places: Places
) -> Iterator[Fault]:
    circles = cycles(needs)
    if not circles:
        return
    for circle in circles:
        way = _way(circle)
        first, second = circle[0], circle[1]
        message = f"these steps wait for each other: {way}"
        spot = next(
            (
                (spot, reference)
                for spot in found
                if spot.step is not None and spot.step.id == first
                for reference in spot.expression.references
                if step_of(reference) == second
            ),
            None,
        )
        path = ("steps", first, "needs")
        if spot is not None and second not in _entries(path, places):
            yield places.fault(
                spot[0].path, message, offset=spot[0].base + spot[1].offsets[1], kind="cycle"
            )
        else:
            yield places.fault(path, message, key=True, kind="cycle")


def _way(circle: tuple[str, ...]) -> str:
    shown = [f"`{name}`" for name in circle]
    if len(shown) > _MOST_SHOWN:
        shown[_MOST_SHOWN:] = [f"… ({len(circle)} steps)"]
    return " → ".join((*shown, shown[0]))


def _entries(path: tuple[str, ...], places: Places) -> set[str]:
    document = places.document
    if document is None or not places.exists(path):
        return set()
    node = document.node_at(path)
    one = getattr(node, "value", None)
    return {one} if one else {item.value for item in getattr(node, "items", ())}
