"""Reads of steps: that they exist, and that nothing is read which may not be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ciranda.errors import Fault
from ciranda.expressions import Reference
from ciranda.workflow.checks.needs import may_be_skipped
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.nearest import nearest
from ciranda.workflow.places import Places
from ciranda.workflow.scope import STEP_FIELDS
from ciranda.workflow.spots import Spot
from ciranda.workflow.statuses import STATUS_FUNCTIONS, field_of, step_of

__all__ = ["reading_faults"]

_MISSES = {
    "outputs": "write `output`",
    "result": "write `output`",
    "results": "write `output`",
    "conclusion": "write `status`",
    "outcome": "write `status`",
    "state": "write `status`",
    "failed": "write `status == 'failed'`",
}


def reading_faults(
    workflow: Workflow,
    found: Sequence[Spot],
    lifts: Mapping[str, bool | frozenset[str]],
    places: Places,
) -> Iterator[Fault]:
    """Yield what is wrong with `steps.<id>...` in expressions."""
    conditions = {spot.step.id: spot for spot in found if spot.place == "if" and spot.step}
    for spot in found:
        for read in spot.expression.references:
            if read.root == "steps":
                yield from _read(read, spot, workflow, conditions, lifts, places)


def _read(
    read: Reference,
    spot: Spot,
    workflow: Workflow,
    conditions: Mapping[str, Spot],
    lifts: Mapping[str, bool | frozenset[str]],
    places: Places,
) -> Iterator[Fault]:
    step, field = step_of(read), field_of(read)
    offset = spot.base + read.offsets[min(len(read.path) - 1, 2 if field else 1)]
    if not step:
        yield places.fault(
            spot.path,
            "`steps` is read as a whole: which step is needed must be written out",
            hint="write `steps.<id>.output`",
            offset=offset,
            kind="unknown-step",
        )
        return
    reader = spot.step
    if reader is not None and step == reader.id:
        yield places.fault(
            spot.path, f"step `{reader.id}` reads itself", offset=offset, kind="cycle"
        )
    elif step not in workflow.steps:
        offset = spot.base + read.offsets[1]
        yield _unknown_step(step, spot, workflow, offset, places)
    elif field and field not in STEP_FIELDS:
        yield _unknown_field(step, field, spot, offset, places)
    elif field == "output" and not read.guarded:
        yield from _may_be_null(read, spot, workflow.steps[step], conditions, lifts, places)


def _unknown_step(step: str, spot: Spot, workflow: Workflow, offset: int, places: Places) -> Fault:
    reader = spot.step.id if spot.step else ""
    meant = nearest(step, (name for name in workflow.steps if name != reader))
    return places.fault(
        spot.path,
        f"there is no step `{step}`",
        hint=f"did you mean `{meant}`?" if meant else "",
        offset=offset,
        kind="unknown-step",
    )


def _unknown_field(step: str, field: str, spot: Spot, offset: int, places: Places) -> Fault:
    meant = nearest(field, STEP_FIELDS)
    hint = _MISSES.get(field) or (
        f"did you mean `{meant}`?" if meant else f"a step has {', '.join(STEP_FIELDS)}"
    )
    return places.fault(
        spot.path,
        f"`steps.{step}` has no `{field}`",
        hint=hint,
        offset=offset,
        kind="unknown-field",
    )


def _may_be_null(
    read: Reference,
    spot: Spot,
    step: Step,
    conditions: Mapping[str, Spot],
    lifts: Mapping[str, bool | frozenset[str]],
    places: Places,
) -> Iterator[Fault]:
    own = conditions.get(spot.step.id) if spot.step else None
    if own is not None and own is not spot and _minds(own, step.id):
        return
    why = _why_null(step, spot, conditions, lifts)
    if why:
        yield places.fault(
            spot.path,
            f"`steps.{step.id}.output` may be null: step `{step.id}` {why}",
            hint=f"write `{_written(read)} ?? null` or another value for that case",
            offset=spot.base + read.offsets[1],
            kind="may-be-null",
        )


def _written(read: Reference) -> str:
    text = read.root
    for part in read.path[1:]:
        dotted = isinstance(part, str) and part.isidentifier()
        text += f".{part}" if dotted else f"[{part!r}]"
    return text


def _minds(condition: Spot, step: str) -> bool:
    return any(
        step_of(read) == step and (field_of(read) in ("status", "error") or read.guarded)
        for read in condition.expression.references
    )


def _why_null(
    step: Step,
    spot: Spot,
    conditions: Mapping[str, Spot],
    lifts: Mapping[str, bool | frozenset[str]],
) -> str:
    if may_be_skipped(step, conditions.get(step.id)):
        return "has an `if`"
    if step.continue_on_error:
        return "may fail under `continue-on-error`"
    rule = lifts[spot.step.id] if spot.step else False
    if rule is True and not _only_succeeded(conditions[spot.step.id] if spot.step else None):
        return "may have failed, and the `if` here runs all the same"
    return ""


def _only_succeeded(condition: Spot | None) -> bool:
    return condition is not None and {
        name for name, _ in condition.expression.calls if name in STATUS_FUNCTIONS
    } == {"succeeded"}
