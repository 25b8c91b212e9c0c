"""Inputs that an action is tried with: given, shown in its documentation, or made up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ciranda.actions import Action
from ciranda.actions.docstring import parse_docstring
from ciranda.errors import StepError

__all__ = ["FENCE", "Sample", "example_of", "sample_of"]

FENCE: Final = re.compile(r"^```ya?ml\b[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LONGEST: Final = 64  # of a text or list that is made up


@dataclass(frozen=True, slots=True)
class Sample:
    """Inputs, and whether the author promises that they do.

    Attributes:
        inputs: Values by name.
        promised: They are given or shown; otherwise made up from the schema.
    """

    inputs: Mapping[str, Any]
    promised: bool = True


def sample_of(action: Action, given: Mapping[str, Any]) -> Sample | str:
    """Return inputs to try an action with, or why there are none.

    What is not promised is made up for a `pure` action only: nothing else happens when it runs.

    Args:
        action: The action.
        given: Inputs by action, from `[tool.ciranda.check.inputs]`.
    """
    own = given.get(action.name)
    if isinstance(own, Mapping):
        return Sample(own)
    for step in example_of(action):
        if step.get("uses") == action.name and not _computed(step):
            written = step.get("with") or {}
            return Sample(written) if _fits(action, written) else "its example is not right"
    schema = action.input_schema
    needed = list(schema.get("required", ()))
    shown = {
        name: each["examples"][0]
        for name, each in schema.get("properties", {}).items()
        if each.get("examples")
    }
    if needed and all(name in shown for name in needed):
        return Sample(shown)
    if not action.pure:
        return (
            "it has no sample inputs: show a step below `Example:` of its docstring, or write "
            "them below [tool.ciranda.check.inputs]"
        )
    return _imagined(action, needed, shown)


def _imagined(action: Action, needed: Sequence[str], shown: Mapping[str, Any]) -> Sample | str:
    properties = action.input_schema.get("properties", {})
    inputs = {name: shown.get(name, _made_up(properties[name])) for name in needed}
    for name, value in inputs.items():
        if value is None:
            return f"nothing fitting can be made up for its input `{name}`"
    if not _fits(action, inputs):
        return "nothing fitting can be made up for its inputs"
    return Sample(inputs, promised=not needed)


def example_of(action: Action) -> list[dict[str, Any]]:
    """Return the steps and workflows in the `Example:` of an action's docstring, as data.

    Raises:
        WorkflowError: A block is no YAML.
    """
    from ciranda.workflow.document import parse_document

    text = parse_docstring(action.function.__doc__).example
    found = [
        parse_document(block.encode(), file=action.name).plain() for block in FENCE.findall(text)
    ]
    return [one for one in found if isinstance(one, dict)]


def _fits(action: Action, inputs: Mapping[str, Any]) -> bool:
    try:
        action.bind(dict(inputs))
    except StepError:
        return False
    return True


def _computed(step: Mapping[str, Any]) -> bool:
    return "${{" in repr(step)


def _made_up(schema: Mapping[str, Any]) -> Any:
    """Return the smallest value that fits a simple schema; None if that is not simple."""
    for key in ("default", "const"):
        if schema.get(key) is not None:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    several = schema.get("anyOf", schema.get("oneOf"))
    if several:
        return next((made for one in several if (made := _made_up(one)) is not None), None)
    kind = schema.get("type")
    if isinstance(kind, list):
        return _made_up({**schema, "type": kind[0]})
    least = schema.get("minLength", schema.get("minItems", 0))
    if least > _LONGEST or any(word in schema for word in ("pattern", "format", "not")):
        return None
    return _of_type(kind, schema, least)


def _of_type(kind: Any, schema: Mapping[str, Any], least: int) -> Any:
    match kind:
        case "string":
            return "sample"[: schema.get("maxLength", 6)].ljust(least, "x")
        case "integer" | "number":
            return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return False
        case "array":
            items = [_made_up(schema.get("items", {"type": "string"}))] * least
            return None if None in items else items
        case "object":
            known = schema.get("properties", {})
            inner = {name: _made_up(known[name]) for name in schema.get("required", ())}
            return None if None in inner.values() else inner
    return None
