"""The static check: names, properties and types, before anything is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .error import ExpressionError, did_you_mean
from .function import Function
from .methods import METHODS
from .schema import (
    ANY,
    Schema,
    alternatives,
    describe,
    either,
    items_of,
    kinds,
    of_value,
    property_names,
    property_of,
    without_null,
)
from .tree import (
    Attribute,
    Binary,
    Call,
    Coalesce,
    Compare,
    Comprehension,
    Conditional,
    Index,
    Literal,
    Logic,
    Mapping as MappingNode,
    Method,
    Name,
    Node,
    Sequence,
    Slice,
    Text,
    Unary,
    children,
)

_BOOLEAN: Final[Schema] = {"type": "boolean"}
_STRING: Final[Schema] = {"type": "string"}
_INTEGER: Final[Schema] = {"type": "integer"}
_TEXTS: Final[Schema] = {"type": "array", "items": _STRING}
_NUMERIC: Final = frozenset({"integer", "number", "boolean"})
_PYTHON: Final = {
    "string": str, "array": list, "object": dict, "integer": int, "number": float, "boolean": bool,
    "null": type(None),
}  # fmt: skip
_METHODS: Final[Mapping[str, Schema]] = {
    **dict.fromkeys(
        [
            "upper",
            "lower",
            "title",
            "capitalize",
            "casefold",
            "swapcase",
            "strip",
            "lstrip",
            "rstrip",
            "removeprefix",
            "removesuffix",
            "zfill",
            "ljust",
            "rjust",
            "center",
            "join",
            "replace",
            "expandtabs",
            "decode",
            "hex",
        ],
        _STRING,
    ),
    **dict.fromkeys(("split", "rsplit", "splitlines"), _TEXTS),
    **dict.fromkeys(("find", "rfind", "index", "rindex", "count", "bit_length"), _INTEGER),
    **dict.fromkeys(
        [
            "startswith",
            "endswith",
            "isdigit",
            "isalpha",
            "isalnum",
            "isnumeric",
            "isdecimal",
            "isspace",
            "isupper",
            "islower",
            "istitle",
            "isascii",
            "isidentifier",
            "is_integer",
        ],
        _BOOLEAN,
    ),
    "keys": _TEXTS,
}


def check(
    tree: Node,
    names: Mapping[str, Schema],
    closed: bool,
    function: Callable[[str], Function | None],
    loose: bool,
) -> tuple[list[ExpressionError], Schema]:
    """Return every fault, without a source, and the schema of the result."""
    checker = _Checker(names, closed, function, loose)
    schema = checker.visit(tree)
    return checker.faults, schema


class _Checker:
    """Infers the schema of every node; what is not known is ANY and never a fault."""

    def __init__(
        self,
        names: Mapping[str, Schema],
        closed: bool,
        function: Callable[[str], Function | None],
        loose: bool,
    ) -> None:
        self.names = names
        self.closed = closed
        self.function = function
        self.loose = loose
        self.bound: dict[str, Schema] = {}
        self.faults: list[ExpressionError] = []

    def fault(self, node: Any, message: str, kind: str = "type") -> Schema:
        self.faults.append(ExpressionError(kind, message, offset=node.offset))
        return ANY

    def visit(self, node: Node) -> Schema:
        visitor = _VISITS.get(type(node))
        if visitor is not None:
            schema: Schema = visitor(self, node)
            return schema
        for child in children(node):
            self.visit(child)
        return ANY

    def literal(self, node: Literal) -> Schema:
        return of_value(node.value)

    def name(self, node: Name) -> Schema:
        if node.name in self.bound:
            return self.bound[node.name]
        if node.name in self.names:
            return self.names[node.name]
        if self.closed:
            known = [*self.bound, *self.names]
            self.fault(
                node, f"unknown name '{node.name}'{did_you_mean(node.name, known)}", "undefined"
            )
        return ANY

    def attribute(self, node: Attribute) -> Schema:
        return self.property(node, self.visit(node.target), node.name)

    def property(self, node: Attribute | Index, target: Schema, name: str) -> Schema:
        found = property_of(target, name)
        if found is not None:
            return found
        if any(each.get("type") == "object" for each in alternatives(target)):
            close = did_you_mean(name, property_names(target))
            return self.fault(node, f"there is no property '{name}'{close}", "undefined")
        return self.fault(node, f"{describe(target)} has no property '{name}'", "undefined")

    def index(self, node: Index) -> Schema:
        target, key = self.visit(node.target), self.visit(node.key)
        found = set(kinds(target) or ())
        if (
            isinstance(node.key, Literal)
            and isinstance(node.key.value, str)
            and found == {"object"}
        ):
            return self.property(node, target, node.key.value)
        if found and not found & {"object", "array", "string"}:
            return self.fault(node, f"{describe(target)} has no items")
        by = set(kinds(key) or ())
        if found and found <= {"array", "string"}:
            if by and not by & {"integer", "boolean"}:
                return self.fault(
                    node, f"the index of {describe(target)} is a number, not {describe(key)}"
                )
            return items_of(target) or ANY
        return ANY

    def slice(self, node: Slice) -> Schema:
        target = self.visit(node.target)
        for part in (node.start, node.stop, node.step):
            if part is not None:
                self.visit(part)
        found = set(kinds(target) or ())
        if found and not found & {"array", "string"}:
            return self.fault(node, f"{describe(target)} cannot be sliced")
        return target if found <= {"array", "string"} else ANY

    def unary(self, node: Unary) -> Schema:
        operand = self.visit(node.operand)
        if node.operator == "not":
            return _BOOLEAN
        found = set(kinds(operand) or ())
        if found and not found & _NUMERIC:
            return self.fault(node, f"cannot use '{node.operator}' on {describe(operand)}")
        return {"type": "integer"} if found <= {"integer", "boolean"} and found else ANY

    def binary(self, node: Binary) -> Schema:
        spine = [node]
        while isinstance(spine[-1].left, Binary):
            spine.append(spine[-1].left)
        schema = self.visit(spine[-1].left)
        for each in reversed(spine):
            schema = self.operation(each, schema, self.visit(each.right))
        return schema

    def operation(self, node: Binary, left: Schema, right: Schema) -> Schema:
        first, second = kinds(left), kinds(right)
        if first is None or second is None:
            return ANY
        made = {_result(node.operator, one, two) for one in first for two in second} - {""}
        if not made:
            message = f"cannot use '{node.operator}' on {describe(left)} and {describe(right)}"
            return self.fault(node, message)
        return either({"type": each} if each != "any" else ANY for each in sorted(made))

    def compare(self, node: Compare) -> Schema:
        operands = [self.visit(each) for each in node.operands]
        for place, operator in enumerate(node.operators):
            first, second = kinds(operands[place]), kinds(operands[place + 1])
            if first is None or second is None or self.loose:
                continue
            if not any(_compares(operator, one, two) for one in first for two in second):
                left, right = describe(operands[place]), describe(operands[place + 1])
                message = f"cannot compare {left} and {right} with '{operator}'"
                fault = ExpressionError("type", message, offset=node.offsets[place])
                self.faults.append(fault)
        return _BOOLEAN

    def logic(self, node: Logic) -> Schema:
        return either([self.visit(each) for each in node.operands])

    def coalesce(self, node: Coalesce) -> Schema:
        schemas = [self.visit(each) for each in node.operands]
        return either([*(without_null(each) for each in schemas[:-1]), schemas[-1]])

    def conditional(self, node: Conditional) -> Schema:
        then = self.visit(node.then)
        self.visit(node.test)
        return either([then, self.visit(node.other)])

    def sequence(self, node: Sequence) -> Schema:
        items = [_widened(self.visit(each)) for each in node.items]
        if node.kind == "set":
            return ANY
        return {"type": "array", "items": either(items)} if items else {"type": "array"}

    def mapping(self, node: MappingNode) -> Schema:
        keys = [self.visit(key) for key in node.keys]
        values = [self.visit(value) for value in node.values]
        names = [key.get("const") for key in keys]
        if not all(isinstance(name, str) for name in names):
            return {"type": "object"}
        properties = dict(zip(names, values))
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def comprehension(self, node: Comprehension) -> Schema:
        before = dict(self.bound)
        for loop in node.loops:
            over = self.visit(loop.items)
            item = items_of(over)
            if item is None:
                item = self.fault(loop.items, f"cannot loop over {describe(over)}")
            for name in loop.names:
                self.bound[name] = item if loop.single else ANY
            for test in loop.tests:
                self.visit(test)
        element = _widened(self.visit(node.element))
        value = ANY if node.value is None else _widened(self.visit(node.value))
        self.bound = before
        if node.kind == "dict":
            return {"type": "object", "additionalProperties": value}
        return {"type": "array", "items": element} if node.kind != "set" else ANY

    def text(self, node: Text) -> Schema:
        for child in children(node):
            self.visit(child)
        return _STRING

    def call(self, node: Call) -> Schema:
        arguments = [self.visit(child) for child in children(node)]
        if node.function in {"sorted", "list", "reversed"} and arguments:
            item = items_of(arguments[0])
            return {"type": "array", "items": item} if item else {"type": "array"}
        function = self.function(node.function)
        return (function.returns if function is not None else None) or ANY

    def method(self, node: Method) -> Schema:
        target = self.visit(node.target)
        for child in children(node)[1:]:
            self.visit(child)
        found = kinds(target)
        if found is None:
            return ANY
        having = METHODS.get(node.name, {})
        if not any(_PYTHON[each] in having for each in found if each in _PYTHON):
            known = [
                name
                for name, types in METHODS.items()
                if any(_PYTHON.get(e) in types for e in found)
            ]
            close = did_you_mean(node.name, known)
            return self.fault(
                node, f"{describe(target)} has no method '{node.name}'{close}", "undefined"
            )
        return _METHODS.get(node.name, ANY)


def _widened(schema: Schema) -> Schema:
    """Return a schema without the one value that a literal has."""
    if "const" in schema and "type" in schema:
        return {"type": schema["type"]}
    return schema


def _result(operator: str, left: str, right: str) -> str:
    """Return the type of an operation, "" when there is none."""
    if left in _NUMERIC and right in _NUMERIC:
        if operator == "/":
            return "number"
        if operator in {"<<", ">>", "&", "|", "^"}:
            return "any" if "number" not in {left, right} else ""
        return "any" if operator == "**" else "number" if "number" in {left, right} else "integer"
    if operator == "+" and left == right and left in {"string", "array"}:
        return left
    if operator == "*":
        pair = {left, right}
        for kind in ("string", "array"):
            if kind in pair and pair & {"integer", "boolean"}:
                return kind
    if operator == "%" and left == "string":
        return "string"
    return "object" if operator == "|" and left == right == "object" else ""


def _compares(operator: str, left: str, right: str) -> bool:
    if operator in {"==", "!=", "is", "is not"}:
        return True
    if operator in {"in", "not in"}:
        return right in {"array", "object"} or left == right == "string"
    return (left in _NUMERIC and right in _NUMERIC) or (
        left == right and left in {"string", "array"}
    )


_VISITS: Final[dict[type, Callable[[_Checker, Any], Schema]]] = {
    Literal: _Checker.literal,
    Name: _Checker.name,
    Attribute: _Checker.attribute,
    Index: _Checker.index,
    Slice: _Checker.slice,
    Unary: _Checker.unary,
    Binary: _Checker.binary,
    Compare: _Checker.compare,
    Logic: _Checker.logic,
    Coalesce: _Checker.coalesce,
    Conditional: _Checker.conditional,
    Sequence: _Checker.sequence,
    MappingNode: _Checker.mapping,
    Comprehension: _Checker.comprehension,
    Text: _Checker.text,
    Call: _Checker.call,
    Method: _Checker.method,
}
