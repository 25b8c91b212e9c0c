"""From an annotation to a JSON Schema and a converter, by msgspec; pydantic models fit in."""

from __future__ import annotations

import abc
import functools
import operator
import os
import types
from collections.abc import Callable, Collection, Iterable
from pathlib import Path, PurePath
from typing import Annotated, Any, Final, Never, NoReturn, Union, get_args, get_origin

import msgspec

_REFERENCE: Final = "#/$defs/"
_NESTED: Final = frozenset(
    {"additionalProperties", "allOf", "anyOf", "items", "oneOf", "patternProperties", "prefixItems"}
)
_CALLABLE: Final[tuple[Any, ...]] = (Callable,)
_ANYTHING: Final = (Any, object, Never, NoReturn)


class Arg(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature cannot say about a parameter: `Annotated[T, Arg(...)]`.

    Args:
        name: How workflows call it, when Python cannot (`from`).
        doc: One sentence; goes before the docstring's.
        examples: Values for documentation and editors.
        minimum: Smallest number allowed.
        maximum: Largest number allowed.
        min_length: Shortest text or list allowed.
        max_length: Longest text or list allowed.
        pattern: Regular expression that text must contain.
    """

    name: str = ""
    doc: str = ""
    examples: list[Any] | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None


class TextOrBytes(abc.ABC):  # noqa: B024  (it only stands for others)
    """Stands for `str | bytes`, which differ in a workflow but not in msgspec's JSON."""


TextOrBytes.register(str)
TextOrBytes.register(bytes)


def understood(annotation: Any) -> Any:
    """Rewrite `annotation` so that msgspec understands it all the way down.

    `Arg` becomes `msgspec.Meta`, `object` becomes `Any`, and a path next to `str` is left to the
    `str`, because msgspec takes no custom type into such a union.
    """
    if annotation in _ANYTHING:
        return Any
    origin: Any = get_origin(annotation)
    if origin is Annotated:
        inner, *notes = get_args(annotation)
        metas = tuple(_meta(note) for note in notes if isinstance(note, (Arg, msgspec.Meta)))
        return _limited(understood(inner), metas)
    if origin is Union or origin is types.UnionType:
        members = [understood(member) for member in get_args(annotation)]
        if str in members:
            members = [member for member in members if not _is_path(member)]
            if bytes in members:
                members = [TextOrBytes, *(each for each in members if each not in (str, bytes))]
        return functools.reduce(operator.or_, members)
    arguments = get_args(annotation)
    if not arguments or not isinstance(origin, type) or origin in _CALLABLE:
        return annotation
    rebuilt = tuple(understood(argument) for argument in arguments)
    if origin in (Iterable, Collection):
        return _subscripted(list, rebuilt)
    return annotation if rebuilt == arguments else _subscripted(origin, rebuilt)


def _limited(kept: Any, metas: tuple[msgspec.Meta, ...]) -> Any:
    """Attach limits to a type; those of `int | None` are limits of the `int`."""
    if metas and get_origin(kept) in (Union, types.UnionType):
        some = [member for member in get_args(kept) if member is not type(None)]
        if len(some) == 1:
            return _limited(some[0], metas) | None
    return functools.reduce(lambda held, meta: Annotated[held, meta], metas, kept)


def _subscripted(origin: Any, arguments: tuple[Any, ...]) -> Any:
    return origin[arguments]


def _meta(note: Arg | msgspec.Meta) -> msgspec.Meta:
    if isinstance(note, msgspec.Meta):
        return note
    limits: dict[str, Any] = {
        "ge": note.minimum,
        "le": note.maximum,
        "min_length": note.min_length,
        "max_length": note.max_length,
        "pattern": note.pattern,
    }
    return msgspec.Meta(description=note.doc or None, examples=note.examples, **limits)


def _is_path(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, os.PathLike)


def schema_of(annotation: Any, *, closed: bool = False) -> dict[str, Any]:
    """Return a JSON Schema without references for an annotation that is `understood`.

    Args:
        annotation: The type.
        closed: Whether objects with known fields refuse unknown ones.

    Raises:
        TypeError: A workflow cannot hold values of this type; the text says which.
    """
    if annotation is Any:
        return {}
    (schema,), definitions = msgspec.json.schema_components(
        [annotation], schema_hook=_custom_schema, ref_template=_REFERENCE + "{name}"
    )
    inlined = _inlined(schema, definitions, (), closed)
    return inlined if isinstance(inlined, dict) else {}


def _custom_schema(kind: type) -> dict[str, Any]:
    if _is_path(kind):
        return {"type": "string", "format": "path"}
    if kind is TextOrBytes:
        return {"type": "string"}
    if hasattr(kind, "model_json_schema"):  # pydantic, without importing it
        schema: dict[str, Any] = kind.model_json_schema()
        return schema
    raise TypeError(f"{kind.__qualname__} is not a type that a workflow can hold")


def convert_custom(kind: type, value: Any) -> Any:
    """Convert plain data to the types that msgspec does not know: paths, pydantic models."""
    if _is_path(kind):
        if not isinstance(value, str):
            raise ValueError(f"Expected `path`, got `{type(value).__name__}`")
        return kind(value) if issubclass(kind, PurePath) else Path(value)
    if kind is TextOrBytes:
        if not isinstance(value, (str, bytes)):
            raise ValueError(f"Expected `str | bytes`, got `{type(value).__name__}`")
        return value
    if hasattr(kind, "model_validate"):
        return _validated(kind, value)
    raise TypeError(f"{kind.__qualname__} is not a type that a workflow can hold")


def _validated(kind: Any, value: Any) -> Any:
    """Let a pydantic model check plain data; of its many lines keep the first fault.

    What was given is left out: it may be secret.
    """
    try:
        return kind.model_validate(value)
    except ValueError as error:
        if not hasattr(error, "errors"):
            raise
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from None


def _inlined(node: Any, definitions: dict[str, Any], seen: tuple[str, ...], closed: bool) -> Any:
    """Replace references by what they mean; where a type contains itself, by anything."""
    if isinstance(node, list):
        return [_inlined(item, definitions, seen, closed) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {**definitions, **node["$defs"]} if isinstance(node.get("$defs"), dict) else definitions
    reference = node.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix(_REFERENCE)
        rest = {key: value for key, value in node.items() if key != "$ref"}
        if name in seen:
            return rest
        target = _inlined(inner[name], inner, (*seen, name), closed)
        return {**target, **rest}
    out = {
        key: _inlined(value, inner, seen, closed) if key in _NESTED else value
        for key, value in node.items()
        if key != "$defs"
    }
    if "properties" in node:
        out["properties"] = {
            key: _inlined(value, inner, seen, closed) for key, value in node["properties"].items()
        }
        if closed:
            out.setdefault("additionalProperties", False)
    return out


Converter = Callable[[Any], Any]


def converter_of(annotation: Any) -> Converter:
    """Return a function from plain data to a value of `annotation`.

    It raises msgspec.ValidationError, whose text ends with the place below `$[0]`.
    """
    # msgspec reads a type again for every call, unless it is the type of a Struct's field.
    box: Any = msgspec.defstruct("Box", [("value", annotation)], array_like=True)

    def convert(value: Any) -> Any:
        return msgspec.convert((value,), box, str_keys=True, dec_hook=convert_custom).value

    return convert
