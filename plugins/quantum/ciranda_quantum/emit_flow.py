"""Generated code of `q:if`, `q:loop`, `q:break`, `q:continue`, `q:try`."""

from __future__ import annotations

import ast
from typing import Any, Final

from ciranda.expressions.inline import Name

from .emit_state import bounded
from .kinds import COUNT, infer, is_number
from .nodes import (
    Body,
    Choice,
    Dump,
    EachLoop,
    Leave,
    RangeLoop,
    Raw,
    Slot,
    Tag,
    Try,
    Use,
    WhileLoop,
    Words,
    bodies,
)
from .pieces import assign, call, compare, constant, does, load, method, spot, store, when
from .scope import Local, Row
from .survey import set_within
from .values import Code, Value
from .writer import Opened, Writer

_PIECES: Final = 32  # of output between two checks of its size
_NUMBERS: Final = 1024  # the same where every piece is short


def write_choice(writer: Writer, node: Choice) -> None:
    """Write `q:if`; a later test is evaluated only when those before it failed."""

    def arm(place: int) -> None:
        if place == len(node.arms):
            writer.body(node.other)
            return
        test, body = node.arms[place]
        code, _ = writer.expression(test)
        within = writer.block(lambda: writer.body(body))
        orelse = writer.block(lambda: arm(place + 1))
        writer.add(when(code, within, test.place(0), orelse))

    arm(0)


def shows(body: Body) -> bool:
    """Tell whether statements may put something out."""
    return any(
        isinstance(node, (Tag, Words, Raw, Use, Slot, Dump))
        or any(shows(inner) for inner in bodies(node))
        for node in body
    )


def _only_numbers(writer: Writer, body: Body) -> bool:
    """Tell whether all that is put out is static text and numbers."""
    for node in body:
        if isinstance(node, (Raw, Use, Slot, Dump)):
            return False
        values = [node.value] if isinstance(node, Words) else []
        if isinstance(node, Tag):
            values = [value for _, value in node.attributes]
        for value in values:
            for code in value.codes:
                if not is_number(infer(code.tree, writer.scope.kind)):
                    return False
        if not all(_only_numbers(writer, inner) for inner in bodies(node)):
            return False
    return True


def _inside(writer: Writer, body: Body, layer: dict[str, Local] | Row | None) -> list[ast.stmt]:
    """Write what a loop repeats."""
    scope = writer.scope
    if layer is not None:
        scope.layers.append(layer)
    scope.loops.append(set_within(body))
    writer.open.append(Opened("loop"))

    def inside() -> None:
        if shows(body):
            most = _NUMBERS if _only_numbers(writer, body) else _PIECES
            writer.add(writer.full(most))
        writer.body(body)

    made = writer.block(inside)
    writer.open.pop()
    scope.loops.pop()
    if layer is not None:
        scope.layers.pop()
    return made or [ast.Pass(**spot(writer.at))]


def _close(writer: Writer) -> None:
    """After the outermost loop: check the numbers that it added up."""
    if writer.scope.loops:
        return
    deferred, writer.deferred = writer.deferred, []
    for name in sorted({name for name, _ in deferred}):
        python, at = writer.scope.variable(name), writer.at
        if is_number(writer.scope.kind(name)):
            writer.add(bounded(python, at))
            continue
        is_int = compare(call("c_type", [load(python, at)], at), ast.Is(), load("c_int", at), at)
        check = when(is_int, [bounded(python, at)], at)  # a loop without turns may not bind it
        absent = ast.ExceptHandler(
            type=load("c_unbound", at), name=None, body=[ast.Pass(**spot(at))], **spot(at)
        )
        writer.add(ast.Try(body=[check], handlers=[absent], orelse=[], finalbody=[], **spot(at)))


