"""The small pieces of generated Python; every one carries the place of what it stands for."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

Place = tuple[int, int]
_LOAD: Final = ast.Load()


@lru_cache(maxsize=4096)  # shared, so never changed: it is only spread into nodes
def spot(at: Place) -> dict[str, Any]:
    """Return the place of a node."""
    line, column = at
    return {"lineno": line, "col_offset": column}


def load(name: str, at: Place) -> ast.Name:
    """Write a name that is read."""
    return ast.Name(name, _LOAD, **spot(at))


def store(name: str, at: Place) -> ast.Name:
    """Write a name that is bound."""
    return ast.Name(id=name, ctx=ast.Store(), **spot(at))


def constant(value: Any, at: Place) -> ast.Constant:
    """Write a plain value."""
    return ast.Constant(value, **spot(at))


def call(name: str, arguments: Sequence[ast.expr], at: Place) -> ast.Call:
    """Write a call of the runtime, or of a name."""
    return ast.Call(load(name, at), list(arguments), [], **spot(at))


def method(target: str, name: str, arguments: Sequence[ast.expr], at: Place) -> ast.Call:
    """Write the call of a method."""
    place = spot(at)
    function = ast.Attribute(value=load(target, at), attr=name, ctx=ast.Load(), **place)
    return ast.Call(func=function, args=list(arguments), keywords=[], **place)


def assign(name: str, value: ast.expr, at: Place) -> ast.Assign:
    """Write `name = value`."""
    return ast.Assign(targets=[store(name, at)], value=value, **spot(at))


def does(value: ast.expr, at: Place) -> ast.Expr:
    """Write an expression as a statement."""
    return ast.Expr(value=value, **spot(at))


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr, at: Place) -> ast.Compare:
    """Write a comparison."""
    return ast.Compare(left=left, ops=[operator], comparators=[right], **spot(at))


def are_integers(test: ast.expr) -> bool:
    """Tell whether a test is the look at types that stands before arithmetic of integers."""
    last = test.comparators[-1] if isinstance(test, ast.Compare) else None
    return isinstance(last, ast.Name) and last.id == "c_int"


def divides(code: ast.expr) -> bool:
    """Tell whether arithmetic of integers gives a float."""
    return isinstance(code, ast.BinOp) and isinstance(code.op, ast.Div)


def when(
    test: ast.expr, body: list[ast.stmt], at: Place, orelse: list[ast.stmt] | None = None
) -> ast.If:
    """Write `if test: body else: orelse`."""
    return ast.If(test=test, body=body or [ast.Pass(**spot(at))], orelse=orelse or [], **spot(at))


def arguments(names: Sequence[str], at: Place, missing: str | None = None) -> ast.arguments:
    """Write parameters; with `missing`, each has that name's value as default."""
    place = spot(at)
    return ast.arguments(
        posonlyargs=[],
        args=[ast.arg(arg=name, annotation=None, type_comment=None, **place) for name in names],
        vararg=None,
        kwonlyargs=[],
        kw_defaults=[],
        kwarg=None,
        defaults=[load(missing, at) for _ in names] if missing else [],
    )


def function(
    name: str, parameters: ast.arguments, body: list[ast.stmt], at: Place
) -> ast.FunctionDef:
    """Write a function."""
    # Python 3.12 gives functions type parameters.
    newer: dict[str, Any] = {"type_params": []} if hasattr(ast, "TypeAlias") else {}
    return ast.FunctionDef(
        name=name, args=parameters, body=body or [ast.Pass(**spot(at))], decorator_list=[],
        returns=None, type_comment=None, **spot(at), **newer,
    )  # fmt: skip


def plain(value: Any, at: Place) -> ast.expr:
    """Write a plain value so that every evaluation gives a fresh list or object."""
    if isinstance(value, list):
        items = [plain(item, at) for item in value]
        return ast.List(elts=items, ctx=ast.Load(), **spot(at))
    if isinstance(value, dict):
        return ast.Dict(
            keys=[plain(key, at) for key in value],
            values=[plain(each, at) for each in value.values()],
            **spot(at),
        )
    return constant(value, at)
