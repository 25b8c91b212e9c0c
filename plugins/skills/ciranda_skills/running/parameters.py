"""Which parameters a script takes, as JSON Schema; checked, and its defaults filled in.

The schema of `scripts/report.py` is the file `scripts/report.schema.json`; or the value of
`parameters` in the SKILL.md's metadata, for a skill's main script; or what the signature of the
script's function says: names, which are required, defaults, types that JSON has, and the values of
`Literal` and of the script's own enums.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final, NoReturn, final

import jsonschema_rs

from ciranda.actions.docstring import parse_docstring

from ..error import MissingResourceError
from ..format import Skill
from ..resources import read_resource, resolve
from .choices import Choices
from .error import ParameterError
from .hints import schema_of
from .inspected import inspect

__all__ = ["Parameters", "parameters_of"]

Schema = dict[str, Any]
_FIELD: Final = "parameters"  # in the metadata of SKILL.md
_LARGEST: Final = 1 << 20
_FLAT: Final = frozenset((bool, float, int, str, type(None)))  # need no copy
_FAULTS: Final = 5  # told at once


@final
class Parameters:
    """What a script takes.

    Args:
        schema: Of an object.

    Attributes:
        schema: The same.
    """

    __slots__ = ("_defaults", "_nested", "_validator", "schema")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        properties = schema.get("properties")
        inner = properties.items() if isinstance(properties, dict) else ()
        known = [(name, each) for name, each in inner if isinstance(each, dict)]
        self._defaults = [(name, each["default"]) for name, each in known if "default" in each]
        self._nested = any("properties" in each for _, each in known)
        self._validator = jsonschema_rs.validator_for(schema, retriever=_nothing)

    def fill(self, params: Mapping[str, Any], script: str) -> dict[str, Any]:
        """Return parameters with defaults filled in, after checking them.

        Args:
            params: By name; not changed.
            script: What errors call it.

        Raises:
            ParameterError: They do not fit; names each that does not.
        """
        filled = {
            name: value if type(value) in _FLAT else copy.deepcopy(value)
            for name, value in params.items()
        }
        for name, value in self._defaults:
            if name not in filled:
                filled[name] = value if type(value) in _FLAT else copy.deepcopy(value)
        if self._nested:
            _default(self.schema, filled)
        if not self._validator.is_valid(filled):
            faults = [
                f"{'.'.join(map(str, fault.instance_path)) or 'parameters'}: {fault.message}"
                for fault in self._validator.iter_errors(filled)
            ]
            said = "; ".join(faults[:_FAULTS])
            raise ParameterError(f"`{script}` cannot take these parameters: {said}")
        return filled


def _nothing(address: str) -> NoReturn:
    """Refuse what a schema refers to: a skill must not have addresses or files looked up."""
    raise ValueError(f"{address} is not fetched: write the schema there")


def parameters_of(skill: Skill, script: str) -> Parameters | None:
    """Return what a script takes, or None when nothing says it.

    Raises:
        ParameterError: What should be a schema is none.
        SkillError: It cannot be read.
    """
    beside = str(PurePosixPath(script).with_suffix(".schema.json"))
    try:
        return _read(read_resource(skill.root, beside, limit=_LARGEST), f"`{beside}`")
    except MissingResourceError:
        pass  # the usual case
    if _FIELD in skill.metadata:
        return _read(skill.metadata[_FIELD], f"`metadata.{_FIELD}` of `{skill.name}`")
    if not script.endswith(".py"):
        return None
    found = inspect(resolve(skill.root, script))
    function = found.parametrised
    if function is None:
        return None
    schema = _schema(function.arguments, found.choices)
    for name, text in parse_docstring(function.doc).parameters.items():
        if name in schema["properties"]:
            schema["properties"][name].setdefault("description", text)
    return Parameters(schema)


def _read(text: bytes | str, where: str) -> Parameters:
    try:
        schema = json.loads(text)
        if isinstance(schema, dict):
            return Parameters(schema)
    except (ValueError, RecursionError) as error:
        said = str(error).partition("\n")[0]
        raise ParameterError(f"{where} is not a JSON Schema: {said}") from None
    raise ParameterError(f"{where} is not a JSON Schema of an object: write a mapping")


def _schema(arguments: ast.arguments, choices: Choices) -> Schema:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *zip(positional, [*defaults, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    schema: Schema = {
        "type": "object",
        "properties": {each.arg: _property(each, default, choices) for each, default in pairs},
        "required": [argument.arg for argument, default in pairs if default is None],
    }
    if arguments.kwarg is None:
        schema["additionalProperties"] = False
    return schema


def _property(argument: ast.arg, default: ast.expr | None, choices: Choices) -> Schema:
    found = schema_of(argument.annotation, choices)
    if default is None:
        return found
    try:
        value = ast.literal_eval(default)
        json.dumps(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return found  # the function knows it
    if value is None:
        found = _or_null(found)
    found["default"] = value
    return found


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        values = schema["enum"]
        return schema if None in values else {"enum": [*values, None]}
    types = schema.get("type", [])
    several = [types] if isinstance(types, str) else types
    return {"type": [*several, "null"]} if several and "null" not in several else schema


def _default(schema: Any, value: Any) -> None:
    """Fill in what is missing, in objects within objects too."""
    if not isinstance(schema, dict) or not isinstance(value, dict):
        return
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        if isinstance(inner, dict) and name not in value and "default" in inner:
            value[name] = copy.deepcopy(inner["default"])
        if name in value:
            _default(inner, value[name])
