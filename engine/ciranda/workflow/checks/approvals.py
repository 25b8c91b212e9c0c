"""Approvals: that an answer by default could be somebody's answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ciranda.errors import Fault
from ciranda.workflow.fitting import surely_fits
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Step
from ciranda.workflow.nearest import nearest
from ciranda.workflow.outputs import approval_schema
from ciranda.workflow.places import Places
from ciranda.workflow.survey import Survey
from ciranda.workflow.violation import says, violations

__all__ = ["approval_faults"]

Path = tuple[str | int, ...]


def approval_faults(seen: Survey) -> Iterator[Fault]:
    """Yield what no person could have answered in the `default` of an approval."""
    for _, step in seen.steps:
        given = step.options.get("default") if step.body == "approve" else None
        if isinstance(given, dict):
            yield from _default(step, given, seen.places)


def _default(step: Step, given: dict[str, Any], places: Places) -> Iterator[Fault]:
    root = (*root_of(step), "approve", "default")
    fields = approval_schema(step)["properties"]
    form = fields.pop("form")["properties"]
    yield from _fitting(given, fields, root, places, extra="form")
    filled = given.get("form", {})
    if not isinstance(filled, dict):
        return  # one expression, or a fault of its own when it is evaluated
    yield from _fitting(filled, form, (*root, "form"), places)
    missing = [name for name in form if name not in filled and "default" not in form[name]]
    if given.get("approved") is True and missing:
        yield places.fault(
            root,
            f"the default of step `{step.id}` is a yes, and its form needs `{missing[0]}`",
            hint=f"write `form: {{{missing[0]}: ...}}` in it, or give the field a default",
            kind="approval",
        )


def _fitting(
    given: dict[str, Any], fields: dict[str, Any], root: Path, places: Places, extra: str = ""
) -> Iterator[Fault]:
    for name, value in given.items():
        if name == extra or _holds_expression(value):
            continue
        if name not in fields:
            meant = nearest(name, fields)
            known = ", ".join(f"`{each}`" for each in fields)
            yield places.fault(
                (*root, name),
                f"an answer to this has no `{name}`",
                hint=f"did you mean `{meant}`?" if meant else f"it has {known}" if known else "",
                key=True,
                kind="approval",
            )
        elif not surely_fits(value, fields[name]):
            yield from _unfit(value, fields[name], (*root, name), places)


def _unfit(value: Any, schema: dict[str, Any], path: Path, places: Places) -> Iterator[Fault]:
    from jsonschema_rs import Draft202012Validator  # slow to load

    for wrong in violations(Draft202012Validator(schema), value):
        yield places.fault((*path, *wrong.path), f"`{path[-1]}` {says(wrong)}", kind="approval")


def _holds_expression(value: Any) -> bool:
    return isinstance(value, str) and "${{" in value
