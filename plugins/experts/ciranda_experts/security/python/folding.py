"""What an expression is worth where that can be known without running anything.

Only literals, a few pure operations on them, and names bound once to such; every result is
bounded, and so is all the work for one program. Nothing of the program is called.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final, cast

from ..limits import BITS, FOLDING, PAYLOAD
from .decoding import DECODERS, METHODS, decode_text
from .program import Program
from .scope import Scope

__all__ = ["UNKNOWN", "Folding"]


class _Unknown:
    """Not a constant."""


UNKNOWN: Final = _Unknown()
_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Is: lambda a, b: a is b or (type(a) is type(b) and a == b),
    ast.IsNot: lambda a, b: not (a is b or (type(a) is type(b) and a == b)),
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Div: lambda a, b: a / b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.RShift: lambda a, b: a >> b,
}
_ERRORS: Final = (
    ArithmeticError, TypeError, ValueError, LookupError, AttributeError, UnicodeError,
)  # fmt: skip
_GATHERING: Final = frozenset({"join", "bytes", "bytearray"})
_HOPS: Final = 100  # names and operations within each other


class Folding:
    """Works out constants of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[ast.AST, Any] = {}
        self._left = FOLDING
        self._depth = 0
        self.cut = False  # whether something was too long a way to follow

    def text(self, node: ast.expr) -> str | None:
        """Return a constant text, or None."""
        value = self.value(node)
        return value if isinstance(value, str) else None

    def value(self, node: ast.expr) -> Any:
        """Return a constant, or `UNKNOWN`."""
        if isinstance(node, ast.Constant):
            return node.value
        if node in self._known:
            return self._known[node]
        self._known[node] = UNKNOWN  # a name that is made of itself
        if self._depth > _HOPS or self._left <= 0:
            self.cut = True
            return UNKNOWN
        self._depth += 1
        try:
            value = self._fold(node)
        except _ERRORS:
            value = UNKNOWN
        finally:
            self._depth -= 1
        value = self._known[node] = self._bounded(value)
        return value

    def truth(self, node: ast.expr) -> bool | None:  # noqa: PLR0911  # one answer a case
        """Say whether a condition always holds, never does, or None where it depends."""
        value = self.value(node)
        if value is not UNKNOWN:
            return bool(value)
        match node:
            case ast.Lambda() | ast.GeneratorExp():
                return True
            case ast.UnaryOp(op=ast.Not()):
                inner = self.truth(node.operand)
                return None if inner is None else not inner
            case ast.BoolOp():
                ends = isinstance(node.op, ast.Or)
                each = [self.truth(part) for part in node.values]
                if ends in each:
                    return ends
                return None if None in each else not ends
            case ast.NamedExpr():
                return self.truth(node.value)
            case ast.Tuple() | ast.List() | ast.Set() if node.elts:
                return None if any(isinstance(e, ast.Starred) for e in node.elts) else True
            case ast.Dict() if node.keys:
                return None if None in node.keys else True
            case ast.JoinedStr():
                return any(isinstance(e, ast.Constant) and e.value for e in node.values) or None
            case ast.Compare(left=ast.Name(), ops=[ast.Eq() | ast.Is() | ast.LtE() | ast.GtE()]):
                left, right = node.left, node.comparators[0]
                names = isinstance(left, ast.Name) and isinstance(right, ast.Name)
                same = names and ast.dump(left) == ast.dump(right)
                return True if same else None
            case ast.Name():
                bound = self._program.scope(node).owner(node.id)
                if bound is None and node.id in ("object", "print", "type", "int", "len", "str"):
                    return True
        return None

    def _bounded(self, value: Any) -> Any:
        if isinstance(value, (str, bytes, tuple, list)):
            self._left -= len(value)
            return value if len(value) <= PAYLOAD else UNKNOWN
        if isinstance(value, int) and value.bit_length() > BITS:
            return UNKNOWN
        return value

    def _all(self, nodes: list[ast.expr]) -> Any:
        values = [self.value(each) for each in nodes]
        return UNKNOWN if any(each is UNKNOWN for each in values) else values

    def _fold(self, node: ast.expr) -> Any:  # noqa: PLR0911, PLR0912  # one answer a case
        match node:
            case ast.Name():
                return self._name(node.id, self._program.scope(node))
            case ast.BinOp():
                return self._binary(node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.Compare():
                return self._compare(node)
            case ast.BoolOp():
                values = self._all(node.values)
                if values is UNKNOWN:
                    return UNKNOWN
                return _either(values, isinstance(node.op, ast.Or))
            case ast.IfExp():
                truth = self.truth(node.test)
                return UNKNOWN if truth is None else self.value(node.body if truth else node.orelse)
            case ast.NamedExpr():
                return self.value(node.value)
            case ast.JoinedStr():
                return self._joined(node)
            case ast.Tuple() | ast.List():
                values = self._all(node.elts)
                return UNKNOWN if values is UNKNOWN else tuple(values)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Call():
                return self._call(node)
            case ast.ListComp() | ast.GeneratorExp():
                return self._comprehension(node)
        return UNKNOWN

    def _name(self, name: str, scope: Scope) -> Any:
        owner = scope.owner(name)
        if owner is None or name in owner.deleted:
            return UNKNOWN
        bindings = owner.bindings[name]
        only = bindings[0]
        if len(bindings) > 1 or only.value is None or only.parameter:
            return UNKNOWN
        if isinstance(only.value, (ast.List, ast.ListComp)) or self._is_list(only.value):
            return UNKNOWN  # it changes without being bound again
        return self.value(only.value)

    def _is_list(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and self._called(node.func) in ("list", "bytearray")

    def _elements(self, node: ast.expr) -> Any:
        """Return what a text is put together from, a list under its name included.

        The list may have changed since; what is hidden in it, mostly, has not.
        """
        if isinstance(node, ast.Name):
            owner = self._program.scope(node).owner(node.id)
            bindings = owner.bindings[node.id] if owner is not None else []
            if len(bindings) == 1 and bindings[0].value is not None:
                return self.value(bindings[0].value)
        return self.value(node)

    def _binary(self, node: ast.BinOp) -> Any:
        spine: list[ast.BinOp] = []  # a long sum leans to the left
        at: ast.expr = node
        while isinstance(at, ast.BinOp):
            if at is not node and at in self._known:
                break
            spine.append(at)
            at = at.left
        value = self.value(at)
        texts: list[str] = []  # what is added to a text, joined at the end: linear
        for each in reversed(spine):
            right = self.value(each.right)
            if value is UNKNOWN or right is UNKNOWN:
                return UNKNOWN
            if isinstance(value, str) and isinstance(right, str) and isinstance(each.op, ast.Add):
                texts.append(right)
                continue
            if texts:
                value, texts = value + "".join(texts), []
            value = self._bounded(self._operated(each.op, value, right))
        return value + "".join(texts) if texts else value

    def _operated(self, op: ast.operator, left: Any, right: Any) -> Any:  # noqa: PLR0911  # one answer an operator
        if isinstance(op, ast.Mod) and isinstance(left, (str, bytes)):
            return decode_text("%", left, right, PAYLOAD)
        if isinstance(op, ast.Mult):
            if isinstance(left, int) and isinstance(right, int):
                return left * right
            size, count = (left, right) if isinstance(right, int) else (right, left)
            if len(size) * max(count, 0) > PAYLOAD:
                return UNKNOWN
            return left * right
        if isinstance(op, (ast.Pow, ast.LShift)):
            bits = max(left.bit_length(), 1) * right if isinstance(op, ast.Pow) else right
            if not isinstance(left, int) or not isinstance(right, int) or not 0 <= bits <= BITS:
                return UNKNOWN
            return left**right if isinstance(op, ast.Pow) else left << right
        fold = _ARITHMETIC.get(type(op))
        return UNKNOWN if fold is None else fold(left, right)

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if value is UNKNOWN:
            return UNKNOWN
        match node.op:
            case ast.Not():
                return not value
            case ast.USub():
                return -value
            case ast.Invert() if isinstance(value, int):
                return -value - 1
            case ast.UAdd():
                return +value
        return UNKNOWN

    def _compare(self, node: ast.Compare) -> Any:
        values = self._all([node.left, *node.comparators])
        if values is UNKNOWN:
            return UNKNOWN
        self._left -= sum(len(each) for each in values if isinstance(each, (str, bytes, tuple)))
        return all(
            _COMPARE[type(op)](a, b) for op, a, b in zip(node.ops, values, values[1:], strict=False)
        )

    def _joined(self, node: ast.JoinedStr) -> Any:
        parts: list[str] = []
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                value = self.value(each.value)
                if (
                    value is UNKNOWN
                    or each.format_spec is not None
                    or not isinstance(value, (str, int))
                ):
                    return UNKNOWN
                parts.append(repr(value) if each.conversion == ord("r") else str(value))
            else:
                parts.append(str(cast(ast.Constant, each).value))
        return "".join(parts)

    def _subscript(self, node: ast.Subscript) -> Any:
        value = self.value(node.value)
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(node.slice, ast.Slice):
            parts = [
                None if each is None else self.value(each)
                for each in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            return UNKNOWN if UNKNOWN in parts else value[slice(*parts)]
        return value[self.value(node.slice)]

    def _call(self, node: ast.Call) -> Any:  # noqa: PLR0911  # one answer a kind of call
        if node.keywords:
            return UNKNOWN
        name = self._called(node.func)
        if name in _GATHERING and len(node.args) == 1:
            gathered = self._elements(node.args[0])
            arguments: Any = UNKNOWN if gathered is UNKNOWN else [gathered]
        else:
            arguments = self._all(node.args)
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value)
            if owner is not UNKNOWN and isinstance(owner, (str, bytes)):
                if arguments is UNKNOWN or node.func.attr not in METHODS:
                    return UNKNOWN
                self._left -= len(owner)
                return decode_text(node.func.attr, owner, arguments, PAYLOAD)
        if name == "map" and len(node.args) == 2:  # noqa: PLR2004  # function and values
            values = self._elements(node.args[1])
            decode = DECODERS.get(self._called(node.args[0]))
            if values is UNKNOWN or decode is None:
                return UNKNOWN
            return tuple(decode(each) for each in values)
        decode = DECODERS.get(name)
        if decode is None or arguments is UNKNOWN or not arguments:
            return UNKNOWN
        return decode(*arguments)

    def _called(self, node: ast.expr) -> str:
        """Return the last name of a function: decoders are few, and pure by any name."""
        scope = self._program.scope(node)
        if isinstance(node, ast.Name):
            owner = scope.owner(node.id)
            if owner is None:
                return node.id
            only = owner.bindings[node.id][0]
            return only.dotted.rpartition(".")[2] if only.dotted else ""
        return node.attr if isinstance(node, ast.Attribute) else ""

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> Any:
        """Work out `[chr(c ^ 7) for c in (1, 2)]`: one loop, one name, no conditions."""
        part = node.generators[0]
        if len(node.generators) > 1 or part.ifs or not isinstance(part.target, ast.Name):
            return UNKNOWN
        values = self._elements(part.iter)
        if values is UNKNOWN or not isinstance(values, (str, bytes, tuple)):
            return UNKNOWN
        return tuple(self._substituted(node.elt, part.target.id, each) for each in values)

    def _substituted(self, node: ast.expr, name: str, value: Any) -> Any:
        self._left -= 1
        match node:
            case ast.Constant():
                return node.value
            case ast.Name() if node.id == name:
                return value
            case ast.BinOp():
                left = self._substituted(node.left, name, value)
                right = self._substituted(node.right, name, value)
                made = UNKNOWN
                if left is not UNKNOWN and right is not UNKNOWN:
                    made = self._operated(node.op, left, right)
            case ast.Call() if len(node.args) == 1 and not node.keywords:
                inner = self._substituted(node.args[0], name, value)
                decode = DECODERS.get(self._called(node.func))
                made = UNKNOWN if decode is None or inner is UNKNOWN else decode(inner)
            case _:
                made = UNKNOWN
        if made is UNKNOWN or self._left <= 0:
            raise ValueError(name)
        return made


def _either(values: list[Any], stops: bool) -> Any:
    for value in values:
        if bool(value) is stops:
            return value
    return values[-1]
