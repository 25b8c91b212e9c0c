"""Workflows as steps: that they get the inputs and the secrets which they declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ciranda.errors import Fault
from ciranda.workflow.inputvalue import input_value
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Input, Step, Workflow
from ciranda.workflow.nearest import nearest
from ciranda.workflow.spots import Spot
from ciranda.workflow.survey import Survey
from ciranda.workflow.written import written_path

__all__ = ["part_faults"]


def part_faults(seen: Survey) -> Iterator[Fault]:
    """Yield what is wrong with what the steps of a file hand to other workflows."""
    passed: dict[tuple[str | int, ...], list[Spot]] = {}
    for spot in seen.spots:
        if spot.step is not None and spot.step.body == "workflow":
            passed.setdefault(root_of(spot.step), []).append(spot)
    for _, step in seen.steps:
        part = seen.part(step) if step.body == "workflow" else None
        if part is not None:
            yield from _inputs(step, part.workflow, seen)
            yield from _secrets(step, part, seen)
            yield from _leaks(step, part.workflow, passed.get(root_of(step), []), seen)


def _inputs(step: Step, part: Workflow, seen: Survey) -> Iterator[Fault]:
    for name, value in step.with_.items():
        path = written_path(root_of(step), "with", seen.places, (name,))
        declared = part.inputs.get(name)
        if declared is None:
            meant = nearest(name, part.inputs)
            message = f"`{step.uses}` has no input `{name}`"
            hint = f"did you mean `{meant}`?" if meant else _takes(part.inputs)
            yield seen.places.fault(path, message, hint=hint, key=True, kind="unknown-input")
        elif why := _unfit(declared, value):
            message = f"input `{name}` of `{step.uses}` {why}"
            yield seen.places.fault(path, message, kind="wrong-input")
    for name, declared in part.inputs.items():
        if name in step.with_ or declared.optional or declared.default is not msgspec.UNSET:
            continue
        path = written_path(root_of(step), "with", seen.places)
        yield seen.places.fault(
            path,
            f"`{step.uses}` needs the input `{name}`",
            hint=declared.description.rstrip("."),
            key=path[-1] == "with",
            kind="missing-input",
        )


def _takes(names: dict[str, Any]) -> str:
    return f"it takes {', '.join(f'`{name}`' for name in names)}" if names else "it takes none"


def _unfit(declared: Input, value: Any) -> str:
    """Return why a constant does not fit; what expressions give is known by its type."""
    if _holds_expression(value) or (value is None and declared.optional):
        return ""
    try:
        input_value(declared, value)
    except ValueError as error:
        return str(error)
    return ""


def _holds_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_expression, value.values()))
    if isinstance(value, list):
        return any(map(_holds_expression, value))
    return isinstance(value, str) and "${{" in value


def _secrets(step: Step, part: Survey, seen: Survey) -> Iterator[Fault]:
    given: dict[str, Any] = step.options.get("secrets", {})
    for name, value in given.items():
        path = (*root_of(step), "secrets", name)
        if name not in part.workflow.secrets:
            meant = nearest(name, part.workflow.secrets)
            hint = f"did you mean `{meant}`?" if meant else "it declares what it needs in `secrets`"
            message = f"`{step.uses}` has no secret `{name}`"
            yield seen.places.fault(path, message, hint=hint, key=True, kind="unknown-secret")
        elif not _holds_expression(value):
            yield seen.places.fault(
                path,
                f"the secret `{name}` is written out: a file is no place for it",
                hint=f"write `{name}: ${{{{ secrets.{name} }}}}`",
                kind="secret",
            )
    where = f"step `{step.id}`" + (f" of {seen.places.file}" if seen.places.file else "")
    for name, spot, offset in _read_secrets(part):
        if name not in given and name in part.workflow.secrets:
            yield part.places.fault(
                spot.path,
                f"the secret `{name}` is not passed to this workflow by {where}",
                hint=f"write `secrets: {{{name}: ${{{{ secrets.{name} }}}}}}` there",
                offset=offset,
                kind="secret",
            )


def _read_secrets(part: Survey) -> Iterator[tuple[str, Spot, int]]:
    """Yield the secrets that a file reads, each where it is read first."""
    known: set[str] = set()
    for spot in part.spots:
        if spot.place in ("trigger", "start", "listener"):
            continue  # of a run of its own only
        for read in spot.expression.references:
            name = str(read.path[1]) if read.root == "secrets" and len(read.path) > 1 else ""
            if name and name not in known:
                known.add(name)
                yield name, spot, spot.base + read.offsets[1]


def _leaks(step: Step, part: Workflow, spots: list[Spot], seen: Survey) -> Iterator[Fault]:
    """Yield secrets that would be ordinary values to the other workflow."""
    for spot in spots:
        name = _input_of(spot, step)
        declared = part.inputs.get(name)
        if declared is None or declared.type == "secret":
            continue
        for read in spot.expression.references:
            if read.root == "secrets" and len(read.path) > 1:
                secret = str(read.path[1])
                yield seen.places.fault(
                    spot.path,
                    f"the secret `{secret}` would be no secret any more: `{name}` of "
                    f"`{step.uses}` is an ordinary input",
                    hint=f"pass it on: `secrets: {{{secret}: ${{{{ secrets.{secret} }}}}}}`",
                    offset=spot.base + read.offsets[1],
                    kind="secret",
                )


def _input_of(spot: Spot, step: Step) -> str:
    root = (*root_of(step), "with")
    return str(spot.path[len(root)]) if spot.path[: len(root)] == root else ""
