"""The inputs of a run: given values checked against what the workflow declares."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from ciranda.actions.values import copy_value
from ciranda.errors import InputError
from ciranda.workflow.inputvalue import input_value
from ciranda.workflow.model import Input, Workflow
from ciranda.workflow.nearest import nearest

__all__ = [
    "confined",
    "demand_secrets",
    "named_values",
    "only_secrets",
    "project_root",
    "resolve_inputs",
]

_MARKS: Final = ("ciranda.toml", ".git")


def resolve_inputs(
    workflow: Workflow, given: Mapping[str, Any], *, base: Path | None = None
) -> dict[str, Any]:
    """Return a value for each declared input, in the order of the file.

    Args:
        workflow: What declares them.
        given: Values by name, Python's or text from a command line.
        base: What given paths are relative to; the working directory by default. Paths in the
            file itself are relative to the file and stay inside its project.

    Raises:
        InputError: Everything wrong with them, a line each.
    """
    problems = list(_unknown(workflow, named_values(given, f"the workflow `{workflow.name}`")))
    found: dict[str, Any] = {}
    for name, declared in workflow.inputs.items():
        try:
            found[name] = _resolved(declared, given, workflow.file, base)
        except ValueError as error:
            problems.append(f"input `{name}` {error}")
    if problems:
        raise InputError("\n".join(problems))
    return found


def named_values(given: Any, owner: str) -> dict[str, Any]:
    """Return given inputs as a dictionary.

    Args:
        given: What a program handed over.
        owner: What takes them, for the message.

    Raises:
        InputError: It is none, or has keys that are no names.
    """
    if not isinstance(given, Mapping):
        raise InputError(
            f"the inputs of {owner} are values by name, such as {{'count': 3}}, "
            f"not {type(given).__name__}"
        )
    for name in given:
        if not isinstance(name, str):
            raise InputError(f"the name of an input of {owner} is text, not {name!r}")
    return dict(given)


def only_secrets(workflow: Workflow, inputs: Mapping[str, Any], run: str) -> None:
    """Refuse inputs for a run that goes on, but for secrets: it has the others already.

    Raises:
        InputError: One is no secret, or is not declared.
    """
    for name in inputs:
        declared = workflow.inputs.get(name)
        if declared is None:
            raise InputError(f"the workflow of run {run} has no input `{name}`")
        if declared.type != "secret":
            raise InputError(
                f"run {run} keeps the input `{name}` that it began with: "
                f"`ciranda rerun {run} --from STEP --set {name}=...` begins another run"
            )


def demand_secrets(
    workflow: Workflow,
    begun: Mapping[str, Any],
    given: Mapping[str, Any],
    command: str,
) -> None:
    """Refuse to go on with a run without its secret inputs: no store ever holds them.

    Args:
        workflow: What declares them.
        begun: The inputs that the run began with, secrets as references.
        given: What it is given now.
        command: What gives it, but for name and value.

    Raises:
        InputError: One is not given.
    """
    for name, declared in workflow.inputs.items():
        if declared.type == "secret" and begun.get(name) is not None and name not in given:
            raise InputError(
                f"the secret input `{name}` must be given once more, for no store holds secrets: "
                f"`{command} {name}=...`"
            )


def _resolved(declared: Input, given: Mapping[str, Any], file: str, base: Path | None) -> Any:
    left_out = declared.optional and given.get(declared.name) is None
    if declared.name in given and not left_out:
        value = input_value(declared, given[declared.name])
        if declared.type == "path":
            return os.path.abspath(os.path.join(base or Path.cwd(), value))
        return value
    if declared.default is not msgspec.UNSET:
        if declared.default is None and declared.optional:
            return None
        value = copy_value(input_value(declared, declared.default))
        return confined(value, file) if declared.type == "path" else value
    if declared.optional:
        return None
    about = f" ({declared.description})" if declared.description else ""
    raise ValueError(f"is missing{about}: give it with `-i {declared.name}=...`")


def confined(path: str, file: str) -> str:
    """Return a path that a file holds, from the root; it stays inside the file's project.

    Raises:
        ValueError: It leads out of it; the text continues "the default of the input `n` ...".
    """
    folder = Path(file).resolve().parent if file and file != "<string>" else Path.cwd()
    target = (folder / path).resolve()
    root = project_root(folder)
    if not target.is_relative_to(root):
        raise ValueError(f"leads out of the project {root}: `{path}`")
    return str(target)


def project_root(folder: Path) -> Path:
    """Return the nearest folder above with `ciranda.toml` or `.git`, else the folder itself."""
    for each in (folder, *folder.parents):
        if any((each / mark).exists() for mark in _MARKS):
            return each
    return folder


def _unknown(workflow: Workflow, given: Iterable[str]) -> Iterable[str]:
    for name in given:
        if name in workflow.inputs:
            continue
        meant = nearest(name, workflow.inputs)
        if meant:
            hint = f"did you mean `{meant}`?"
        elif workflow.inputs:
            hint = "it declares " + ", ".join(f"`{each}`" for each in workflow.inputs)
        else:
            hint = "it declares none"
        yield f"the workflow `{workflow.name}` has no input `{name}` ({hint})"
