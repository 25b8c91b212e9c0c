"""Comparisons: native where one side is a literal, by the runtime where both may be large."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from .tree import Compare, Literal, Node

if TYPE_CHECKING:
    from .emit import Emitter

_COMPARE: Final = {
    "==": (ast.Eq, "equal"), "!=": (ast.NotEq, "unequal"), "<": (ast.Lt, "less"),
    "<=": (ast.LtE, "less_or_equal"), ">": (ast.Gt, "greater"),
    ">=": (ast.GtE, "greater_or_equal"), "is": (ast.Is, "same"), "is not": (ast.IsNot, "same"),
    "in": (ast.In, "contains"), "not in": (ast.NotIn, "contains"),
}  # fmt: skip


def write_comparison(emitter: Emitter, node: Compare) -> ast.expr:
    """Write `a < b <= c`; the middle is evaluated once."""
    emitter.inline -= 1
    if len(node.operands) == 2:  # noqa: PLR2004 - one comparison
        left, right = (emitter.visit(operand) for operand in node.operands)
        return _one(emitter, node, 0, left, right)
    if emitter.plain:
        return _folded(emitter, node)
    tests: list[ast.expr] = []
    left = emitter.visit(node.operands[0])
    for place, operand in enumerate(node.operands[1:]):
        first, later = emitter.twice(emitter.visit(operand), node.offsets[place])
        tests.append(_one(emitter, node, place, left, first))
        left = later
    return ast.BoolOp(op=ast.And(), values=tests, **emitter.spot(node.offset))


def _folded(emitter: Emitter, node: Compare) -> ast.expr:
    """Write a chain where no assignment may stand: functions that are called until one is false."""
    steps: list[ast.expr] = [emitter.thunk(emitter.visit(node.operands[0]), node.offset)]
    for place, operand in enumerate(node.operands[1:]):
        offset = node.offsets[place]
        test = _one(
            emitter, node, place, emitter.local("c_l", offset), emitter.local("c_r", offset)
        )
        steps.append(emitter.thunk(emitter.visit(operand), offset))
        steps.append(emitter.function(("c_l", "c_r"), test, offset))
    return emitter.call("compared", steps, node.offset)


def _one(emitter: Emitter, node: Compare, place: int, left: ast.expr, right: ast.expr) -> ast.expr:
    operator, offset = node.operators[place], node.offsets[place]
    native, name = _COMPARE[operator]
    spot = emitter.spot(offset)
    if name in {"contains", "same"}:
        code = emitter.paid(name, [left, right], offset)
        if operator in {"is not", "not in"}:
            return ast.UnaryOp(op=ast.Not(), operand=code, **spot)
        return code
    if emitter.dialect.loose:
        return emitter.paid("loose", [emitter.constant(operator, offset), left, right], offset)
    if any(_is_cheap(each, operator) for each in node.operands[place : place + 2]):
        return ast.Compare(left=left, ops=[native()], comparators=[right], **spot)
    return emitter.paid(name, [left, right], offset)


def _is_cheap(node: Node, operator: str) -> bool:
    """Say whether a comparison with this operand costs nothing and can fail only by type."""
    if not isinstance(node, Literal):
        return False
    return operator in {"==", "!="} or type(node.value) in {int, float, str}
