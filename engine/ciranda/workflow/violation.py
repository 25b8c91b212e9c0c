"""One thing that JSON Schema found wrong, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ciranda.workflow.written import kind_of, shown

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

__all__ = ["Violation", "says", "violations"]

_Sentence = Callable[[dict[str, Any], str], str]


class Violation(msgspec.Struct, frozen=True):
    """A keyword that a value does not satisfy.

    Attributes:
        keyword: The keyword, such as `type`; `dependentRequired` and `oneOf` under these names.
        path: Where the value is, from the root.
        schema_path: Where the keyword is in the schema, its name last.
        value: The value.
        about: What the keyword asks for: `limit`, `types`, `property` and so on.
        message: The validator's own words.
    """

    keyword: str
    path: tuple[str | int, ...]
    schema_path: tuple[str | int, ...]
    value: Any
    about: dict[str, Any]
    message: str


def violations(validator: Draft202012Validator, data: Any) -> Iterator[Violation]:
    """Yield everything that does not fit."""
    for error in validator.iter_errors(data):
        schema_path = tuple(error.schema_path)
        # The validator calls a missing dependent `required`, as it does a missing key.
        depends = schema_path[-1] == "dependentRequired"
        yield Violation(
            "dependentRequired" if depends else error.kind.name,
            tuple(error.instance_path),
            schema_path,
            error.instance,
            {**error.kind.as_dict(), "forms": _forms(error)},
            error.message,
        )


def _forms(error: ValidationError) -> list[tuple[str, dict[str, Any]]]:
    """Return what each of several forms asks of the value itself; nothing if one asks for more."""
    asked = []
    for inner in (each for form in getattr(error.kind, "context", ()) for each in form):
        if inner.instance_path != error.instance_path:
            return []
        if getattr(inner.kind, "context", ()):
            asked += _forms(inner)
        else:
            asked.append((inner.kind.name, inner.kind.as_dict()))
    return asked


def says(violation: Violation) -> str:
    """Return the rest of the sentence that begins with the name of the value."""
    keyword, value = violation.keyword, shown(violation.value)
    writer = _SENTENCES.get(keyword)
    if writer is None:
        return f"does not fit: {violation.message}"
    return writer(violation.about, value)


def _types(about: dict[str, Any], value: str) -> str:
    return f"must be {' or '.join(kind_of(each) for each in about['types'])}, not {value}"


def _options(about: dict[str, Any], value: str) -> str:
    return f"must be one of {', '.join(shown(each) for each in about['options'])}, not {value}"


def _bound(words: str) -> _Sentence:
    return lambda about, value: f"must be {words} {about['limit']}, not {value}"


def _size(words: str) -> _Sentence:
    return lambda about, _: f"must not be {words} than {about['limit']}"


def _form(about: dict[str, Any], value: str) -> str:
    options: list[Any] = []
    types: list[str] = []
    for keyword, asked in about["forms"]:
        if keyword == "enum":
            options += asked["options"]
        elif keyword == "type":
            types += asked["types"]
        else:
            return f"fits none of the forms that it may take: {value}"
    if not options and not types:
        return f"fits none of the forms that it may take: {value}"
    wanted = [f"one of {', '.join(map(shown, options))}"] if options else []
    wanted += [kind_of(each) for each in types if each != "null"]
    return f"must be {' or '.join(wanted)}, not {value}"


_SENTENCES: Final[dict[str, _Sentence]] = {
    "type": _types,
    "enum": _options,
    "constant": lambda about, value: f"must be {shown(about['expected_value'])}, not {value}",
    "pattern": lambda about, value: f"must match `{about['pattern']}`, not be {value}",
    "minimum": _bound("at least"),
    "exclusiveMinimum": _bound("more than"),
    "maximum": _bound("at most"),
    "exclusiveMaximum": _bound("less than"),
    **dict.fromkeys(("minLength", "minItems", "minProperties"), _size("shorter")),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), _size("longer")),
    **dict.fromkeys(("anyOf", "oneOfNotValid"), _form),
}
