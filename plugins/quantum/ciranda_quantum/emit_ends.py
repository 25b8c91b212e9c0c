"""Generated code of `q:return`, `q:log`, `q:throw`, `q:dump`."""

from __future__ import annotations

import ast
from typing import Any, Final

from .emit_state import literal, structured
from .literals import returned
from .nodes import Dump, Log, Return, Throw
from .pieces import assign, call, constant, does, load, method, spot, when
from .writer import Writer


def write_return(writer: Writer, node: Return) -> None:
    """Write `q:return`."""
    at = node.at
    text = node.value.literal if node.value is not None else None
    if text is not None and not node.type:
        assert node.value is not None
        made = node.value.structure
        code = structured(writer, returned(text) if made is None else made)
    else:
        code, _ = literal(writer, node.value, node.type, "return")
    if writer.returning == "function":
        assert writer.function is not None
        if writer.function.returns:
            arguments = [constant(writer.function.returns, at), constant("return", at)]
            code = writer.paid("convert", [code, *arguments])
        writer.add(ast.Return(value=code, **spot(at)))
        return
    if any(each.kind == "loop" for each in writer.open):
        writer.add(does(method("c_results", "append", [code], at), at))
        return
    held = writer.fresh("c_t")
    writer.add(assign(held, code, at))
    writer.leave("")
    if writer.returning == "handler":
        writer.add(ast.Return(value=None, **spot(at)))
        return
    writer.add(ending(load(held, at), at))


def ending(value: ast.expr, at: tuple[int, int]) -> ast.stmt:
    """Write the end of a component: its value and its variables."""
    pair = ast.Tuple(elts=[value, call("c_locals", [], at)], ctx=ast.Load(), **spot(at))
    return ast.Return(value=pair, **spot(at))


def write_log(writer: Writer, node: Log) -> None:
    """Write `q:log`."""
    at = node.at
    if node.when is not None:
        test, _ = writer.expression(node.when)

        def inside() -> None:
            _log(writer, node)

        writer.add(when(test, writer.block(inside), at))
        return
    _log(writer, node)


def _log(writer: Writer, node: Log) -> None:
    arguments = [constant(node.level, node.at), writer.string(node.message)]
    writer.add(does(method("c_run", "log", arguments, node.at), node.at))


def write_throw(writer: Writer, node: Throw) -> None:
    """Write `q:throw`."""
    arguments = [writer.string(node.message), constant(node.type, node.at)]
    writer.add(does(call("c_throw", arguments, node.at), node.at))


def write_dump(writer: Writer, node: Dump) -> None:
    """Write `q:dump`."""
    code, _ = writer.expression(node.value)
    writer.put(writer.paid("dump", [code, constant(node.label, node.at)]))


WRITERS: Final[dict[type, Any]] = {
    Return: write_return, Log: write_log, Throw: write_throw, Dump: write_dump,
}  # fmt: skip
