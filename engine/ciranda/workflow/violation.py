"""One thing that JSON Schema found wrong, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ciranda.workflow.written import kind_of, shown

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

__all__ = ["Violation", "says", "violations"]

_Sentence = Callable[[dict[str, Any], str], str]


@dataclass(frozen=True, slots=True)
class Violation:
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
            error.kind.as_dict(),
            error.message,
        )


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


def _form(_: dict[str, Any], value: str) -> str:
    return f"fits none of the forms that it may take: {value}"


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
