"""What JSON Schema found wrong, as sentences with places.

Slow to load, and needed for faults and for long files only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from jsonschema_rs import Draft202012Validator

from ciranda.errors import Fault
from ciranda.workflow.bodies import ONE_CALL
from ciranda.workflow.nearest import nearest
from ciranda.workflow.nearmiss import BODY_MISSES, INPUT_TYPE_MISSES, hint_for_key
from ciranda.workflow.owners import HOLDERS, dotted, owner_of
from ciranda.workflow.places import Places
from ciranda.workflow.schema import INPUT_TYPES, workflow_schema
from ciranda.workflow.stepschema import BESIDE, BODIES
from ciranda.workflow.valuehints import hint_for_value
from ciranda.workflow.violation import Violation, violations
from ciranda.workflow.written import shown

__all__ = ["complaints"]

Path = tuple[str | int, ...]

_DURATIONS = frozenset(
    {"timeout", "deadline", "estimate", "backoff", "cap", "ttl", "open", "slow-after"}
    | {"every", "sleep"}
)
_CONDITIONS: Final = frozenset({"if", "when", "while", "until", "where"})
# Keys that hold a mapping of steps without the word `steps`.
_DIRECT: Final = HOLDERS | {"on-success"}
_ONE_BODY: Final = "put both into a group: `steps: {first: {...}, second: {...}}`"
_NOUNS: Final = {
    **dict.fromkeys(_DIRECT, "step id"),
    "inputs": "input name",
    "secrets": "secret name",
    "templates": "template name",
    "matrix": "axis name",
    "form": "field name",
    "with-middleware": "layer",
}
_TRIGGERS: Final = frozenset({"on", "webhook", "schedule", "event", "files"})
_YES_NO = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def complaints(data: Any, places: Places) -> list[Fault]:
    """Return what the schema's validator finds wrong with a document, each thing once."""
    schema, validator = _schema()
    found: dict[tuple[Any, ...], Fault] = {}
    for error in violations(validator, data):
        for fault in _faults(error, schema, places):
            found.setdefault((fault.line, fault.column, fault.message), fault)
    return list(found.values())


@cache
def _schema() -> tuple[dict[str, Any], Draft202012Validator]:
    schema = workflow_schema()
    return schema, Draft202012Validator(schema)


def _faults(error: Violation, schema: dict[str, Any], places: Places) -> Iterable[Fault]:
    path, kind = error.path, error.keyword
    known = _subschema(schema, error.schema_path[:-1])
    if kind == "additionalProperties":
        for key in error.about["unexpected"]:
            yield _unknown_key(key, path, known, places)
    elif kind == "propertyNames":
        yield from _bad_name(path, error, known, places)
    elif kind == "dependentRequired" or "dependentSchemas" in error.schema_path:
        yield _needs_other(path, error, places)
    elif kind == "required":
        if not (_misspelt(error, known, _place(path)) and path):
            yield _missing(path, error, places)
    elif kind.startswith("oneOf"):
        yield from _bodies(path, error.value, places)
    else:
        yield _value(path, error, known, places)


def _subschema(schema: dict[str, Any], path: Path) -> dict[str, Any]:
    here: Any = schema
    for part in path:
        here = here[part]
    return here if isinstance(here, dict) else {}


def _place(path: Path) -> str:
    """Return the name under which hints for the keys of a mapping are known."""
    owner = owner_of(path)
    if len(path) == owner.length:
        return owner.kind
    if path[:-1] == ("inputs",):
        return "input"
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _owner(path: Path) -> str:
    """Return how a person calls the mapping at `path`."""
    owner = owner_of(path)
    if len(path) == owner.length:
        return owner.name
    if path[:-1] in (("inputs",), ("secrets",)):
        return f"{str(path[0])[:-1]} `{path[1]}`"
    return f"`{dotted(path)}`"


