"""Numbers where anything is taken: `3.10` would be read as 3.1, and nobody would be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ciranda.errors import Fault
from ciranda.expressions.schema import kinds
from ciranda.workflow.inputvalue import input_schema
from ciranda.workflow.level import root_of
from ciranda.workflow.places import Places
from ciranda.workflow.survey import Survey
from ciranda.workflow.values import outputs

__all__ = ["number_fault", "number_faults"]

Path = tuple[str | int, ...]

# Below a step: what is passed on as it is written, whatever its type.
_ANYTHING: Final[tuple[Path, ...]] = (
    ("map",),
    ("matrix",),
    ("emit", "data"),
    ("wait", "default"),
    ("succeed", "outputs"),
    ("fail", "detail"),
)


def number_fault(places: Places, path: Path, value: float) -> Fault | None:
    """Return what is wrong with a number that is written otherwise than it reads."""
    scalar = places.scalar(path)
    if scalar is None or scalar.text in (repr(value), f"{value:g}"):
        return None
    return places.fault(
        path,
        f"`{scalar.text}` would be read as the number {value:g}",
        hint=f'write "{scalar.text}" for the text, or {value!r} for the number',
        kind="ambiguous-number",
    )


def number_faults(seen: Survey) -> Iterator[Fault]:
    """Yield the numbers of matrices, lists, events and outputs that would lose a digit."""
    places = seen.places
    if places.document is None:  # built in Python: a number is what it is
        return
    roots: list[tuple[Path, Mapping[str, Any]]] = [
        (("inputs", name, "default"), input_schema(each))
        for name, each in seen.workflow.inputs.items()
    ]
    for _, step in seen.steps:
        roots += [((*root_of(step), *path), {}) for path in _ANYTHING]
    for level in seen.levels:
        roots += [(path, {}) for _, _, path, _ in outputs(level, seen.workflow)]
    for root, schema in roots:
        for path, value, wanted in _numbers(places, root, schema):
            fault = number_fault(places, path, value) if wanted is None else None
            if fault is not None:
                yield fault


def _numbers(
    places: Places, path: Path, schema: Mapping[str, Any]
) -> Iterator[tuple[Path, float, list[str] | None]]:
    """Yield the fractions written at and below a path, and the types that are taken there."""
    scalar = places.scalar(path)
    if scalar is not None:
        if isinstance(scalar.value, float):
            yield path, scalar.value, kinds(schema)
        return
    known, items = schema.get("properties", {}), schema.get("items", {})
    for part in places.parts(path):
        inner = items if isinstance(part, int) else known.get(part, {})
        yield from _numbers(places, (*path, part), inner)
