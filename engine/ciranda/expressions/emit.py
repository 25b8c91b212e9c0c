"""Tree to `ast`: code that checks types inline and calls the runtime where they are not plain.

Nothing of the user's text becomes source: names are constants or prefixed locals, and the line
of every node is the place in the expression, so a traceback knows where it failed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from .calls import write_call, write_keywords, write_text
from .comparisons import write_comparison
from .dialect import YAML, Dialect
from .function import Function
from .loops import write_comprehension
from .pieces import Pieces
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
    Mapping,
    Method,
    Name,
    Node,
    Sequence,
    Slice,
    Text,
    Unary,
)

Resolve = Callable[[str, int], ast.expr]
"""Name and offset to the code that reads the variable."""

_INLINE: Final = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
}
_CALLS: Final = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "//": "floor_divide",
    "%": "remainder", "**": "power", "<<": "shift_left", ">>": "shift_right",
}  # fmt: skip
_PLAIN: Final = frozenset({"divide", "floor_divide", "shift_left", "shift_right"})  # no budget
_SIGNS: Final = {
    "-": (ast.USub, "negative"),
    "+": (ast.UAdd, "positive"),
    "~": (ast.Invert, "invert"),
}
_CHAIN: Final = 8  # operators in a row that are written as nested code; longer ones are folded
_DEEP: Final = 6  # levels of inline checks within each other; deeper code calls


def emit(
    tree: Node,
    resolve_name: Resolve,
    *,
    functions: Callable[[str], Function | None] | None = None,
    resolve_function: Resolve | None = None,
    dialect: Dialect = YAML,
    place: Callable[[int], tuple[int, int]] | None = None,
    budget: str = "c_budget",
) -> ast.expr:
    """Return the code of an expression, to be run with the names of `runtime.NAMESPACE`.

    Args:
        tree: What `grammar.parse` gave.
        resolve_name: Code that reads a variable; it may raise KeyError or NameError when run.
        functions: Looks up host functions by name; built-in ones are known.
        resolve_function: Code that gives the callable of a host function.
        dialect: Decides what comparisons and missing names mean.
        place: Offset to (line, column) of the generated nodes; the default is (offset + 1, 0).
        budget: Name of the local that holds the evaluation's budget, `[limits.ITERATIONS]`.
    """
    return Emitter(resolve_name, functions, resolve_function, dialect, place, budget).visit(tree)


class Emitter(Pieces):
    """Writes one expression; `inline` is how many levels of inline checks may still open."""

    def __init__(
        self,
        resolve_name: Resolve,
        functions: Callable[[str], Function | None] | None,
        resolve_function: Resolve | None,
        dialect: Dialect,
        place: Callable[[int], tuple[int, int]] | None,
        budget: str,
    ) -> None:
        super().__init__(place, budget)
        self.resolve_name = resolve_name
        self.functions = functions
        self.resolve_function = resolve_function
        self.dialect = dialect
        self.bound: list[str] = []
        self.inline = _DEEP
        self.plain = 0  # within a comprehension no assignment may stand

    def visit(self, node: Node) -> ast.expr:
        """Return the code of a node."""
        inline = self.inline
        code: ast.expr = _VISITS[type(node)](self, node)
        self.inline = inline
        return code

    def literal(self, node: Literal) -> ast.expr:
        return self.constant(node.value, node.offset)

    def name(self, node: Name) -> ast.expr:
        if node.name in self.bound:
            return self.local(f"v_{node.name}", node.offset)
        return self.located(self.resolve_name(node.name, node.offset), node.offset)

    def may_inline(self, *operands: ast.expr) -> bool:
        """Say whether checks of these operands may be written inline."""
        if self.inline < 0 or all(isinstance(each, ast.Constant) for each in operands):
            return False  # the host's compiler warns of literals that cannot have items
        return not self.plain or all(
            isinstance(each, (ast.Name, ast.Constant)) for each in operands
        )

    def attribute(self, node: Attribute) -> ast.expr:
        self.inline -= 1
        if isinstance(node.target, Name) and node.target.name in self.dialect.lenient:
            read = self.thunk(self.visit(node.target), node.offset)
            return self.call("lenient", [read, self.constant(node.name, node.offset)], node.offset)
        target = self.visit(node.target)
        name = self.constant(node.name, node.offset)
        if node.name == "length" or not self.may_inline(target):
            return self.call("key", [target, name], node.offset)
        return self.read(target, "c_dict", name, "key", node.offset)

    def read(
        self, target: ast.expr, kind: str, key: ast.expr, otherwise: str, offset: int
    ) -> ast.expr:
        """Write `target[key] if type(target) is kind else otherwise(target, key)`."""
        first, later = self.twice(target, offset)
        return ast.IfExp(
            test=self.type_is(first, kind, offset),
            body=ast.Subscript(value=later, slice=key, ctx=ast.Load(), **self.spot(offset)),
            orelse=self.call(otherwise, [later, key], offset),
            **self.spot(offset),
        )

    def index(self, node: Index) -> ast.expr:
        self.inline -= 1
        target, key = self.visit(node.target), self.visit(node.key)
        value = node.key.value if isinstance(node.key, Literal) else None
        if type(value) in {str, int} and self.may_inline(target):
            kind = "c_dict" if type(value) is str else "c_list"
            return self.read(target, kind, key, "item", node.offset)
        return self.call("item", [target, key], node.offset)

    def slice(self, node: Slice) -> ast.expr:
        parts = [
            self.constant(None, node.offset) if part is None else self.visit(part)
            for part in (node.start, node.stop, node.step)
        ]
        return self.paid("cut", [self.visit(node.target), *parts], node.offset)

    def unary(self, node: Unary) -> ast.expr:
        operand = self.visit(node.operand)
        if node.operator == "not":
            return ast.UnaryOp(op=ast.Not(), operand=operand, **self.spot(node.offset))
        sign, name = _SIGNS[node.operator]
        value = node.operand.value if isinstance(node.operand, Literal) else None
        if type(value) is int or (type(value) is float and node.operator != "~"):
            return ast.UnaryOp(op=sign(), operand=operand, **self.spot(node.offset))
        return self.call(name, [operand], node.offset)

    def binary(self, node: Binary) -> ast.expr:
        spine = [node]
        while isinstance(spine[-1].left, Binary):
            spine.append(spine[-1].left)
        if len(spine) > _CHAIN:
            return self.fold(spine)
        self.inline -= 1
        left = self.visit(node.left)
        right = self.visit(node.right)
        return self.operation(node.operator, left, right, node.offset)

    def operation(self, operator: str, left: ast.expr, right: ast.expr, offset: int) -> ast.expr:
        """Write one operation, inline for integers where that is worth it."""
        if operator in {"&", "|", "^"}:
            return self.paid("bits", [self.constant(operator, offset), left, right], offset)
        name = _CALLS[operator]
        if (
            operator not in _INLINE
            or not self.may_inline(left, right)
            or not _may_be_integers(left, right)
        ):
            return self.operate(name, left, right, offset)
        first, left = self.twice(left, offset)
        second, right = self.twice(right, offset)
        spot = self.spot(offset)
        body: ast.expr = ast.BinOp(left=left, op=_INLINE[operator](), right=right, **spot)
        if (operator == "*" or (operator in "+-" and self.dialect.accumulates)) and not self.plain:
            body = self.bound_check(body, offset)
        elif operator == "*":
            body = self.call("bounded", [body], offset)
        if isinstance(second, ast.Constant):
            test = self.type_is(first, "c_int", offset)
        elif isinstance(first, ast.Constant):
            test = self.type_is(second, "c_int", offset)
        else:
            types = [self.call("type", [each], offset) for each in (first, second)]
            test = ast.Compare(
                left=types[0],
                ops=[ast.Is(), ast.Is()],
                comparators=[types[1], self.local("c_int", offset)],
                **spot,
            )
        otherwise = self.operate(name, left, right, offset)
        return ast.IfExp(test=test, body=body, orelse=otherwise, **spot)

    def bound_check(self, code: ast.expr, offset: int) -> ast.expr:
        """Write `r if LEAST < (r := code) < MOST else bounded(r)`."""
        first, later = self.twice(code, offset)
        test = ast.Compare(
            left=self.local("c_least", offset),
            ops=[ast.Lt(), ast.Lt()],
            comparators=[first, self.local("c_most", offset)],
            **self.spot(offset),
        )
        orelse = self.call("bounded", [later], offset)
        return ast.IfExp(test=test, body=later, orelse=orelse, **self.spot(offset))

    def operate(self, name: str, left: ast.expr, right: ast.expr, offset: int) -> ast.expr:
        if name in _PLAIN:
            return self.call(name, [left, right], offset)
        return self.paid(name, [left, right], offset)

    def fold(self, spine: list[Binary]) -> ast.expr:
        """Write a long flat chain as one call, so that code stays shallow."""
        self.inline = -1
        code = self.visit(spine[-1].left)
        steps: list[ast.expr] = []
        for each in reversed(spine):
            right = self.visit(each.right)
            operands = self.local("c_l", each.offset), self.local("c_r", each.offset)
            body = self.operation(each.operator, *operands, each.offset)
            steps += [self.function(("c_l", "c_r", self.budget), body, each.offset), right]
        return self.call(
            "chain", [self.local(self.budget, spine[0].offset), code, *steps], spine[0].offset
        )

    def logic(self, node: Logic) -> ast.expr:
        operator = ast.And() if node.operator == "and" else ast.Or()
        values = [self.visit(operand) for operand in node.operands]
        return ast.BoolOp(op=operator, values=values, **self.spot(node.offset))

    def coalesce(self, node: Coalesce) -> ast.expr:
        self.inline -= 1
        thunks = [self.thunk(self.visit(each), node.offset) for each in node.operands]
        return self.call("first", thunks, node.offset)

    def conditional(self, node: Conditional) -> ast.expr:
        test, body, orelse = (self.visit(each) for each in (node.test, node.then, node.other))
        return ast.IfExp(test=test, body=body, orelse=orelse, **self.spot(node.offset))

    def sequence(self, node: Sequence) -> ast.expr:
        items = [self.visit(item) for item in node.items]
        spot = self.spot(node.offset)
        if node.kind == "list":
            return ast.List(elts=items, ctx=ast.Load(), **spot)
        if node.kind == "tuple":
            return ast.Tuple(elts=items, ctx=ast.Load(), **spot)
        return ast.Set(elts=[self.hashed(item, node.offset) for item in items], **spot)

    def hashed(self, code: ast.expr, offset: int) -> ast.expr:
        return code if isinstance(code, ast.Constant) else self.paid("key_of", [code], offset)

    def mapping(self, node: Mapping) -> ast.expr:
        keys: list[ast.expr | None] = [
            self.hashed(self.visit(key), node.offset) for key in node.keys
        ]
        values = [self.visit(value) for value in node.values]
        return ast.Dict(keys=keys, values=values, **self.spot(node.offset))

    def method(self, node: Method) -> ast.expr:
        arguments = [self.visit(each) for each in node.arguments]
        keywords = write_keywords(self, node.keywords)
        head = [
            self.visit(node.target),
            self.constant(node.name, node.offset),
            self.local(self.budget, node.offset),
        ]
        return self.call("method", [*head, *arguments], node.offset, keywords)


def _may_be_integers(left: ast.expr, right: ast.expr) -> bool:
    constants = [each for each in (left, right) if isinstance(each, ast.Constant)]
    return len(constants) < 2 and all(type(each.value) is int for each in constants)  # noqa: PLR2004 - not both


_VISITS: Final[dict[type, Callable[[Emitter, Any], Any]]] = {
    Literal: Emitter.literal,
    Name: Emitter.name,
    Attribute: Emitter.attribute,
    Index: Emitter.index,
    Slice: Emitter.slice,
    Call: write_call,
    Method: Emitter.method,
    Unary: Emitter.unary,
    Binary: Emitter.binary,
    Compare: write_comparison,
    Logic: Emitter.logic,
    Coalesce: Emitter.coalesce,
    Conditional: Emitter.conditional,
    Sequence: Emitter.sequence,
    Mapping: Emitter.mapping,
    Comprehension: write_comprehension,
    Text: write_text,
}
