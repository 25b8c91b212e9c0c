"""Recursion whose argument stays, or moves away from where the function ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from .program import children
from .report import Subject
from .scope import Binding

__all__ = ["check_receding"]

_NEAR: Final = 1  # who counts up is past an end such as 0 or 1 at once
_FLIPPED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE,
}  # fmt: skip
_OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.NotEq: ast.Eq,
}  # fmt: skip
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check_receding(subject: Subject) -> None:
    """Look for `if n == 0: return ...` before `f(n + 1)`, and for `f(n)` alone."""
    called = {
        call.func.id for call in subject.program.of(ast.Call) if isinstance(call.func, ast.Name)
    }
    for function in subject.program.of(ast.FunctionDef, ast.AsyncFunctionDef):
        if function.name not in called:
            continue
        taken = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        calls = list(_calls(function))
        scope = subject.program.scope(function)
        if not all(subject.program.scope(each).owner(function.name) is scope for each in calls):
            continue  # a method that calls a function of its name
        if not calls or not all(_known(call, taken) for call in calls):
            continue
        _look(subject, function, taken, calls)


def _calls(function: _Function) -> Iterator[ast.Call]:
    """Yield the calls of a function to itself, those of functions within left out."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, ast.Call) and _is_named(node.func, function.name):
            yield node
        stack.extend(children(node))


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _known(call: ast.Call, taken: list[str]) -> bool:
    starred = any(isinstance(each, ast.Starred) for each in call.args)
    return not call.keywords and not starred and len(call.args) == len(taken)


def _look(subject: Subject, function: _Function, taken: list[str], calls: list[ast.Call]) -> None:
    owner = subject.program.scope(function).bindings.get(function.name, ())
    if len(owner) != 1:
        return  # another function may be meant
    inner = subject.program.scope(function.body[0])
    for at, name in enumerate(taken):
        if len(inner.bindings.get(name, ())) != 1:
            continue  # it is bound again
        steps = {_step(subject, call.args[at], name) for call in calls}
        if None in steps or 0 in steps or len({(step or 0) > 0 for step in steps}) != 1:
            continue
        rises = (next(iter(steps)) or 0) > 0
        tests = list(_ends(function, calls))
        if tests and all(_recedes(subject, test, ends, name, rises) for test, ends in tests):
            where = "up" if rises else "down"
            what = f"`{name:.20}` only goes {where}, away from where {function.name:.30} ends"
            subject.hit("receding-recursion", function, what)
            return
    if taken and _same_arguments(calls, taken, inner.bindings) and not _acts(function, calls):
        what = f"{function.name:.30} calls itself with what it was given"
        subject.hit("receding-recursion", function, what)


def _step(subject: Subject, node: ast.expr, name: str) -> int | None:
    """Return what is added to a name, or None where that is not known."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return None
    if not isinstance(node.left, ast.Name) or node.left.id != name:
        return None
    step = subject.folding.value(node.right)
    if type(step) is not int:
        return None
    return step if isinstance(node.op, ast.Add) else -step


def _ends(function: _Function, calls: list[ast.Call]) -> Iterator[tuple[ast.expr, bool]]:
    """Yield the conditions under which a function ends, or does not; None for what is not plain."""
    for node in ast.walk(function):
        if isinstance(node, ast.If) and isinstance(node.body[-1], (ast.Return, ast.Raise)):
            yield _end(node.test, node.body, node.orelse, calls)
        elif isinstance(node, ast.IfExp):
            yield _end(node.test, [node.body], [node.orelse], calls)
        elif isinstance(node, (ast.If, ast.While, ast.BoolOp, ast.Match, ast.Assert, ast.Try,
                               ast.For, ast.AsyncFor, ast.With)):  # fmt: skip
            yield ast.Constant(None), True


def _end(
    test: ast.expr, body: Sequence[ast.AST], other: Sequence[ast.AST], calls: list[ast.Call]
) -> tuple[ast.expr, bool]:
    within = [any(each in calls for part in parts for each in ast.walk(part))
              for parts in (body, other)]  # fmt: skip
    if not within[0]:
        return test, True
    return (ast.Constant(None) if within[1] else test), False


def _recedes(subject: Subject, test: ast.expr, ends: bool, name: str, rises: bool) -> bool:
    """Say whether an end is left behind for good by who rises, or falls.

    It is where the condition holds, or, without `ends`, where it does not.
    """
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, ends = test.operand, not ends
    if isinstance(test, ast.Name):
        return test.id == name and rises and not ends  # at 0
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return False
    left, op, right = test.left, type(test.ops[0]), test.comparators[0]
    if isinstance(right, ast.Name):
        left, op, right = right, _FLIPPED.get(op, op), left
    end = subject.folding.value(right)
    if not isinstance(left, ast.Name) or left.id != name or type(end) is not int:
        return False
    if not ends:
        op = _OPPOSITE.get(op, ast.In)
    if op is ast.Eq:
        return rises and end <= _NEAR
    return op in ((ast.Lt, ast.LtE) if rises else (ast.Gt, ast.GtE))


def _same_arguments(
    calls: list[ast.Call], taken: list[str], bindings: Mapping[str, Sequence[Binding]]
) -> bool:
    if any(len(bindings.get(name, ())) != 1 for name in taken):
        return False
    return all(
        isinstance(each, ast.Name) and each.id == name
        for call in calls
        for each, name in zip(call.args, taken, strict=True)
    )


def _acts(function: _Function, calls: list[ast.Call]) -> bool:
    """Say whether a function does more than compute, so that the next time may differ."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and node not in calls:
            return True
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Global, ast.Nonlocal, ast.Await)):
            return True
        if isinstance(node, (ast.Try, ast.Yield, ast.YieldFrom, ast.With, ast.For)):
            return True
    return False
