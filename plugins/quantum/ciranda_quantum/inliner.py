"""Expressions among the generated code: locals for names, and no checks where kinds are known."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from ciranda.expressions.inline import (
    Binary,
    Call,
    Compare,
    Emitter,
    Literal,
    Name,
    Node,
    Unary,
    did_you_mean,
)

from .error import QuantumError
from .kinds import ANY, INTEGER, TEXT, Kind, infer, is_number
from .nodes import Function
from .pieces import spot
from .scope import Scope
from .tags import MAPS
from .values import Code

_OPERATORS: Final[dict[str, Callable[[], ast.operator]]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "//": ast.FloorDiv, "%": ast.Mod,
}  # fmt: skip
_COMPARE: Final[dict[str, Callable[[], ast.cmpop]]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE,
}  # fmt: skip
_FREE: Final = 4160  # bits that need no check: little more than the limit
_DEEP: Final = 12  # levels of unchecked arithmetic
_UNSURE: Final = 4  # variables whose types one test looks at


class Inliner(Emitter):
    """Writes one expression of a template."""

    def __init__(self, code: Code, scope: Scope, functions: dict[str, Function]) -> None:
        super().__init__(self._never, None, None, code.dialect, code.place, "c_budget")
        self.code = code
        self.scope = scope
        self.own = functions
        self.supposed: frozenset[str] = frozenset()

    def _never(self, name: str, offset: int) -> ast.expr:
        raise AssertionError(name)

    def spot(self, offset: int) -> dict[str, Any]:
        """Return the place in the template."""
        return spot(self.code.place(offset))

    def kind(self, node: Node) -> Kind:
        """Return the kind of a node."""
        return infer(node, self.lookup)

    def lookup(self, name: str) -> Kind:
        if name in self.supposed:
            return INTEGER
        return ANY if name in self.bound else self.scope.kind(name)

    def visit(self, node: Node) -> ast.expr:
        """Return the code of a node."""
        if isinstance(node, Name) and node.name not in self.bound:
            return self.scope.read(node.name, self.code.place(node.offset))
        if isinstance(node, (Binary, Unary)):
            kind = self.kind(node)
            if is_number(kind):
                code = self.arithmetic(node, 0)
                if code is not None:
                    checked = kind[0] != "float" and kind[1] > _FREE and not self.plain
                    return self.bound_check(code, node.offset) if checked else code
            else:
                code = self.supposed_integers(node)
                if code is not None:
                    return code
        elif isinstance(node, Compare):
            code = self.comparison(node)
            if code is not None:
                return code
        elif isinstance(node, Call) and node.function in self.own:
            return self.call_own(node, self.own[node.function])
        return super().visit(node)

    def supposed_integers(self, node: Node, *, checked: bool = True) -> ast.expr | None:
        """Write a sum or product of variables with one look at their types, taken together.

        When all are integers the whole is plain arithmetic; else the runtime does each operation.
        """
        names: dict[str, Name] = {}
        if self.plain or self.inline < 0 or not self._unsure(node, names) or not names:
            return None
        self.supposed = frozenset(names)
        kind = self.kind(node)
        code = self.arithmetic(node, 0) if is_number(kind) else None
        self.supposed = frozenset()
        reads = [self.visit(name) for name in names.values()]
        if code is None or not all(isinstance(each, ast.Name) for each in reads):
            return None
        types = [self.call("type", [each], node.offset) for each in reads]
        test = ast.Compare(
            left=types[0],
            ops=[ast.Is() for _ in types],
            comparators=[*types[1:], self.local("c_int", node.offset)],
            **self.spot(node.offset),
        )
        body = self.bound_check(code, node.offset) if checked else code
        inline, self.inline = self.inline, -1
        orelse = super().visit(node)
        self.inline = inline
        return ast.IfExp(test=test, body=body, orelse=orelse, **self.spot(node.offset))

    def _unsure(self, node: Node, names: dict[str, Name]) -> bool:
        """Collect the variables of a sum or product whose kind nobody knows; not too many."""
        if isinstance(node, Name):
            kind = self.lookup(node.name)
            if kind == ANY and node.name not in self.bound and node.name not in MAPS:
                names.setdefault(node.name, node)
                return len(names) <= _UNSURE
            return kind[0] == "integer"
        if isinstance(node, Literal):
            return type(node.value) is int
        if isinstance(node, Binary) and node.operator in {"+", "-", "*"}:
            return self._unsure(node.left, names) and self._unsure(node.right, names)
        return False

    def unchecked(self, node: Node) -> ast.expr:
        """Return the code of a number without the check of its size."""
        code = self.arithmetic(node, 0) or self.supposed_integers(node, checked=False)
        return code or self.visit(node)

    def arithmetic(self, node: Node, depth: int) -> ast.expr | None:
        """Write plain arithmetic on what are surely numbers."""
        if depth > _DEEP or not is_number(self.kind(node)):
            return None
        if isinstance(node, Binary) and node.operator in _OPERATORS:
            left = self.arithmetic(node.left, depth + 1)
            right = self.arithmetic(node.right, depth + 1)
            if left is None or right is None:
                return None
            operator = _OPERATORS[node.operator]()
            return ast.BinOp(left=left, op=operator, right=right, **self.spot(node.offset))
        if isinstance(node, Unary) and node.operator in "+-":
            operand = self.arithmetic(node.operand, depth + 1)
            if operand is None:
                return None
            sign = ast.USub() if node.operator == "-" else ast.UAdd()
            return ast.UnaryOp(op=sign, operand=operand, **self.spot(node.offset))
        if isinstance(node, (Literal, Name)) and depth:
            return self.visit(node)
        return self.visit(node) if depth else None

    def comparison(self, node: Compare) -> ast.expr | None:
        """Write one comparison natively where that gives the same answer."""
        if len(node.operands) != 2 or node.operators[0] not in _COMPARE:  # noqa: PLR2004 - one
            return None
        left, right = node.operands
        kinds = self.kind(left), self.kind(right)
        same = all(map(is_number, kinds)) or (kinds[0] == kinds[1] == TEXT and self._words(node))
        if not same and self.dialect.loose:
            return self._loosely(node, kinds)
        if not same:
            return None
        return self._native(node, self.visit(left), self.visit(right))

    def _words(self, node: Compare) -> bool:
        """Tell whether a side is a short literal, so that comparing costs nothing."""
        return any(isinstance(each, Literal) for each in node.operands)

    def _native(self, node: Compare, left: ast.expr, right: ast.expr) -> ast.expr:
        return ast.Compare(
            left=left,
            ops=[_COMPARE[node.operators[0]]()],
            comparators=[right],
            **self.spot(node.offsets[0]),
        )

    def _loosely(self, node: Compare, kinds: tuple[Kind, Kind]) -> ast.expr | None:
        """Write `a == 5` so that only a text on the other side asks the runtime."""
        left, right = node.operands
        literal, other = (right, left) if isinstance(right, Literal) else (left, right)
        if not isinstance(literal, Literal) or isinstance(other, Literal):
            return None
        value = literal.value
        if type(value) is str and _is_word(value):
            if node.operators[0] in {"==", "!="}:
                return self._native(node, self.visit(left), self.visit(right))
            return None
        if type(value) is not int or self.plain or self.inline < 0:
            return None
        self.inline -= 1
        offset = node.offsets[0]
        first, later = self.twice(self.visit(other), offset)
        here = self.constant(value, literal.offset)
        pair = (later, here) if other is left else (here, later)
        self.inline += 1
        return ast.IfExp(
            test=self.type_is(first, "c_int", offset),
            body=self._native(node, *pair),
            orelse=self.paid("loose", [self.constant(node.operators[0], offset), *pair], offset),
            **self.spot(offset),
        )

    def call_own(self, node: Call, function: Function) -> ast.expr:
        """Write the call of a function of the template, after checking what it is given."""
        self.check_call(node, function)
        place = self.spot(node.offset)
        keywords = [
            ast.keyword(arg=f"p_{name}", value=self.visit(value), **place)
            for name, value in node.keywords
        ]
        arguments = [self.visit(each) for each in node.arguments]
        target = self.local(f"f_{node.function}", node.offset)
        return ast.Call(func=target, args=arguments, keywords=keywords, **place)

    def check_call(self, node: Call, function: Function) -> None:
        """Check the arguments of a call."""
        names = [param.name for param in function.params]
        given = names[: len(node.arguments)]
        if len(node.arguments) > len(names):
            self.refuse(f"'{function.name}' takes {len(names)} arguments at most", node)
        for name, _ in node.keywords:
            if name not in names:
                hint = did_you_mean(name, names)
                self.refuse(f"'{function.name}' takes no argument '{name}'{hint}", node)
            if name in given:
                self.refuse(f"'{function.name}' is given '{name}' twice", node)
            given.append(name)
        for param in function.params:
            if param.required and param.default is None and param.name not in given:
                self.refuse(f"'{function.name}' needs the argument '{param.name}'", node)

    def refuse(self, message: str, node: Node) -> None:
        """Raise an error of arguments."""
        line, column = self.code.place(node.offset)
        raise QuantumError("arguments", message, line=line, column=column)


def _is_word(text: str) -> bool:
    """Tell whether a text means the same to numbers and booleans: nothing."""
    plain = text.strip().lower()
    return plain not in {"true", "false"} and not any(each.isdigit() for each in plain)


def write(code: Code, scope: Scope, functions: dict[str, Function]) -> tuple[ast.expr, Kind]:
    """Return the code of an expression and the kind of its value.

    Raises:
        ExpressionError: With an offset within the expression.
        QuantumError: With line and column.
    """
    inliner = Inliner(code, scope, functions)
    return inliner.visit(code.tree), inliner.kind(code.tree)
