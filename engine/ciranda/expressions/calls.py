"""The small pieces of generated code, and the calls of functions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final, NoReturn, Optional, Union

from .dialect import Dialect
from .error import ExpressionError, did_you_mean
from .function import Function, built_in_functions
from .text import check_spec
from .tree import Call, Comprehension, Node, Text

_HOST: Final = frozenset(
    {
        "__import__", "aiter", "anext", "breakpoint", "callable", "classmethod", "compile", "delattr",
        "dir", "eval", "exec", "exit", "getattr", "globals", "hasattr", "help", "id", "input",
        "isinstance", "issubclass", "iter", "locals", "memoryview", "next", "object", "open", "print",
        "property", "quit", "setattr", "staticmethod", "super", "type", "vars", "format",
    }
)  # fmt: skip


class Calls:
    """Builds nodes; every one carries the place of what it stands for."""

    dialect: Dialect
    functions: Optional[Callable[[str], Optional[Function]]]
    resolve_function: Optional[Callable[[str, int], ast.expr]]

    def __init__(self, place: Optional[Callable[[int], tuple[int, int]]], budget: str) -> None:
        self.place = place
        self.budget = budget
        self.pays = False  # whether the budget is read at all

    def visit(self, node: Node) -> ast.expr:
        """Return the code of a node."""
        raise NotImplementedError

    def spot(self, offset: int) -> dict[str, Any]:
        line, column = (offset + 1, 0) if self.place is None else self.place(offset)
        return {"lineno": line, "col_offset": column, "end_lineno": line, "end_col_offset": column}

    def located(self, code: ast.expr, offset: int) -> ast.expr:
        """Give a place to code that came from outside."""
        spot = self.spot(offset)
        for each in ast.walk(code):
            for name, value in spot.items():
                setattr(each, name, value)
        return code

    def local(self, name: str, offset: int) -> ast.Name:
        self.pays = self.pays or name == self.budget
        return ast.Name(id=name, ctx=ast.Load(), **self.spot(offset))

    def constant(self, value: Any, offset: int) -> ast.Constant:
        return ast.Constant(value=value, **self.spot(offset))

    def apply(
        self,
        function: ast.expr,
        arguments: list[ast.expr],
        offset: int,
        keywords: Optional[list[ast.keyword]] = None,
    ) -> ast.Call:
        return ast.Call(func=function, args=arguments, keywords=keywords or [], **self.spot(offset))

    def call(
        self,
        name: str,
        arguments: list[ast.expr],
        offset: int,
        keywords: Optional[list[ast.keyword]] = None,
    ) -> ast.Call:
        """Write a call of the runtime."""
        return self.apply(self.local(f"c_{name}", offset), arguments, offset, keywords)

    def paid(self, name: str, arguments: list[ast.expr], offset: int) -> ast.Call:
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

    def keywords(self, named: list[tuple[str, Node]]) -> list[ast.keyword]:
        return [
            ast.keyword(arg=name, value=self.visit(value), **self.spot(value.offset))
            for name, value in named
        ]

    def called(self, node: Call) -> ast.expr:
        """Write the call of a function after checking that it exists and fits."""
        function = self.known(node)
        check_arguments(function, node)
        first = node.arguments[0] if node.arguments else None
        built_in = built_in_functions(self.dialect).get(node.function)
        if built_in is not function:
            assert self.resolve_function is not None
            target = self.located(self.resolve_function(node.function, node.offset), node.offset)
            head: list[ast.expr] = [target, self.constant(node.function, node.offset)]
            arguments = [self.visit(each) for each in node.arguments]
            return self.call(
                "call_host", head + arguments, node.offset, self.keywords(node.keywords)
            )
        if (
            isinstance(first, Comprehension)
            and first.kind == "generator"
            and node.function in {"any", "all"}
        ):
            items = self.visit(first)
            assert isinstance(items, ast.ListComp)
            lazy = ast.GeneratorExp(
                elt=items.elt, generators=items.generators, **self.spot(first.offset)
            )
            return self.call(node.function, [lazy], node.offset)
        arguments = [
            self.local(self.budget, node.offset),
            *(self.visit(each) for each in node.arguments),
        ]
        code = self.local(f"f_{node.function}", node.offset)
        return self.apply(code, arguments, node.offset, self.keywords(node.keywords))

    def known(self, node: Call) -> Function:
        """Return the function of a call, the host's first."""
        function = self.functions(node.function) if self.functions is not None else None
        built_in = built_in_functions(self.dialect)
        function = function or built_in.get(node.function)
        if function is not None:
            return function
        if node.function in _HOST:
            message = f"the function '{node.function}' is not part of the language"
            raise ExpressionError("security", message, offset=node.offset)
        message = f"there is no function '{node.function}'{did_you_mean(node.function, built_in)}"
        raise ExpressionError("undefined", message, offset=node.offset)

    def fields(self, node: Text, visit: Callable[[Node], ast.expr]) -> ast.expr:
        """Write an f-string."""
        parts: list[ast.expr] = [self.local(self.budget, node.offset)]
        for part in node.parts:
            if isinstance(part, str):
                parts.append(self.constant(part, node.offset))
                continue
            wrong = check_spec(part.spec)
            if wrong:
                kind = "limit" if wrong.startswith("a field") else "syntax"
                raise ExpressionError(kind, wrong, offset=part.offset)
            spec: list[ast.expr] = [
                self.constant(text, part.offset) for text in (part.spec, part.conversion)
            ]
            parts.append(self.paid("field", [visit(part.value), *spec], part.offset))
        return self.call("joined", parts, node.offset)


def check_arguments(function: Function, node: Call) -> None:
    """Check the number and the names of the arguments.

    Raises:
        ExpressionError: Of kind type.
    """
    count, name = len(node.arguments), function.name
    most = function.maximum
    if function.named is not None:
        for each, value in node.keywords:
            if each not in function.named:
                refuse(
                    f"'{name}' takes no argument '{each}'{did_you_mean(each, function.named)}",
                    value,
                )
        if count < function.minimum:
            refuse(f"'{name}' takes at least {_count(function.minimum)}, not {count}", node)
    if most is not None and count > most:
        refuse(f"'{name}' takes {_count(most)}, not {count}" if most == function.minimum
               else f"'{name}' takes at most {_count(most)}, not {count}", node)  # fmt: skip


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number} arguments"


def refuse(message: str, node: Union[Node, Call]) -> NoReturn:
    """Raise a fault of types at a node."""
    raise ExpressionError("type", message, offset=node.offset)
