"""Generated code of queries, data, requests and events; the runtime does the work."""

from __future__ import annotations

import ast
from typing import Any, Final

from .emit_state import literal, structured
from .nodes import Ask, Data, Dispatch, Query, Step, Transaction
from .pieces import arguments, assign, call, constant, does, load, method, spot
from .scope import Row
from .values import Value
from .writer import Writer


def _bind(writer: Writer, name: str, code: ast.expr) -> None:
    """Write the variable that holds what came of it."""
    scope = writer.scope
    found = scope.lexical(name)
    python = scope.binds(found.python if found is not None else scope.variable(name))
    writer.add(assign(python, code, writer.at))
    if scope.tracked(name):
        writer.shared(name)


def _object(writer: Writer, pairs: list[tuple[str, ast.expr]]) -> ast.Dict:
    at = writer.at
    return ast.Dict(
        keys=[constant(name, at) for name, _ in pairs],
        values=[code for _, code in pairs],
        **spot(at),
    )


def write_query(writer: Writer, node: Query) -> None:
    """Write `q:query`."""
    at = node.at
    pairs: list[tuple[str, ast.expr]] = []
    for param in node.params:
        value = param.value if param.value is not None else param.default
        code, _ = literal(writer, value, param.type, param.name)
        if param.rules:
            rules = [code, constant(param.rules, at), constant(param.name, at)]
            code = writer.paid("check", rules)
        pairs.append((param.name, code))
    values = _object(writer, pairs)
    sql = constant(node.sql, at)
    if node.source is None:
        arguments_ = [load("c_run", at), constant(node.database, at), sql, values]
        code = call("c_query", arguments_, at)
    else:
        rows = writer.scope.read(node.source, at)
        code = writer.paid("query_rows", [constant(node.source, at), rows, sql, values])
    _bind(writer, node.name, code)


def write_transaction(writer: Writer, node: Transaction) -> None:
    """Write `q:transaction`: everything within it, or nothing."""
    at = node.at
    name = constant(node.database, at)
    held = writer.fresh("c_t")
    opened = call("c_transaction", [load("c_run", at), name], at)
    body = writer.block(lambda: writer.body(node.body)) or [ast.Pass(**spot(at))]
    item = ast.withitem(
        context_expr=opened, optional_vars=ast.Name(id=held, ctx=ast.Store(), **spot(at))
    )
    writer.add(ast.With(items=[item], body=body, type_comment=None, **spot(at)))


def write_data(writer: Writer, node: Data) -> None:
    """Write `q:data`."""
    at = node.at
    content = _content(writer, node.content)
    columns = [constant(node.columns, at), constant(node.delimiter, at), constant(node.path, at)]
    code: ast.expr = writer.paid("read", [constant(node.kind, at), content, *columns])
    for step in node.steps:
        code = _step(writer, step, code)
    _bind(writer, node.name, code)


def _content(writer: Writer, value: Value) -> ast.expr:
    text = value.literal
    return constant(text, writer.at) if text is not None else writer.value(value)[0]


def _step(writer: Writer, step: Step, rows: ast.expr) -> ast.expr:
    at = step.at
    extra: list[ast.expr]
    if step.code is not None:
        row = writer.fresh("l_")
        writer.scope.layers.append(Row(row, frozenset()))
        code, _ = writer.expression(step.code)
        writer.scope.layers.pop()
        function = ast.Lambda(args=arguments([row], at), body=code, **spot(at))
        extra = [function, constant(step.name, at), constant(step.type, at)]
    elif step.kind == "limit":
        extra = [literal(writer, step.value, "integer", "limit")[0]]
    else:
        extra = [constant(step.names, at), constant(step.reverse, at)]
    return writer.paid(f"rows_{step.kind}", [rows, *extra])


def write_ask(writer: Writer, node: Ask) -> None:
    """Write `q:invoke` and `q:fetch`."""
    at = node.at
    pairs = [(name, writer.value(value)[0]) for name, value in node.inputs]
    code = method("c_run", "ask", [writer.string(node.action), _object(writer, pairs)], at)
    if node.name:
        _bind(writer, node.name, code)
    else:
        writer.add(does(code, at))


def write_dispatch(writer: Writer, node: Dispatch) -> None:
    """Write `q:dispatchEvent`."""
    if node.data is not None and node.data.structure is not None:
        data = structured(writer, node.data.structure)
    else:
        data = writer.value(node.data)[0]
    event = writer.string(node.event)
    writer.add(does(method("c_run", "tell", [event, data], node.at), node.at))


WRITERS: Final[dict[type, Any]] = {
    Query: write_query, Transaction: write_transaction, Data: write_data, Ask: write_ask,
    Dispatch: write_dispatch,
}  # fmt: skip
