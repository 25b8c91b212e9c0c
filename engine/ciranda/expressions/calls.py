"""Calls of functions, and texts with fields."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NoReturn

from .error import ExpressionError, did_you_mean
from .function import Function, built_in_functions
from .text import check_spec
from .tree import Call, Comprehension, Node, Text

if TYPE_CHECKING:
    from .emit import Emitter

HOST: Final = frozenset(
    [
        "__import__",
        "aiter",
        "anext",
        "breakpoint",
        "callable",
        "classmethod",
        "compile",
        "delattr",
        "dir",
        "eval",
        "exec",
        "exit",
        "format",
        "getattr",
        "globals",
        "hasattr",
        "help",
        "id",
        "input",
        "isinstance",
        "issubclass",
        "iter",
        "locals",
        "memoryview",
        "next",
        "object",
        "open",
        "print",
        "property",
        "quit",
        "setattr",
        "staticmethod",
        "super",
        "type",
        "vars",
    ]
)


def write_keywords(emitter: Emitter, named: list[tuple[str, Node]]) -> list[ast.keyword]:
    """Write the arguments that have names."""
    return [
        ast.keyword(arg=name, value=emitter.visit(value), **emitter.spot(value.offset))
        for name, value in named
    ]


def write_call(emitter: Emitter, node: Call) -> ast.expr:
    """Write the call of a function after checking that it exists and fits."""
    function = _known(emitter, node)
    _check_arguments(function, node)
    first = node.arguments[0] if node.arguments else None
    built_in = built_in_functions(emitter.dialect).get(node.function)
    if built_in is not function:
        assert emitter.resolve_function is not None
        target = emitter.located(emitter.resolve_function(node.function, node.offset), node.offset)
        head: list[ast.expr] = [target, emitter.constant(node.function, node.offset)]
        arguments = [emitter.visit(each) for each in node.arguments]
        return emitter.call(
            "call_host", head + arguments, node.offset, write_keywords(emitter, node.keywords)
        )
    if (
        isinstance(first, Comprehension)
        and first.kind == "generator"
        and node.function in {"any", "all"}
    ):
        items = emitter.visit(first)
        assert isinstance(items, ast.ListComp)
        lazy = ast.GeneratorExp(
            elt=items.elt, generators=items.generators, **emitter.spot(first.offset)
        )
        return emitter.call(node.function, [lazy], node.offset)
    arguments = [
        emitter.local(emitter.budget, node.offset),
        *(emitter.visit(each) for each in node.arguments),
    ]
    code = emitter.local(f"f_{node.function}", node.offset)
    return emitter.apply(code, arguments, node.offset, write_keywords(emitter, node.keywords))


def _known(emitter: Emitter, node: Call) -> Function:
    """Return the function of a call, the host's first."""
    function = emitter.functions(node.function) if emitter.functions is not None else None
    built_in = built_in_functions(emitter.dialect)
    function = function or built_in.get(node.function)
    if function is not None:
        return function
    if node.function in HOST:
        message = f"the function '{node.function}' is not part of the language"
        raise ExpressionError("security", message, offset=node.offset)
    message = f"there is no function '{node.function}'{did_you_mean(node.function, built_in)}"
    raise ExpressionError("undefined", message, offset=node.offset)


def write_text(emitter: Emitter, node: Text) -> ast.expr:
    """Write an f-string."""
    parts: list[ast.expr] = [emitter.local(emitter.budget, node.offset)]
    for part in node.parts:
        if isinstance(part, str):
            parts.append(emitter.constant(part, node.offset))
            continue
        wrong = check_spec(part.spec)
        if wrong:
            kind = "limit" if wrong.startswith("a field") else "syntax"
            raise ExpressionError(kind, wrong, offset=part.offset)
        spec: list[ast.expr] = [
            emitter.constant(text, part.offset) for text in (part.spec, part.conversion)
        ]
        parts.append(emitter.paid("field", [emitter.visit(part.value), *spec], part.offset))
    return emitter.call("joined", parts, node.offset)


def _check_arguments(function: Function, node: Call) -> None:
    """Check the number and the names of the arguments.

    Raises:
        ExpressionError: Of kind type.
    """
    count, name = len(node.arguments), function.name
    most = function.maximum
    if function.named is not None:
        for each, value in node.keywords:
            if each not in function.named:
                _refuse(
                    f"'{name}' takes no argument '{each}'{did_you_mean(each, function.named)}",
                    value,
                )
        if count < function.minimum:
            _refuse(f"'{name}' takes at least {_count(function.minimum)}, not {count}", node)
    if most is not None and count > most:
        _refuse(f"'{name}' takes {_count(most)}, not {count}" if most == function.minimum
               else f"'{name}' takes at most {_count(most)}, not {count}", node)  # fmt: skip


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number} arguments"


def _refuse(message: str, node: Node) -> NoReturn:
    """Raise a fault of types at a node."""
    raise ExpressionError("type", message, offset=node.offset)
