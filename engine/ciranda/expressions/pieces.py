"""The small pieces of generated code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final

_LOAD: Final = ast.Load()


class Pieces:
    """Builds nodes; every one carries the place of what it stands for."""

    def __init__(self, place: Callable[[int], tuple[int, int]] | None, budget: str) -> None:
        self.place = place
        self.budget = budget
        self.pays = False  # whether the budget is read at all
        self.temporaries = 0

    def spot(self, offset: int) -> dict[str, Any]:
        line, column = (offset + 1, 0) if self.place is None else self.place(offset)
        return {"lineno": line, "col_offset": column}

    def located(self, code: ast.expr, offset: int) -> ast.expr:
        """Give a place to code that came from outside."""
        spot = self.spot(offset)
        for each in ast.walk(code):
            for name, value in spot.items():
                setattr(each, name, value)
        return code

    def local(self, name: str, offset: int) -> ast.Name:
        self.pays = self.pays or name == self.budget
        return ast.Name(name, _LOAD, **self.spot(offset))

    def constant(self, value: Any, offset: int) -> ast.Constant:
        return ast.Constant(value=value, **self.spot(offset))

    def apply(
        self,
        function: ast.expr,
        arguments: Sequence[ast.expr],
        offset: int,
        keywords: list[ast.keyword] | None = None,
    ) -> ast.Call:
        return ast.Call(
            func=function, args=list(arguments), keywords=keywords or [], **self.spot(offset)
        )

    def call(
        self,
        name: str,
        arguments: Sequence[ast.expr],
        offset: int,
        keywords: list[ast.keyword] | None = None,
    ) -> ast.Call:
        """Write a call of the runtime."""
        return self.apply(self.local(f"c_{name}", offset), arguments, offset, keywords)

    def paid(self, name: str, arguments: Sequence[ast.expr], offset: int) -> ast.Call:
        """Write a call of the runtime that pays from the budget."""
        return self.call(name, [*arguments, self.local(self.budget, offset)], offset)

    def function(self, names: tuple[str, ...], body: ast.expr, offset: int) -> ast.Lambda:
        spot = self.spot(offset)
        arguments = ast.arguments(
            posonlyargs=[],
            args=[ast.arg(arg=name, annotation=None, **spot) for name in names],
            vararg=None,
            kwonlyargs=[],
            kw_defaults=[],
            kwarg=None,
            defaults=[],
        )
        return ast.Lambda(args=arguments, body=body, **spot)

    def thunk(self, body: ast.expr, offset: int) -> ast.Lambda:
        return self.function((), body, offset)

    def type_is(self, code: ast.expr, kind: str, offset: int) -> ast.Compare:
        """Write `type(code) is kind`."""
        return ast.Compare(
            left=self.call("type", [code], offset),
            ops=[ast.Is()],
            comparators=[self.local(kind, offset)],
            **self.spot(offset),
        )

    def twice(self, code: ast.expr, offset: int) -> tuple[ast.expr, ast.expr]:
        """Return code for the first and for every later use of one value."""
        if isinstance(code, (ast.Name, ast.Constant)):
            return code, code
        self.temporaries += 1
        name = f"t_{self.temporaries}"
        spot = self.spot(offset)
        first = ast.NamedExpr(target=ast.Name(id=name, ctx=ast.Store(), **spot), value=code, **spot)
        return first, self.local(name, offset)
