"""Actions: that they exist, and that constant inputs fit what they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from ciranda.errors import Fault
from ciranda.workflow.fitting import surely_fits
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Step
from ciranda.workflow.nearest import nearest
from ciranda.workflow.places import Places
from ciranda.workflow.relaxed import EXPRESSION_PATTERN, relaxed
from ciranda.workflow.survey import Survey
from ciranda.workflow.violation import Violation, says, violations
from ciranda.workflow.written import written_path

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

    from ciranda.actions import Action

__all__ = ["action_faults", "input_faults"]

_PATTERNS: Final = frozenset({EXPRESSION_PATTERN})


def action_faults(
    seen: Survey, actions: Mapping[str, Action], plugins: Mapping[str, str]
) -> Iterator[Fault]:
    """Yield a fault for each step whose action nobody brings.

    Args:
        seen: The file whose steps are looked at.
        actions: What is installed and enabled.
        plugins: For actions and namespaces that are not: what to do about it.
    """
    known = {name.partition(".")[0] for name in actions}
    workflow, places = seen.workflow, seen.places
    for _, step in seen.steps:
        if step.body == "workflow" and not step.blocks.get("workflow"):
            path = written_path(root_of(step), "uses", places)
            message = f"the workflow `{step.uses}` was not read"
            hint = "load the file that uses it with `ciranda.load`"
            yield places.fault(path, message, hint=hint, kind="unknown-workflow")
        elif step.body != "action":
            continue
        elif step.uses not in actions and step.uses not in workflow.functions:
            path = written_path(root_of(step), "uses", places)
            hint = (
                "which action it is must be written out; choose between steps with `if`"
                if "${{" in step.uses
                else _hint(step.uses, actions, known, plugins)
            )
            message = f"there is no action `{step.uses}`"
            yield places.fault(path, message, hint=hint, kind="unknown-action")


def _hint(
    uses: str, actions: Mapping[str, Action], known: set[str], plugins: Mapping[str, str]
) -> str:
    namespace, dot, _ = uses.partition(".")
    if "@" in uses or "/" in uses or not dot:
        return "an action is called `plugin.action`"
    for known_to_be_missing in (uses, namespace):
        if known_to_be_missing in plugins:
            return plugins[known_to_be_missing]
    meant = nearest(uses, actions)
    if meant:
        return f"did you mean `{meant}`?"
    if namespace in known:
        names = sorted(name for name in actions if name.startswith(f"{namespace}."))
        return f"`{namespace}` has {', '.join(f'`{name}`' for name in names)}"
    return f"`pip install ciranda-{namespace}`, or name the file that brings it in `plugins`"


def input_faults(seen: Survey, actions: Mapping[str, Action]) -> Iterator[Fault]:
    """Yield what is wrong with the constant inputs of each step."""
    schemas: dict[str, dict[str, Any]] = {}
    validators: dict[str, Draft202012Validator] = {}
    for _, step in seen.steps:
        action = actions.get(step.uses)
        if action is None or step.body != "action":
            continue
        if action.name not in schemas:
            schemas[action.name] = relaxed(action.input_schema)
        given, schema = _seen(step.with_), schemas[action.name]
        if surely_fits(given, schema, patterns=_PATTERNS):
            continue
        if action.name not in validators:
            validators[action.name] = _validator(schema)
        found: dict[tuple[str | int, ...], Fault] = {}
        for error in violations(validators[action.name], given):
            for path, fault in _faults(error, step, action, seen.places):
                found.setdefault(path, fault)
        yield from found.values()


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator  # slow to load, and needed for faults only

    return Draft202012Validator(schema)


def _seen(value: Any) -> Any:
    """Return a value as JSON Schema sees it: the bytes that Python hands in are text there."""
    if isinstance(value, dict):
        return {key: _seen(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_seen(each) for each in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _faults(
    error: Violation, step: Step, action: Action, places: Places
) -> Iterator[tuple[tuple[str | int, ...], Fault]]:
    kind, inside = error.keyword, error.path
    if kind == "additionalProperties":
        names = _at(action.input_schema, inside).get("properties", {})
        for key in error.about["unexpected"]:
            yield (*inside, key), _extra(key, inside, names, step, action, places)
    elif kind == "required":
        missing = error.about["property"]
        path = written_path(root_of(step), "with", places, inside)
        where = f" of `{_dotted(inside)}`" if inside else ""
        message = f"`{action.name}` needs the input `{missing}`{where}"
        about = "" if inside else action.parameter_docs.get(missing, "").rstrip(".")
        at_key = path[-1] == "with"
        yield (
            (*inside, missing),
            places.fault(path, message, hint=about, key=at_key, kind="missing-input"),
        )
    else:
        path = written_path(root_of(step), "with", places, inside)
        message = f"input `{_dotted(inside)}` of `{action.name}` {says(error)}"
        yield inside, places.fault(path, message, kind="wrong-input")


def _extra(
    key: str,
    inside: tuple[str | int, ...],
    names: Mapping[str, Any],
    step: Step,
    action: Action,
    places: Places,
) -> Fault:
    meant = nearest(key, names)
    if meant:
        hint = f"did you mean `{meant}`?"
    else:
        hint = f"it takes {', '.join(f'`{name}`' for name in names)}" if names else "it takes none"
    owner = f"`{_dotted(inside)}` of `{action.name}`" if inside else f"`{action.name}`"
    path = written_path(root_of(step), "with", places, (*inside, key))
    message = f"{owner} has no input `{key}`"
    return places.fault(path, message, hint=hint, key=True, kind="unknown-input")


def _at(schema: Mapping[str, Any], path: tuple[str | int, ...]) -> Mapping[str, Any]:
    here: Any = schema
    for part in path:
        if isinstance(part, int):
            here = here.get("items", {})
        else:
            here = here.get("properties", {}).get(part) or here.get("additionalProperties")
        if not isinstance(here, dict):
            return {}
    return here if isinstance(here, dict) else {}


def _dotted(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