def write_range(writer: Writer, node: RangeLoop) -> None:
    """Write a loop over numbers; its turns are paid for when it begins."""
    at = node.at
    bounds: list[ast.expr] = []
    for bound in (node.start, node.stop, node.step):
        if isinstance(bound, Code):
            code, kind = writer.expression(bound)
            if kind[0] != "integer":
                code = call("c_bound", [code], at)
            bounds.append(code)
        else:
            bounds.append(constant(bound, at))
    turns = writer.paid("range", bounds)
    local = writer.fresh("l_")
    writer.scope.own.add(local)
    layer = {node.var: Local(local, COUNT)}
    target, turns = _numbered(writer, node.index, layer, store(local, at), turns)
    for name in set_within(node.body) & set(layer):  # a counter that the body sets is no counter
        layer[name] = Local(layer[name].python)
    body = _inside(writer, node.body, layer)
    writer.add(
        ast.For(target=target, iter=turns, body=body, orelse=[], type_comment=None, **spot(at))
    )
    _close(writer)


def _numbered(
    writer: Writer, index: str | None, layer: dict[str, Local], target: ast.expr, items: ast.expr
) -> tuple[ast.expr, ast.expr]:
    """Add the number of the turn, from 0."""
    if index is None:
        return target, items
    at = writer.at
    counter = writer.fresh("l_")
    writer.scope.own.add(counter)
    layer[index] = Local(counter, COUNT)
    pair = ast.Tuple(elts=[store(counter, at), target], ctx=ast.Store(), **spot(at))
    return pair, call("c_enumerate", [items], at)


def _only_shows(body: Body, var: str | None) -> bool:
    """Tell whether a loop puts out each item once, as text among static markup."""
    shown = 0
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Words) and not node.raw:
            for code in node.value.codes:
                if not isinstance(code.tree, Name) or code.tree.name != var:
                    return False
                shown += 1
        elif isinstance(node, Tag) and not any(value.codes for _, value in node.attributes):
            waiting += node.body
        else:
            return False
    return shown == 1


def _write_cells(writer: Writer, node: EachLoop) -> None:
    """Write a loop that only shows its items: they are escaped together, in one go."""
    at = node.at
    assert isinstance(node.items, Code)
    items, _ = writer.expression(node.items)
    kept, writer.parts = writer.parts, []
    writer.scope.layers.append({node.var or "": Local("c_budget")})
    writer.body(node.body)
    writer.scope.layers.pop()
    parts, writer.parts = writer.parts, kept
    place = next(place for place, part in enumerate(parts) if not isinstance(part, str))
    before, after = ("".join(map(str, each)) for each in (parts[:place], parts[place + 1 :]))
    limit = ast.Attribute(value=load(writer.out, at), attr="limit", ctx=ast.Load(), **spot(at))
    writer.put(writer.paid("cells", [items, constant(before, at), constant(after, at), limit]))


def _written(writer: Writer, node: EachLoop) -> ast.expr:
    """Return the code of what a loop runs over."""
    if isinstance(node.items, Code):
        return writer.expression(node.items, kept=True)[0]
    if isinstance(node.items, Value):
        return writer.string(node.items)
    return constant(node.items, node.at)


def write_each(writer: Writer, node: EachLoop) -> None:
    """Write a loop over items."""
    at = node.at
    if node.kind == "array" and node.index is None and _only_shows(node.body, node.var):
        _write_cells(writer, node)
        return
    code = _written(writer, node)
    items: ast.expr
    if node.kind == "list":
        items = writer.paid("listed", [code, constant(node.delimiter, at)])
    elif node.kind == "object":
        items = writer.paid("pairs", [code])
    else:
        items = writer.paid("rows" if node.kind == "query" else "items", [code])
    local = writer.fresh("l_")
    writer.scope.own.add(local)
    layer: dict[str, Local] = {}
    if node.var is not None:
        layer[node.var] = Local(local)
    target: ast.expr = store(local, at)
    if node.kind == "object":
        key = writer.fresh("l_")
        writer.scope.own.add(key)
        if node.index is not None:
            layer[node.index] = Local(key)
        target = ast.Tuple(elts=[store(key, at), target], ctx=ast.Store(), **spot(at))
    else:
        target, items = _numbered(writer, node.index, layer, target, items)
    if node.kind == "query":
        assert node.row is not None
        layer = {node.row: Local(local), "currentRow": Local(local), **layer}
        hidden = frozenset(layer) | set_within(node.body)
        writer.scope.layers.append(Row(local, hidden))
    body = _inside(writer, node.body, layer)
    if node.kind == "query":
        writer.scope.layers.pop()
    writer.add(
        ast.For(target=target, iter=items, body=body, orelse=[], type_comment=None, **spot(at))
    )
    _close(writer)


