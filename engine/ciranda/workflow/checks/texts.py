"""Text inputs take what was written: `version: 3.10` is the text `3.10`, never `3.1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ciranda.errors import Fault
from ciranda.expressions.schema import kinds
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.written import written_path

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["with_texts"]

Path = tuple[str | int, ...]


def with_texts(
    workflow: Workflow, actions: Mapping[str, Action], places: Places, faults: list[Fault]
) -> Workflow:
    """Return the workflow with scalars of text inputs as they were written."""
    if places.document is None:
        return workflow
    changed: dict[str, Step] = {}
    for step in workflow.steps.values():
        action = actions.get(step.uses)
        if action is None or not step.with_:
            continue
        texts = _Texts(step, places, faults)
        with_ = {
            name: texts.read(value, _inner(action.input_schema, name), (name,))
            for name, value in step.with_.items()
        }
        if with_ != step.with_ or repr(with_) != repr(step.with_):
            changed[step.id] = msgspec.structs.replace(step, with_=with_)
    if not changed:
        return workflow
    return msgspec.structs.replace(workflow, steps={**workflow.steps, **changed})


class _Texts:
    """Reads the inputs of one step."""

    def __init__(self, step: Step, places: Places, faults: list[Fault]) -> None:
        self._step = step
        self._places = places
        self._faults = faults

    def read(self, value: Any, schema: Mapping[str, Any], path: Path) -> Any:
        """Return a value with its scalars as text wherever only text is taken."""
        if isinstance(value, dict):
            return {
                key: self.read(each, _inner(schema, key), (*path, key))
                for key, each in value.items()
            }
        if isinstance(value, list):
            items = schema.get("items")
            inner = items if isinstance(items, Mapping) else {}
            return [self.read(each, inner, (*path, at)) for at, each in enumerate(value)]
        if not isinstance(value, int | float):
            return value
        wanted = kinds(schema)
        if wanted is None:
            self._exact(value, path)
        elif "string" in wanted and not _takes(value, wanted):
            where = written_path(root_of(self._step), "with", self._places, path)
            return self._places.text(where, value)
        return value

    def _exact(self, value: float, path: Path) -> None:
        """Refuse a number that is written otherwise than it reads, where anything is taken."""
        if not isinstance(value, float):
            return
        where = written_path(root_of(self._step), "with", self._places, path)
        scalar = self._places.scalar(where)
        if scalar is not None and scalar.text not in (repr(value), f"{value:g}"):
            self._faults.append(
                self._places.fault(
                    where,
                    f"`{scalar.text}` would be read as the number {value:g}",
                    hint=f'write "{scalar.text}" for the text, or {value!r} for the number',
                    kind="ambiguous-number",
                )
            )


def _takes(value: float, wanted: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in wanted
    return "number" in wanted or ("integer" in wanted and float(value).is_integer())


def _inner(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    known = schema.get("properties", {})
    inner = known[key] if key in known else schema.get("additionalProperties", {})
    return inner if isinstance(inner, Mapping) else {}
