"""From a function's signature to what a step may hand in and what it hands back."""

from __future__ import annotations

import inspect
import types
import typing
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from ciranda.actions.docstring import Docstring
from ciranda.actions.resources import Resource
from ciranda.actions.types import Arg, schema_of, understood
from ciranda.context import Context
from ciranda.errors import ActionError

# Plain data of these types needs no conversion and no look inside.
_EXACT: Final[dict[Any, type]] = {
    None: NoneType,
    NoneType: NoneType,
    bool: bool,
    bytes: bytes,
    dict: dict,
    dict[str, Any]: dict,
    float: float,
    int: int,
    list: list,
    list[Any]: list,
    Mapping[str, Any]: dict,
    Sequence[Any]: list,
    str: str,
}


class Parameter(msgspec.Struct, frozen=True):
    """One input of an action.

    `accepts` holds the types of plain data that pass as they are; None means every value does.
    """

    name: str  # in Python
    public: str  # in workflows
    annotation: Any
    schema: dict[str, Any]
    required: bool
    accepts: frozenset[type] | None
    doc: str = ""


class Signature(msgspec.Struct, frozen=True):
    """What a function takes and returns, from its annotations."""

    parameters: tuple[Parameter, ...]
    rest: Parameter | None  # `**kwargs`
    wants_context: str | None
    resources: dict[str, Resource]
    returns: Any
    output_schema: dict[str, Any]

    def input_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the inputs as an object."""
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {parameter.public: parameter.schema for parameter in self.parameters},
            "required": [parameter.public for parameter in self.parameters if parameter.required],
            "additionalProperties": False,
        }
        if self.rest is not None:
            schema["additionalProperties"] = self.rest.schema or True
        return schema


def read_signature(action: str, function: Callable[..., Any], docs: Docstring) -> Signature:
    """Read what `function` takes and returns.

    Raises:
        ActionError: An annotation cannot be resolved, or no value of a workflow fits it.
    """
    hints = _hints(action, function)
    found: list[Parameter] = []
    rest: Parameter | None = None
    context: str | None = None
    resources: dict[str, Resource] = {}
    for parameter in inspect.signature(function).parameters.values():
        annotation = hints.get(parameter.name, Any)
        shared = _resource(annotation)
        if _is_context(annotation):
            if context is not None:
                raise ActionError(f'Action "{action}" asks for its context twice; once is enough.')
            context = parameter.name
        elif _is_unbound_self(function, parameter):
            raise ActionError(
                f'Action "{action}" is a method, and no workflow can hand in `self`; make it a '
                "function, and give it what it needs as a @resource."
            )
        elif shared is not None:
            resources[parameter.name] = shared
        elif parameter.kind is parameter.VAR_KEYWORD:
            rest = _parameter(action, parameter, annotation, docs)
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise ActionError(
                f'Action "{action}" cannot have the parameter "{parameter}", because inputs are '
                "given by name; make it an ordinary or keyword-only parameter."
            )
        else:
            found.append(_parameter(action, parameter, annotation, docs))
    for public, count in Counter(parameter.public for parameter in found).items():
        if count > 1:
            raise ActionError(f'Action "{action}" has {count} inputs called "{public}".')
    returns = understood(hints.get("return", Any))
    try:
        output_schema = schema_of(returns, closed=True)
    except TypeError as error:
        raise ActionError(
            f'Action "{action}" cannot return {_shown(returns)}: {_reason(error)}.'
        ) from None
    if docs.returns and "description" not in output_schema:
        output_schema["description"] = docs.returns
    return Signature(tuple(found), rest, context, resources, returns, output_schema)


def _parameter(
    action: str, parameter: inspect.Parameter, annotation: Any, docs: Docstring
) -> Parameter:
    notes = [note for note in _notes(annotation) if isinstance(note, Arg)]
    public = next((note.name for note in notes if note.name), parameter.name)
    doc = next((note.doc for note in notes if note.doc), docs.parameters.get(parameter.name, ""))
    if isinstance(annotation, Resource):
        raise ActionError(
            f'Action "{action}" takes the resource "{annotation.name}" without a type; '
            f"write `{parameter.name}: Annotated[Client, {annotation.name}]`."
        )
    try:
        clean = understood(annotation)
        schema = schema_of(clean)
    except TypeError as error:
        raise ActionError(
            f'Action "{action}" cannot take the parameter "{parameter.name}" of type '
            f"{_shown(annotation)}: {_reason(error)}."
        ) from None
    if doc:
        schema["description"] = doc
    named = parameter.kind is not parameter.VAR_KEYWORD
    required = named and parameter.default is parameter.empty
    if named and not required:
        schema.update(_default(parameter.default))
    return Parameter(parameter.name, public, clean, schema, required, accepted(clean), doc)


def accepted(annotation: Any) -> frozenset[type] | None:
    """Return the types of plain data that fit `annotation` without a look inside."""
    if annotation is Any:
        return None
    if get_origin(annotation) in (typing.Union, types.UnionType):
        members = get_args(annotation)
    else:
        members = (annotation,)
    if Any in members:
        return None
    return frozenset(_EXACT[member] for member in members if _is_exact(member))


def _is_exact(annotation: Any) -> bool:
    try:
        return annotation in _EXACT
    except TypeError:  # an annotation with unhashable notes is not a bare type
        return False


def _hints(action: str, function: Callable[..., Any]) -> dict[str, Any]:
    # Linters move `Context` under TYPE_CHECKING; it is ours, so its name suffices.
    known = {} if "Context" in getattr(function, "__globals__", {}) else {"Context": Context}
    try:
        return typing.get_type_hints(function, localns=known, include_extras=True)
    except NameError as error:
        raise ActionError(
            f'Action "{action}" has an annotation with the unknown name "{error.name}"; import '
            "or define it at the top of the module, where it exists at run time."
        ) from None
    except (TypeError, SyntaxError) as error:
        raise ActionError(f'Action "{action}" has an unreadable annotation: {error}.') from None


def _notes(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(note for member in get_args(annotation) for note in _notes(member))
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


def _resource(annotation: Any) -> Resource | None:
    return next((note for note in _notes(annotation) if isinstance(note, Resource)), None)


def _is_context(annotation: Any) -> bool:
    return annotation is Context or Context in get_args(annotation)


def _is_unbound_self(function: Callable[..., Any], parameter: inspect.Parameter) -> bool:
    return (
        parameter.name == "self"
        and parameter.annotation is parameter.empty
        and not inspect.ismethod(function)
    )


def _default(value: Any) -> dict[str, Any]:
    """Show a default in the schema when it is plain enough to be written in a file."""
    if type(value) is float and not isfinite(value):
        return {}
    return {"default": value} if value is None or type(value) in (bool, int, float, str) else {}


def _shown(annotation: Any) -> str:
    return annotation.__qualname__ if isinstance(annotation, type) else str(annotation)


def _reason(error: TypeError) -> str:
    """Shorten msgspec's explanation to its first sentence."""
    text = str(error).partition("\n")[0].partition(" - type ")[0]
    return text[:1].lower() + text[1:].rstrip(".:") if text[:4] == "Type" else text.rstrip(".:")