def _unknown_key(key: str, path: Path, known: dict[str, Any], places: Places) -> Fault:
    owner = _owner(path)
    where = (*path, key)
    hint = hint_for_key(_place(path), key, known.get("properties", ()))
    if _is_word_steps(path):
        hint = f"the steps stand directly below `{path[-2]}`, without `steps`"
    scalar = places.scalar(where)
    if scalar is not None and scalar.value is None and not scalar.text and not hint:
        hint = "if it belongs to the text before it, quote the text: a comma ends it"
    if tuple(path) == ("on",) and not hint:
        hint = "the trigger of a plugin is called `plugin.kind`"
    message = f"{owner} has no key `{key}`" if path else f"there is no key `{key}` in a workflow"
    return places.fault(where, message, hint=hint, key=True, kind="unknown-key")


def _is_word_steps(path: Path) -> bool:
    """Say whether the word `steps` was read as an id: `on-failure: {steps: {tell: ...}}`."""
    return len(path) > 1 and path[-1] == "steps" and path[-2] in _DIRECT


def _bad_name(
    path: Path, error: Violation, known: dict[str, Any], places: Places
) -> Iterable[Fault]:
    key = str(path[-1])
    noun = _NOUNS.get(key, "variable name")
    article = "an" if noun[0] in "ai" else "a"
    for name in [name for name in error.value if not re.search(known["pattern"], name)]:
        if key == "with-middleware":
            says, hint = "it is called `plugin.layer`", ""
        else:
            says = "it may hold letters, digits and `_`"
            meant = "".join(letter if _is_name("_" + letter) else "_" for letter in name)
            meant = meant if _is_name(meant) else f"_{meant}"
            hint = f"write `{meant}`" if name.isascii() else "letters are those from a to z"
        yield places.fault(
            (*path, name),
            f"`{name}` is not {article} {noun}: {says}",
            hint=hint_for_key(key, name, ()) or hint,
            key=True,
            kind="bad-name",
        )


def _is_name(text: str) -> bool:
    return text.isascii() and text.isidentifier()


def _missing(path: Path, error: Violation, places: Places) -> Fault:
    wanted = error.about["property"]
    if not path and wanted == "ciranda":
        return places.fault(
            path, "the file does not say `ciranda: 1`", hint="write it as the first line"
        )
    if not path:
        hint = f"write `{wanted}: {{first: {{run: [echo, hello]}}}}`"
        return places.fault(path, f"the file has no `{wanted}`", hint=hint)
    return places.fault(path, f"{_owner(path)} does not say `{wanted}`", key=True)


def _misspelt(error: Violation, known: dict[str, Any], place: str) -> bool:
    """Say whether the key is there under a wrong name, which is a fault of its own."""
    names, wanted = known.get("properties", ()), error.about["property"]
    strangers = [key for key in error.value if key not in names]
    return any(
        nearest(key, names) == wanted
        or hint_for_key(place, key, ()).startswith((f"write `{wanted}`", f"write `{wanted}:"))
        for key in strangers
    )


def _needs_other(path: Path, error: Violation, places: Places) -> Fault:
    step = error.value
    if error.keyword == "dependentRequired":
        wanted: tuple[str, ...] = (error.about["property"],)
        key = next(name for name, of in BESIDE.items() if of == wanted and name in step)
    else:
        key = str(error.schema_path[error.schema_path.index("dependentSchemas") + 1])
        wanted = BESIDE[key]
    message = f"`{key}` of {_owner(path)} needs `{wanted[0]}`"
    if len(wanted) > 1 and wanted[1] != "like":
        message += f" or `{wanted[1]}`"
    hint = "write `if`" if key == "when" and _place(path) == "case" else _beside_what(key, step)
    return places.fault((*path, key), message, hint=hint, key=True)


def _beside_what(key: str, step: dict[str, Any]) -> str:
    """Return where a key belongs that stands in a step without what it is about."""
    if key in ("with", "secrets"):
        if "run" in step:
            return "`run` takes its values beside it: `stdin`, `cwd`, `env`"
        return "put it on the step inside that takes it" if step.keys() & _DIRECT else ""
    if BESIDE[key] == ("run",):
        return "an action takes its inputs in `with`" if "uses" in step else ""
    if key in ("catch", "finally") and "steps" in step:
        return "write `try` for `steps`"
    return "write `if` to leave out the whole step" if key == "when" else ""


