"""The types of what steps give, as far as they are known before a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ciranda.expressions.schema import either, of_value
from ciranda.workflow.inputvalue import input_schema
from ciranda.workflow.level import levels_of
from ciranda.workflow.model import Input, Step, Workflow
from ciranda.workflow.scope import closed

__all__ = [
    "NULL",
    "approval_schema",
    "declared_output",
    "matrix_schema",
    "named_output",
    "value_schema",
]

Path = tuple[str | int, ...]
Schema = dict[str, Any]

NULL: Final[Schema] = {"type": "null"}
_TEXT: Final[Schema] = {"type": "string"}
_FILE: Final[Schema] = closed({"path": _TEXT, "sha256": _TEXT, "bytes": {"type": "integer"}})


def value_schema(value: Any, path: Path, results: Mapping[Path, Mapping[str, Any]]) -> Schema:
    """Return the type of a value that holds expressions.

    Args:
        value: As written.
        path: Where it stands.
        results: The types of the expressions that are a whole text, by their place.
    """
    if isinstance(value, str) and "${{" in value:
        return dict(results.get(path, _TEXT))
    if isinstance(value, dict):
        return closed(
            {name: value_schema(each, (*path, name), results) for name, each in value.items()}
        )
    if isinstance(value, list):
        if not value:
            return {"type": "array"}
        items = (value_schema(each, (*path, at), results) for at, each in enumerate(value))
        return {"type": "array", "items": either(items)}
    known = of_value(value)
    return {"type": known["type"]} if known else {}


def declared_output(step: Step, output: Schema) -> Schema:
    """Return the type of an action's output with what the step itself declares of it."""
    if not step.declares:
        return output
    named = {
        name: _FILE if each.file is not None else _typed(name, each.schema)
        for name, each in step.declares.items()
    }
    known = output.get("properties", {}) if output.get("type") == "object" else {}
    rest = output.get("additionalProperties", True) if known else True
    made = {**output, "type": "object", "properties": {**known, **named}}
    return {**made, "additionalProperties": rest}


def named_output(workflow: Workflow) -> Schema:
    """Return the type of the output of a file that is still being judged: names, no types."""
    given: list[Any] = [workflow.outputs]
    for level in levels_of(workflow):
        early = (step for step in level.steps.values() if step.body == "succeed")
        given += [step.options["outputs"] for step in early if step.options.get("outputs")]
    known = (
        closed({name: {} for name in each}) if isinstance(each, dict) else {} for each in given
    )
    return dict(either(known))


def approval_schema(step: Step) -> Schema:
    """Return the type of what a person answers."""
    form = step.options.get("form")
    fields = form.items() if isinstance(form, dict) else ()
    who = {"type": ["string", "null"]} if "default" in step.options else _TEXT
    return closed(
        {
            "approved": {"type": "boolean"},
            "by": who,
            "at": who,
            "form": closed({name: _field(name, each) for name, each in fields}),
        }
    )


def _field(name: str, written: Any) -> Schema:
    return _typed(name, {"type": written} if isinstance(written, str) else dict(written))


def _typed(name: str, schema: Mapping[str, Any]) -> Schema:
    """Return the JSON Schema of a type in the words of a workflow file."""
    kind = schema.get("type")
    rest = {key: each for key, each in schema.items() if key not in ("type", "optional")}
    if not isinstance(kind, str):
        return rest
    optional = bool(schema.get("optional"))
    return input_schema(Input(name=name, type=kind, schema=rest, optional=optional))


def matrix_schema(step: Step, axes: Mapping[str, Mapping[str, Any]]) -> Schema:
    """Return the type of one combination.

    Args:
        step: Whose matrix it is.
        axes: The types of the items of those axes that are expressions.
    """
    assert step.matrix is not None
    names: dict[str, Any] = {name: dict(axes.get(name, {})) for name in step.matrix.axes}
    extra = step.matrix.include
    if extra is None:
        return closed(names)
    if not isinstance(extra, list) or not all(isinstance(each, dict) for each in extra):
        return {"type": "object", "properties": names}
    # What is included may bring values of other types, and names of its own.
    return closed({name: {} for name in (*names, *(name for each in extra for name in each))})
