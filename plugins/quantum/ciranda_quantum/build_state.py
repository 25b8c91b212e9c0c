"""`q:set`, `q:param`, `q:function`, `q:return`, `q:log`, `q:throw`, `q:dump`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from .error import QuantumError
from .literals import NOTHING, as_structure
from .nodes import Dump, Function, Log, Param, Return, Set, Throw
from .places import Text
from .reader import Element
from .rules import rules_of
from .tags import LEVELS, MAPS, OPERATIONS, PARAM_TYPES, SCOPES, TYPES
from .values import Value, value_of, whole

if TYPE_CHECKING:
    from .build import Builder

_SET: Final = re.compile(r"(?:(session|application|request)\.)?((?!__)[A-Za-z_]\w*)")
_SECONDS: Final = re.compile(r"(\d{1,7})\s*(ms|s|m|h|d)?")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
_NEEDS_VALUE: Final = frozenset(
    ["add", "subtract", "multiply", "divide", "modulo", "append", "prepend", "remove", "merge"]
)
_NEEDS_KEY: Final = frozenset(["setProperty", "deleteProperty"])


def build_set(builder: Builder, element: Element) -> Set:
    """Build `q:set`."""
    at = (element.line, element.column)
    given = element.attributes
    match = _SET.fullmatch(given["name"])
    if match is None:
        message = f'name="{given["name"][:60]}" is not a name: a letter, then letters and digits'
        builder.fail(message, builder.place(element, "name"))
    if match[1] is None and match[2] in MAPS:
        message = f"'{match[2]}' is a scope; set '{match[2]}.name'"
        builder.fail(message, builder.place(element, "name"))
    scope = builder.word(element, "scope", SCOPES, "local")
    if match[1] is not None:
        scope = match[1]
    operation = builder.word(element, "operation", OPERATIONS, "assign")
    needed = (
        "value" if operation in _NEEDS_VALUE
        else "key" if operation in _NEEDS_KEY
        else "index" if operation == "removeAt"
        else "source" if operation == "clone"
        else ""
    )  # fmt: skip
    if needed and needed not in given:
        builder.fail(f'operation="{operation}" needs {needed}="..."', at)
    if operation == "assign" and "value" not in given and "default" not in given:
        builder.fail('<q:set> needs value="..."', at)
    if operation == "setProperty" and "value" not in given:
        builder.fail('operation="setProperty" needs value="..."', at)
    return Set(
        at=at,
        name=match[2],
        scope="local" if scope == "function" else scope,
        operation=operation,
        value=_value(builder, element, operation),
        default=_default(builder, element),
        type=builder.word(element, "type", TYPES, ""),
        step=builder.value(element, "step"),
        index=builder.value(element, "index"),
        key=builder.value(element, "key"),
        source=_source(builder, element),
        required=builder.flag(element, "required", False),
        nullable=builder.flag(element, "nullable", True),
        rules=rules_of(builder, element),
    )


def _source(builder: Builder, element: Element) -> Any:
    return builder.code(element, "source") if "source" in element.attributes else None


def _value(builder: Builder, element: Element, operation: str) -> Value | None:
    """Read the value; written-out JSON keeps its braces."""
    given = element.attributes
    kind = given.get("type", "")
    if "value" in given and "{" in given["value"]:
        wants = kind in {"array", "object", "json"} or operation == "merge"
        return written_value(builder, element, "value", wants)
    return builder.value(element, "value")


def _default(builder: Builder, element: Element) -> Value | None:
    kind = element.attributes.get("type", "")
    return written_value(builder, element, "default", kind in {"array", "object", "json"})


def written_value(
    builder: Builder, element: Element, attribute: str, structured: bool
) -> Value | None:
    """Read an attribute in which an object may be written out.

    Args:
        builder: Of this file.
        element: Where it stands.
        attribute: Its name.
        structured: Whether it becomes the list or object; else it stays the text.
    """
    text = element.attributes.get(attribute)
    if text is None or text.lstrip()[:1] not in {"{", "["} or "{" not in text:
        return builder.value(element, attribute)
    made = as_structure(text)
    listed = element.attributes.get("type") in {"array", "json"} and text.lstrip()[0] == "["
    if listed and made is NOTHING:
        try:  # a list with expressions for items: no value can change how many there are
            code = whole(builder.source, element.text(attribute))
        except QuantumError:
            return builder.value(element, attribute)
        return Value(code.text, (code,))
    if not isinstance(made, (list, dict)) or text.lstrip().startswith("{{"):
        return builder.value(element, attribute)
    written = element.text(attribute)
    leaves = _leaves(builder, made, written.place(0)) if structured else None
    return Value(written, (text,), leaves)


def _leaves(builder: Builder, made: Any, at: tuple[int, int]) -> Any:
    """Compile the expressions in the texts of what is written out."""
    if isinstance(made, list):
        return [_leaves(builder, each, at) for each in made]
    if isinstance(made, dict):
        return {key: _leaves(builder, each, at) for key, each in made.items()}
    if isinstance(made, str) and "{" in made:
        return value_of(builder.source, Text(made, ((0, *at),)))
    return made


def build_param(builder: Builder, element: Element) -> None:
    """Build `q:param` of a component; those of functions and queries are read with them."""
    param = param_of(builder, element)
    builder.params.append(param)


def param_of(builder: Builder, element: Element) -> Param:
    """Build one `q:param`."""
    default = _default(builder, element)
    kind = builder.word(element, "type", PARAM_TYPES, "")
    rules = rules_of(builder, element)
    if kind in {"email", "url"}:
        rules = (("validate", kind), *rules)
    return Param(
        (element.line, element.column),
        builder.name(element),
        kind,
        builder.flag(element, "required", False),
        default,
        rules,
        builder.value(element, "value"),
    )


def build_function(builder: Builder, element: Element) -> None:
    """Build `q:function`."""
    name = builder.name(element)
    params: list[Param] = []
    rest: list[Any] = []
    for child in element.children:
        if isinstance(child, Element) and child.tag == "q:param":
            builder.shape(child)
            params.append(param_of(builder, child))
        else:
            rest.append(child)
    builder.distinct(params, "parameter")
    builder.within.append("function")
    body = builder.several(element, rest)
    builder.within.pop()
    returns = builder.word(element, "returnType", TYPES | {"void"}, "")
    builder.functions.append(
        Function(
            (element.line, element.column),
            name,
            tuple(params),
            "" if returns == "void" else returns,
            _keep(builder, element),
            body,
        )
    )


def _keep(builder: Builder, element: Element) -> float:
    """Read how long results are kept, in seconds."""
    keep = -1.0 if builder.flag(element, "memoize", False) else 0.0
    text = element.attributes.get("cache")
    if text is None or text.lower() in {"false", "no"}:
        return keep
    if text.lower() in {"true", "yes"}:
        return -1.0
    match = _SECONDS.fullmatch(text)
    if match is None:
        builder.fail('cache is "true" or a time such as "60s"', builder.place(element, "cache"))
    return int(match[1]) * _UNITS[match[2]]


def build_return(builder: Builder, element: Element) -> Return:
    """Build `q:return`."""
    _empty(builder, element)
    if "slot" in builder.within:
        message = "<q:return> cannot stand in what is handed to a component"
        builder.fail(message, (element.line, element.column))
    if "finally" in builder.within:
        builder.fail("<q:return> cannot stand in <q:finally>", (element.line, element.column))
    kind = builder.word(element, "type", TYPES, "")
    value = written_value(builder, element, "value", True)
    return Return((element.line, element.column), value, kind)


def _empty(builder: Builder, element: Element) -> None:
    if any(isinstance(child, Element) or child.value.strip() for child in element.children):
        builder.fail(f"<{element.tag}> holds nothing", (element.line, element.column))


def build_log(builder: Builder, element: Element) -> Log:
    """Build `q:log`."""
    _empty(builder, element)
    level = builder.word(element, "level", LEVELS, "info")
    when = builder.code(element, "when", _condition()) if "when" in element.attributes else None
    message = builder.value(element, "message")
    assert message is not None
    return Log((element.line, element.column), level, message, when)


def _condition() -> Any:
    from ciranda.expressions import Q_CONDITION

    return Q_CONDITION


def build_throw(builder: Builder, element: Element) -> Throw:
    """Build `q:throw`."""
    message = builder.value(element, "message")
    assert message is not None
    kind = element.attributes.get("type", "")
    return Throw((element.line, element.column), message, kind)


def build_dump(builder: Builder, element: Element) -> Dump:
    """Build `q:dump`."""
    label = element.attributes.get("label", "")
    return Dump((element.line, element.column), builder.code(element, "var"), label)


BUILDERS: Final[dict[str, Any]] = {
    "set": build_set, "param": build_param, "function": build_function, "return": build_return,
    "log": build_log, "throw": build_throw, "dump": build_dump,
}  # fmt: skip