def _bodies(path: Path, step: Any, places: Places) -> Iterable[Fault]:
    if not isinstance(step, dict):
        return
    found = [name for name in BODIES if name in step]
    if found:
        message = f"{_owner(path)} has two bodies, `{found[0]}` and `{found[1]}`"
        hint = ONE_CALL if set(found[:2]) == {"run", "uses"} else _ONE_BODY
        yield places.fault((*path, found[1]), message, hint=hint, key=True)
    elif not (
        BODY_MISSES & step.keys()
        or step.keys() & {"catch", "finally"}
        or _is_word_steps(path)
        or _misspelt_body(step)
    ):
        yield places.fault(
            path,
            f"{_owner(path)} does nothing",
            hint="give it `uses: plugin.action` or `run: [program, word]`",
            key=isinstance(path[-1], str),
            kind="no-body",
        )


def _misspelt_body(step: dict[str, Any]) -> bool:
    """Say whether a body is there under a wrong name, which is a fault of its own."""
    known = _step_keys()
    return any(nearest(key, known) in BODIES for key in step.keys() - known.keys())


def _step_keys() -> dict[str, Any]:
    schema, _ = _schema()
    found: dict[str, Any] = schema["$defs"]["step"]["properties"]
    return found


def _value(path: Path, error: Violation, known: dict[str, Any], places: Places) -> Fault:
    says = known.get("x-says")
    value = error.value
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if not path:
        return places.fault(
            path, f"a workflow is a mapping, not {'empty' if value is None else shown(value)}"
        )
    if error.keyword == "minProperties" and not value:
        return places.fault(path, f"`{dotted(path)}` is empty", key=value is None)
    if key in _CONDITIONS and isinstance(value, bool | int | float):
        return places.fault(
            path,
            f"`{key}` is always {shown(value)}: a condition must depend on something",
            kind="constant-condition",
        )
    hint = _unnamed(path, value) or _value_hint(path, key, value, known, places)
    subject = _owner(path) if len(path) == owner_of(path).length else f"`{dotted(path)}`"
    text = _as_written(path, value, places)
    message = f"{subject} must be {says}, not {text}" if says else f"{subject}: {error.message}"
    return places.fault(path, message, hint=hint, kind="wrong-value")


def _unnamed(path: Path, value: Any) -> str:
    """Return what to write if a step's key was read as an id: `on-failure: {run: tell}`."""
    key, around = (path[-1], path[-2]) if len(path) > 1 else ("", "")
    if isinstance(value, dict) or around not in _DIRECT or key not in _step_keys():
        return ""
    if key in BODIES:
        return f"give the step a name: `{around}: {{name: {{{key}: ...}}}}`"
    return f"write `{key}` beside `{around}`"


def _value_hint(path: Path, key: str, value: Any, known: dict[str, Any], places: Places) -> str:
    if key in _DURATIONS and isinstance(value, int | float) and not isinstance(value, bool):
        return f"write `{places.text(path, value)}s` for seconds"
    if "env" in path[-2:-1] and isinstance(value, dict):
        return "`{from: ...}` stands in `env` at the top of the file"
    hint = _text_hint(path, value, known) if isinstance(value, str) else ""
    if not hint and path[-2:-1] == ("outputs",):
        return "`outputs` of an action says what it gives; `steps.<id>.output` reads it"
    if key in _TRIGGERS and path[:1] != ("on",):
        return hint
    return hint or hint_for_value(key, value)


def _text_hint(path: Path, value: str, known: dict[str, Any]) -> str:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    names_type = "(?:string|" in known.get("pattern", "") or key == "type"
    if (names_type or _place(path) == "input") and value.lower() in INPUT_TYPE_MISSES:
        return f"write `{INPUT_TYPE_MISSES[value.lower()]}`"
    if "boolean" in known.get("type", ()) and value.lower() in _YES_NO:
        return f"write `{_YES_NO[value.lower()]}`: `{value}` is text in YAML 1.2"
    words = INPUT_TYPES if _place(path) == "input" else known.get("enum", ())
    return hint_for_key("", value, [word for word in words if isinstance(word, str)])


def _as_written(path: Path, value: Any, places: Places) -> str:
    scalar = places.scalar(path)
    if scalar is not None and not isinstance(value, str) and value is not None:
        return f"`{scalar.text}`"
    if isinstance(value, str) and value.isdigit():
        return f"the text {shown(value)}"
    return "empty" if value is None else shown(value)
