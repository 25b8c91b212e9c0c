"""What a file declares: inputs whose defaults fit, files of its own, names that hide nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ciranda.errors import Fault
from ciranda.workflow.inputs import confined
from ciranda.workflow.inputvalue import input_value, pattern_problem
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Input, Step
from ciranda.workflow.places import Places
from ciranda.workflow.survey import Survey

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


def declaration_faults(seen: Survey) -> Iterator[Fault]:
    """Yield what is wrong with inputs, defaults of variables, kept files and names of items."""
    workflow, places = seen.workflow, seen.places
    for name, variable in workflow.env.items():
        if variable.default is not None and _holds_expression(variable.default):
            yield places.fault(
                ("env", name, "default"),
                f"the default of the variable `{name}` is a constant: `${{{{ }}}}` is not "
                "evaluated there",
                kind="constant-default",
            )
    for declared in workflow.inputs.values():
        yield from _input(declared, places)
    for _, step in seen.steps:
        if step.map is not None or step.catches:
            yield from _item(step, places)
        if step.declares and places.file:
            yield from _files(step, places)


def _files(step: Step, places: Places) -> Iterator[Fault]:
    """Yield the files that a step may not give; where an expression says which, a run tells."""
    for name, declared in step.declares.items():
        file = declared.file
        if not isinstance(file, str) or "${{" in file:
            continue
        try:
            confined(file, places.file)
        except ValueError as error:
            yield places.fault(
                (*root_of(step), "outputs", name, "file"),
                f"the output `{name}` of step `{step.id}` {error}",
                hint="a file that is kept lies within the project, or in `${{ step.dir }}`",
                kind="outside",
            )


def _item(step: Step, places: Places) -> Iterator[Fault]:
    for name in (step.as_, step.index_as):
        if step.map is not None and name in _TAKEN:
            yield places.fault(
                (*root_of(step), "as"),
                f"`as: {step.as_}` would hide the name `{name}`",
                hint="choose another word",
                kind="taken-name",
            )
    for at in range(len(step.catches)):
        block = step.blocks.get(f"catch{at}")
        if block is not None and block.binds in _TAKEN:
            yield places.fault(
                (*root_of(step), "catch", at, "as"),
                f"`as: {block.binds}` would hide the name `{block.binds}`",
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
    for path, least, most in _bounds(declared.schema):
        yield places.fault(
            (*root, *path, "minimum"),
            f"no value fits: `minimum` is {least:g} and `maximum` is {most:g}",
            kind="bounds",
        )
    wrong = False
    for path, pattern in _patterns(declared.schema):
        why = pattern_problem(pattern)
        if why:
            wrong = True
            message = f"`pattern` is no regular expression: {why}"
            yield places.fault((*root, *path), message, kind="pattern")
    if wrong:
        return
    if declared.default is not msgspec.UNSET:
        yield from _default(declared, places)


def _patterns(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if "pattern" in schema:
        yield ("pattern",), schema["pattern"]
    for path, each in _inner(schema):
        for rest, pattern in _patterns(each):
            yield (*path, *rest), pattern


def _bounds(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], float, float]]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None and least > most:
        yield (), least, most
    for path, each in _inner(schema):
        for rest, low, high in _bounds(each):
            yield (*path, *rest), low, high


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if "items" in schema:
        yield ("items",), schema["items"]
    for key, each in schema.get("properties", {}).items():
        yield ("properties", key), each


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
            value = input_value(declared, declared.default)
            if declared.type == "path" and places.file:
                confined(value, places.file)
        except ValueError as error:
            message = f"the default of the input `{declared.name}` {error}"
            yield places.fault(path, message, kind="wrong-default")


def _holds_expression(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_expression(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds_expression(each) for each in value)
    return isinstance(value, str) and "${{" in value.replace("$${{", "")
