"""One value of a declared type, from text or from Python."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from ciranda.expressions import Secret
from ciranda.workflow.durations import parse_duration
from ciranda.workflow.fitting import surely_fits
from ciranda.workflow.model import Input, Workflow
from ciranda.workflow.violation import Violation, says, violations
from ciranda.workflow.written import shown

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

__all__ = ["input_schema", "input_value", "inputs_schema", "pattern_problem"]

_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_JSON_TYPES: Final = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
    "duration": "number",
}


def input_schema(declared: Input) -> dict[str, Any]:
    """Return the JSON Schema of the value that a run sees."""
    kind = _JSON_TYPES.get(declared.type, "string")
    absent = declared.optional and not isinstance(declared.default, str | int | float | list | dict)
    return {**declared.schema, "type": [kind, "null"] if absent else kind}


def inputs_schema(workflow: Workflow) -> dict[str, Any]:
    """Return the JSON Schema of the inputs of a workflow, as its steps see them."""
    named = {name: input_schema(each) for name, each in workflow.inputs.items()}
    return {"type": "object", "properties": named, "additionalProperties": False}


def input_value(declared: Input, given: Any) -> Any:
    """Return `given` as plain data of the declared type.

    Text is read by the type: `"3"` is the integer 3, `"[1, 2]"` an array, `"1m30s"` 90.0 seconds.

    Raises:
        ValueError: The value does not fit; the text continues "input `n` ...".
    """
    value = _READERS[declared.type](given)
    if declared.type == "secret":
        return value if isinstance(value, Secret) else Secret(declared.name, value)
    if declared.schema and not surely_fits(value, declared.schema):
        for wrong in violations(_validator(json.dumps(declared.schema)), value):
            raise ValueError(_reason(wrong, declared))
    return value


def pattern_problem(pattern: str) -> str:
    """Return why a pattern cannot be matched; empty when it can."""
    try:
        _validator(json.dumps({"pattern": pattern}))
    except ValueError:
        try:
            re.compile(pattern)
        except re.error as error:
            return str(error)
        return "it is written for Python, and JSON Schema takes those of JavaScript"
    return ""


@cache
def _validator(schema: str) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator  # slow to load

    return Draft202012Validator(json.loads(schema))


def _reason(wrong: Violation, declared: Input) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in wrong.path)
    return f"at `{declared.name}{where}` {says(wrong)}" if where else says(wrong)


def _wrong(wanted: str, given: Any) -> ValueError:
    return ValueError(f"must be {wanted}, not {shown(given)}")


def _string(given: Any) -> str:
    if isinstance(given, str):
        return given
    raise _wrong("text", given)


def _integer(given: Any) -> int:
    if isinstance(given, str) and _INTEGER.fullmatch(given.strip()):
        given = int(given)
    if isinstance(given, int) and not isinstance(given, bool) and -(2**63) <= given < 2**63:
        return given
    raise _wrong("a whole number of 64 bits", given)


def _number(given: Any) -> int | float:
    if isinstance(given, str) and _INTEGER.fullmatch(given.strip()):
        given = int(given)
    elif isinstance(given, str) and _NUMBER.fullmatch(given.strip()):
        given = float(given)
    if isinstance(given, float) and math.isfinite(given):
        return given
    if isinstance(given, int) and not isinstance(given, bool) and -(2**63) <= given < 2**63:
        return given
    raise _wrong("a finite number", given)


def _boolean(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.strip().lower() in ("true", "false"):
        return given.strip().lower() == "true"
    raise _wrong("true or false", given)


def _container(kind: type, wanted: str) -> Callable[[Any], Any]:
    def read(given: Any) -> Any:
        if isinstance(given, str):
            try:
                given = json.loads(given, parse_constant=_refuse)
            except (ValueError, RecursionError):
                raise _wrong(wanted, given) from None
        elif isinstance(given, list | tuple | dict):
            given = _plain(given)
        if isinstance(given, kind):
            return given
        raise _wrong(wanted, given)

    return read


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _plain(given: Any) -> Any:
    from ciranda.actions.values import NotPlainError, plain

    try:
        return plain(given)
    except NotPlainError as error:
        raise ValueError(f"holds what cannot be kept: {error.sentence('it')}") from None


def _path(given: Any) -> str:
    if isinstance(given, PurePath):
        given = str(given)
    if not isinstance(given, str):
        raise _wrong("a path", given)
    if not given or "\0" in given:
        raise ValueError("must be a path, and this is no name of a file")
    return given


def _duration(given: Any) -> float:
    if isinstance(given, str):
        try:
            return parse_duration(given)
        except ValueError as error:
            raise ValueError(f"cannot be read: {error}") from None
    if isinstance(given, timedelta):
        given = given.total_seconds()
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < math.inf:
        return float(given)
    raise _wrong("a duration such as `30s`", given)


def _datetime(given: Any) -> str:
    if isinstance(given, datetime | date):
        return given.isoformat()
    if isinstance(given, str):
        try:
            datetime.fromisoformat(given)
        except ValueError:
            raise _wrong("a date and time such as `2026-01-31T12:00:00Z`", given) from None
        return given
    raise _wrong("a date and time such as `2026-01-31T12:00:00Z`", given)


def _secret(given: Any) -> Any:
    if isinstance(given, Secret | str):
        return given
    raise ValueError("must be text")  # the value itself is never shown


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _container(list, 'a JSON array such as `["a", "b"]`'),
    "object": _container(dict, 'a JSON object such as `{"a": 1}`'),
    "path": _path,
    "duration": _duration,
    "datetime": _datetime,
    "secret": _secret,
}
