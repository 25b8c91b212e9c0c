"""What a file declares: inputs whose defaults fit, names that hide nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from ciranda.errors import Fault
from ciranda.workflow.inputvalue import input_value
from ciranda.workflow.model import Input, Step, Workflow
from ciranda.workflow.places import Places

__all__ = ["declaration_faults"]

_TAKEN = frozenset(
    {"attempt", "env", "event", "inputs", "loop", "matrix", "run", "secrets", "step", "steps"}
)
_FITS = {
    "enum": frozenset({"string", "integer", "number", "path", "duration", "datetime", "boolean"}),
    "items": frozenset({"array"}),
    "properties": frozenset({"object"}),
    "pattern": frozenset({"string", "path"}),
    "minimum": frozenset({"integer", "number", "duration"}),
    "maximum": frozenset({"integer", "number", "duration"}),
}


def declaration_faults(workflow: Workflow, places: Places) -> Iterator[Fault]:
    """Yield what is wrong with inputs and with the names of items."""
    for declared in workflow.inputs.values():
        yield from _input(declared, places)
    for step in workflow.steps.values():
        yield from _item(step, places)


def _item(step: Step, places: Places) -> Iterator[Fault]:
    for name in (step.as_, step.index_as):
        if step.map is not None and name in _TAKEN:
            yield places.fault(
                ("steps", step.id, "as"),
                f"`as: {step.as_}` would hide the name `{name}`",
                hint="choose another word",
                kind="taken-name",
            )


def _input(declared: Input, places: Places) -> Iterator[Fault]:
    root = ("inputs", declared.name)
    for key in declared.schema:
        if declared.type not in _FITS[key]:
            yield places.fault(
                (*root, key),
                f"`{key}` says nothing about an input of the type {declared.type}",
                key=True,
                kind="wrong-keyword",
            )
    pattern = declared.schema.get("pattern")
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            yield places.fault(
                (*root, "pattern"), f"`pattern` is no regular expression: {error}", kind="pattern"
            )
            return
    if declared.default is not msgspec.UNSET:
        yield from _default(declared, places)


def _default(declared: Input, places: Places) -> Iterator[Fault]:
    path = ("inputs", declared.name, "default")
    if declared.type == "secret":
        yield places.fault(
            path,
            f"the secret input `{declared.name}` cannot have a default: a file is no place for it",
            hint="declare it in `secrets`",
            kind="secret",
        )
    elif _holds_expression(declared.default):
        secret = "secrets." in str(declared.default)
        yield places.fault(
            path,
            f"the default of the input `{declared.name}` is a constant: "
            + ("a secret cannot be read there" if secret else "`${{ }}` is not evaluated there"),
            kind="secret" if secret else "constant-default",
        )
    elif declared.default is None and declared.optional:
        return
    else:
        try:
            input_value(declared, declared.default)
        except ValueError as error:
            message = f"the default of the input `{declared.name}` {error}"
            yield places.fault(path, message, kind="wrong-default")


def _holds_expression(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_expression(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds_expression(each) for each in value)
    return isinstance(value, str) and "${{" in value.replace("$${{", "")