def write_while(writer: Writer, node: WhileLoop) -> None:
    """Write a loop that asks before every turn, and pays for every turn."""
    at = node.at
    layer: dict[str, Local] = {}
    counter = ""
    if node.index is not None:
        counter = writer.fresh("l_")
        writer.scope.own.add(counter)
        layer[node.index] = Local(counter, COUNT)
        writer.add(assign(counter, constant(-1, at), at))

    def ask() -> None:
        code, _ = writer.expression(node.test)
        stop = ast.UnaryOp(op=ast.Not(), operand=code, **spot(at))
        writer.add(when(stop, [ast.Break(**spot(at))], at))
        writer.add(does(writer.paid("turn", []), at))
        if counter:
            value = ast.BinOp(
                left=load(counter, at), op=ast.Add(), right=constant(1, at), **spot(at)
            )
            writer.add(assign(counter, value, at))

    writer.scope.loops.append(set_within(node.body))
    test = writer.block(ask)
    writer.scope.loops.pop()
    body = test + _inside(writer, node.body, layer)
    writer.add(ast.While(test=constant(True, at), body=body, orelse=[], **spot(at)))
    _close(writer)


def write_leave(writer: Writer, node: Leave) -> None:
    """Write `q:break` and `q:continue`."""
    writer.leave("loop")
    place = spot(node.at)
    writer.statements.append(ast.Break(**place) if node.word == "break" else ast.Continue(**place))


def write_try(writer: Writer, node: Try) -> None:
    """Write `q:try`. What one element of its body put out is kept only when it is complete."""
    at = node.at
    buffered = shows(node.body)
    outer = writer.out
    inner = writer.fresh("c_out") if buffered else outer
    writer.flush()
    if buffered:
        writer.add(assign(inner, call("c_new", [load(outer, at)], at), at))
        adds = ast.Attribute(value=load(inner, at), attr="append", ctx=ast.Load(), **spot(at))
        writer.add(assign(f"{inner}_w", adds, at))
        writer.scope.own |= {inner, f"{inner}_w"}

    def attempt() -> None:
        if buffered:
            writer.open.append(Opened("try", out=outer))
            writer.out = inner
        for each in node.body:
            writer.body((each,))
            if buffered and shows((each,)):
                writer.flush()
                taken = method(inner, "take", [], at)
                writer.statements.append(does(call(f"{outer}_w", [taken], at), at))
        if buffered:
            writer.out = outer
            writer.open.pop()

    body = writer.block(attempt)
    body = body or [ast.Pass(**spot(at))]
    handlers = [_handler(writer, node)] if node.catches else []
    final = writer.block(lambda: writer.body(node.final))
    if not handlers and not final:
        final = [ast.Pass(**spot(at))]
    writer.add(ast.Try(body=body, handlers=handlers, orelse=[], finalbody=final, **spot(at)))


def _handler(writer: Writer, node: Try) -> ast.ExceptHandler:
    at = node.at
    caught, error = writer.fresh("c_e"), writer.fresh("l_")
    writer.scope.own.add(error)

    def arm(place: int) -> None:
        if place == len(node.catches):
            writer.add(ast.Raise(exc=None, cause=None, **spot(at)))
            return
        catch = node.catches[place]

        def inside() -> None:
            if catch.var is not None:
                writer.scope.layers.append({catch.var: Local(error)})
            writer.body(catch.body)
            writer.flush()
            if catch.var is not None:
                writer.scope.layers.pop()

        if catch.type is None:
            inside()
            return
        test = call("c_fits", [load(error, at), constant(catch.type, catch.at)], at)
        body = writer.block(inside)
        writer.add(when(test, body, catch.at, writer.block(lambda: arm(place + 1))))

    def handle() -> None:
        writer.add(assign(error, call("c_caught", [load(caught, at)], at), at))
        arm(0)

    return ast.ExceptHandler(
        type=load("c_errors", at), name=caught, body=writer.block(handle), **spot(at)
    )


WRITERS: Final[dict[type, Any]] = {
    Choice: write_choice, RangeLoop: write_range, EachLoop: write_each, WhileLoop: write_while,
    Leave: write_leave, Try: write_try,
}  # fmt: skip
