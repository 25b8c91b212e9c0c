"""What JSON Schema found wrong, as sentences with places."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ciranda.errors import Fault
from ciranda.workflow.fitting import patterns_of, surely_fits
from ciranda.workflow.nearest import nearest
from ciranda.workflow.nearmiss import BODY_MISSES, INPUT_TYPE_MISSES, LATER, hint_for_key
from ciranda.workflow.places import Places
from ciranda.workflow.schema import INPUT_TYPES, workflow_schema
from ciranda.workflow.violation import Violation, violations
from ciranda.workflow.written import shown

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

__all__ = ["shape_faults"]

Path = tuple[str | int, ...]

_DURATIONS = frozenset(
    {"timeout", "deadline", "estimate", "backoff", "cap", "ttl", "open", "slow-after"}
)
_SHORT: Final = 100  # steps; with more of them the validator is worth its loading
_YES_NO = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def shape_faults(data: Any, places: Places) -> list[Fault]:
    """Return everything about the document that does not fit the schema of the language."""
    if _is_short(data):
        known = workflow_schema()
        if surely_fits(data, known, patterns=patterns_of(known)):
            return []
    schema, validator = _schema()
    found: dict[tuple[Any, ...], Fault] = {}
    for error in violations(validator, data):
        for fault in _faults(error, schema, places):
            found.setdefault((fault.line, fault.column, fault.message), fault)
    return list(found.values())


def _is_short(data: Any) -> bool:
    steps = data.get("steps") if isinstance(data, dict) else None
    return isinstance(steps, dict) and len(steps) <= _SHORT


@cache
def _schema() -> tuple[dict[str, Any], Draft202012Validator]:
    from jsonschema_rs import Draft202012Validator  # slow to load, and needed for faults only

    schema = workflow_schema()
    return schema, Draft202012Validator(schema)


def _faults(error: Violation, schema: dict[str, Any], places: Places) -> Iterable[Fault]:
    path, kind = error.path, error.keyword
    known = _subschema(schema, error.schema_path[:-1])
    if kind == "additionalProperties":
        for key in error.about["unexpected"]:
            yield _unknown_key(key, path, known, places)
    elif kind == "propertyNames":
        yield from _bad_name(path, error, places)
    elif kind == "dependentRequired":
        yield _needs_other(path, error.value, error.about["property"], places)
    elif kind == "required":
        if not (_misspelt(error, known) and path):
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


def _is_step(path: Path) -> bool:
    return path[:-1] == ("steps",)


def _place(path: Path) -> str:
    if not path:
        return "file"
    if _is_step(path):
        return "step"
    if path[:-1] == ("inputs",):
        return "input"
    return str(path[-1])


def _owner(path: Path) -> str:
    """Return how a person calls the mapping at `path`."""
    if not path:
        return "the file"
    if _is_step(path):
        return f"step `{path[1]}`"
    if path[:-1] in (("inputs",), ("secrets",)):
        return f"{str(path[0])[:-1]} `{path[1]}`"
    return f"`{_dotted(path)}`"


def _dotted(path: Path) -> str:
    """Return a path as written in the file, without the step's own prefix."""
    text = ""
    for part in path[2:] if _is_step(path[:2]) and path[2:] else path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _unknown_key(key: str, path: Path, known: dict[str, Any], places: Places) -> Fault:
    place, owner = _place(path), _owner(path)
    where = (*path, key)
    if key in LATER.get(place, ()):
        return places.fault(
            where,
            f"`{key}`{f' of {owner}' if path else ''} comes in a later version",
            key=True,
            kind="later",
        )
    hint = hint_for_key(place, key, known.get("properties", ()))
    scalar = places.scalar(where)
    if scalar is not None and scalar.value is None and not scalar.text and not hint:
        hint = "if it belongs to the text before it, quote the text: a comma ends it"
    message = f"{owner} has no key `{key}`" if path else f"there is no key `{key}` in a workflow"
    return places.fault(where, message, hint=hint, key=True, kind="unknown-key")


def _bad_name(path: Path, error: Violation, places: Places) -> Iterable[Fault]:
    nouns = {"steps": "step id", "inputs": "input name", "secrets": "secret name"}
    noun = nouns.get(str(path[-1]), "variable name")
    article = "an" if noun.startswith("i") else "a"
    for name in [key for key in error.value if not _is_name(key)]:
        meant = "".join(letter if _is_name("_" + letter) else "_" for letter in name)
        meant = meant if _is_name(meant) else f"_{meant}"
        yield places.fault(
            (*path, name),
            f"`{name}` is not {article} {noun}: it may hold letters, digits and `_`",
            hint=f"write `{meant}`" if name.isascii() else "letters are those from a to z",
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
        return places.fault(path, f"the file has no `{wanted}`")
    return places.fault(path, f"{_owner(path)} does not say `{wanted}`", key=True)


def _misspelt(error: Violation, known: dict[str, Any]) -> bool:
    """Say whether the key is there under a wrong name, which is a fault of its own."""
    names = known.get("properties", ())
    strangers = (key for key in error.value if key not in names)
    return any(nearest(key, names) == error.about["property"] for key in strangers)


def _needs_other(path: Path, step: dict[str, Any], wanted: str, places: Places) -> Fault:
    dependents = {
        "run": ("stdin", "cwd", "parse", "ok-codes", "inherit-env", "shell"),
        "uses": ("with",),
        "map": ("as", "when", "max-parallel", "on-item-failure"),
    }
    key = next(name for name in dependents[wanted] if name in step)
    hint = {
        "run": "an action takes its inputs in `with`",
        "uses": "`run` takes its values beside it: `stdin`, `cwd`, `env`",
        "map": "write `if` to leave out the whole step" if key == "when" else "",
    }[wanted]
    message = f"`{key}` of {_owner(path)} needs `{wanted}`"
    return places.fault((*path, key), message, hint=hint, key=True)


def _bodies(path: Path, step: Any, places: Places) -> Iterable[Fault]:
    if not isinstance(step, dict):
        return
    if "uses" in step:
        yield places.fault(
            (*path, "run"), f"{_owner(path)} has two bodies, `uses` and `run`", key=True
        )
    elif not (LATER["step"] | BODY_MISSES) & step.keys():
        yield places.fault(
            path,
            f"{_owner(path)} does nothing",
            hint="give it `uses: plugin.action` or `run: [program, word]`",
            key=True,
            kind="no-body",
        )


def _value(path: Path, error: Violation, known: dict[str, Any], places: Places) -> Fault:
    says = known.get("x-says")
    value = error.value
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if not path:
        return places.fault(
            path, f"a workflow is a mapping, not {'empty' if value is None else shown(value)}"
        )
    if error.keyword == "minProperties" and not value:
        return places.fault(path, f"`{_dotted(path)}` is empty", key=value is None)
    if key in ("if", "when") and isinstance(value, bool | int | float):
        return places.fault(
            path,
            f"`{key}` is always {shown(value)}: a condition must depend on something",
            kind="constant-condition",
        )
    hint = _value_hint(path, key, value, known, places)
    subject = _owner(path) if _is_step(path) else f"`{_dotted(path)}`"
    text = _as_written(path, value, places)
    message = f"{subject} must be {says}, not {text}" if says else f"{subject}: {error.message}"
    return places.fault(path, message, hint=hint, kind="wrong-value")


def _value_hint(path: Path, key: str, value: Any, known: dict[str, Any], places: Places) -> str:
    if key in _DURATIONS and isinstance(value, int | float) and not isinstance(value, bool):
        return f"write `{places.text(path, value)}s` for seconds"
    if "env" in path[-2:-1] and isinstance(value, dict):
        return "`{from: ...}` stands in `env` at the top of the file"
    if not isinstance(value, str):
        return ""
    if _place(path) in ("input", "type") and value.lower() in INPUT_TYPE_MISSES:
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
