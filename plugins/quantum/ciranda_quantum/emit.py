"""The checked tree to a Python module with one function, `component`."""

from __future__ import annotations

import ast
from typing import Any, Final

from . import emit_data, emit_ends, emit_flow, emit_markup, emit_state
from .emit_ends import ending
from .kinds import ANY
from .nodes import Component, Function, Handler, Param, Set
from .pieces import (
    Place,
    arguments,
    assign,
    call,
    compare,
    constant,
    does,
    function,
    load,
    method,
    spot,
    when,
)
from .scope import Local, Scope
from .survey import Names, survey
from .tags import MAPS
from .writer import Writer

WRITERS: Final[dict[type, Any]] = {
    Set: emit_state.write_set,
    **emit_ends.WRITERS,
    **emit_flow.WRITERS,
    **emit_markup.WRITERS,
    **emit_data.WRITERS,
}


def emit(component: Component) -> ast.Module:
    """Return the module of a template.

    Raises:
        QuantumError: For an expression that calls what does not exist, with the place.
    """
    names, inner = survey(component)
    writer = Writer(component, names, inner, WRITERS)
    at = component.at
    body = writer.block(lambda: _component(writer))
    parameters = arguments(["c_run", "c_out", "c_data", "c_slots"], at)
    return ast.Module(body=[function("component", parameters, body, at)], type_ignores=[])


def _component(writer: Writer) -> None:
    component, names, at = writer.component, writer.scope.names, writer.at
    writer.add(_taken("c_budget", "c_run", "budget", at), _taken("c_out_w", "c_out", "append", at))
    used = names.read | names.assigned
    for inner in writer.inner.values():
        used |= inner.read
    for each in sorted(MAPS & used):
        writer.add(_taken(f"v_{each}", "c_run", each, at))
    early = sorted(_from_inputs(component, names))
    for each in early:
        key = constant(each, at)
        given = ast.Subscript(value=load("c_data", at), slice=key, ctx=ast.Load(), **spot(at))
        test = compare(key, ast.In(), load("c_data", at), at)
        writer.add(when(test, [assign(f"v_{each}", given, at)], at))
    for param in component.params:
        write_param(writer, param, f"v_{param.name}", None)
    for name in sorted(names.changed):
        writer.add(assign(f"o_v_{name}", constant(0, at), at))
    if names.returns_in_loops:
        empty = ast.List(elts=[], ctx=ast.Load(), **spot(at))
        writer.add(assign("c_results", empty, at))
    circular = _circular(component.functions, writer.inner)
    for each_function in component.functions:
        _function(writer, each_function, each_function.name in circular)
    for handler in component.handlers:
        _handler(writer, handler)
    writer.body(component.body)
    writer.flush()
    if writer.statements and isinstance(writer.statements[-1], ast.Return):
        return
    value = load("c_results", at) if names.returns_in_loops else constant(None, at)
    writer.add(ending(value, at))


def _taken(name: str, target: str, attribute: str, at: Place) -> ast.stmt:
    value = ast.Attribute(value=load(target, at), attr=attribute, ctx=ast.Load(), **spot(at))
    return assign(name, value, at)


def _from_inputs(component: Component, names: Names) -> set[str]:
    """Return the variables that may hold what was handed in under their name."""
    declared = {param.name for param in component.params}
    sure = {name for name in names.sets if name not in names.early and name not in names.other}
    return (names.read | names.assigned) - declared - sure - MAPS


def write_param(writer: Writer, param: Param, python: str, given: str | None) -> None:
    """Write the check of a parameter, of a component or (`given`) of a function."""
    at = param.at
    before, writer.at = writer.at, at
    word = param.type or "string"  # what is written out is text, what is handed in stays
    kind = word if param.default is not None and param.default.literal is not None else param.type
    default, _ = emit_state.literal(writer, param.default, kind, param.name)
    present: ast.expr
    if given is None:
        key = constant(param.name, at)
        present = compare(key, ast.In(), load("c_data", at), at)
        value: ast.expr = ast.Subscript(
            value=load("c_data", at), slice=key, ctx=ast.Load(), **spot(at)
        )
    else:
        present = compare(load(given, at), ast.IsNot(), load("c_missing", at), at)
        value = load(given, at)
    if param.default is not None:  # null is as good as missing
        there = compare(value, ast.IsNot(), constant(None, at), at)
        present = ast.BoolOp(op=ast.And(), values=[present, there], **spot(at))
    flags = [constant(param.required, at), constant(param.rules, at)]
    words = [constant(param.type, at), constant(param.name, at)]
    plain = not param.type and not param.rules and not param.required
    taken = value if plain else writer.paid("take", [value, *words, *flags])
    if param.default is None and param.required:
        absent: list[ast.stmt] = [does(call("c_absent", [constant(param.name, at)], at), at)]
    else:
        absent = [assign(python, default, at)]
        if param.rules and param.default is not None:
            checked = [load(python, at), constant(param.rules, at), constant(param.name, at)]
            absent.append(does(writer.paid("check", checked), at))
    writer.add(when(present, [assign(python, taken, at)], at, absent))
    writer.at = before


def _circular(functions: tuple[Function, ...], inner: dict[str, Names]) -> set[str]:
    """Return the functions that may call themselves, through others too."""
    reach = {each.name: inner[each.name].calls & set(inner) for each in functions}
    changed = True
    while changed:
        changed = False
        for name, found in reach.items():
            wider = found.union(*(reach[each] for each in found)) if found else found
            if wider != found:
                reach[name], changed = wider, True
    return {name for name, found in reach.items() if name in found}


def _function(writer: Writer, node: Function, circular: bool) -> None:
    at, names = node.at, writer.inner[node.name]
    params = {param.name for param in node.params}
    kinds = {name: kind for name, kind in names.kinds.items() if kind != ANY}
    names.kinds = kinds
    outer = writer.scope
    scope = Scope(names, "p", params | names.assigned, outer)
    scope.own = {f"p_{name}" for name in scope.local or ()}
    scope.own |= {f"o_p_{name}" for name in names.changed}
    kept = writer.open, writer.returning, writer.function, writer.deferred
    writer.scope, writer.open, writer.returning, writer.function = scope, [], "function", node
    writer.deferred = []
    before, writer.at = writer.at, at

    def inside() -> None:
        writer.add(does(writer.paid("turn", []), at))
        for param in node.params:
            write_param(writer, param, f"p_{param.name}", f"p_{param.name}")
        for name in sorted((names.early & names.assigned) - params):
            attempt = assign(f"p_{name}", load(f"v_{name}", at), at)
            handler = ast.ExceptHandler(
                type=load("c_unbound", at), name=None, body=[ast.Pass(**spot(at))], **spot(at)
            )
            writer.add(
                ast.Try(body=[attempt], handlers=[handler], orelse=[], finalbody=[], **spot(at))
            )
        for name in sorted(names.changed & (names.assigned | params)):
            writer.add(assign(f"o_p_{name}", constant(0, at), at))
        writer.body(node.body)

    body = writer.block(inside)
    writer.scope, writer.at = outer, before
    writer.open, writer.returning, writer.function, writer.deferred = kept
    if circular:
        leave = does(method("c_run", "leave", [], at), at)
        enter: ast.stmt = does(method("c_run", "enter", [], at), at)
        guarded = ast.Try(body=body, handlers=[], orelse=[], finalbody=[leave], **spot(at))
        body = [enter, guarded]
    if scope.borrowed:
        body.insert(0, ast.Nonlocal(names=sorted(scope.borrowed), **spot(at)))
    parameters = arguments([f"p_{param.name}" for param in node.params], at, "c_missing")
    writer.add(function(f"f_{node.name}", parameters, body, at))
    if node.keep:
        kept_call = method(
            "c_run", "keep",
            [load(f"f_{node.name}", at), constant(node.name, at), constant(node.keep, at),
             constant(_closed(names, writer, set()), at)],
            at,
        )  # fmt: skip
        writer.add(assign(f"f_{node.name}", kept_call, at))


def _closed(names: Names, writer: Writer, seen: set[str]) -> bool:
    """Tell whether a function's result depends on its arguments alone."""
    params = {
        param.name
        for each in writer.component.functions
        if writer.inner[each.name] is names
        for param in each.params
    }
    outside = (names.read - names.assigned - params) | (names.early & names.assigned)
    if outside or names.outside or names.other:
        return False
    for called in names.calls & set(writer.inner) - seen:
        seen.add(called)
        if not _closed(writer.inner[called], writer, seen):
            return False
    return True


def _handler(writer: Writer, node: Handler) -> None:
    at = node.at
    outer = writer.scope
    event = writer.fresh("l_")
    scope = Scope(
        outer.names, outer.prefix, outer.local, outer, [{node.var: Local(event)}], set(), {event}
    )
    kept = writer.open, writer.returning
    writer.scope, writer.open, writer.returning = scope, [], "handler"
    body = writer.block(lambda: writer.body(node.body))
    writer.scope = outer
    writer.open, writer.returning = kept
    if scope.borrowed:
        body.insert(0, ast.Nonlocal(names=sorted(scope.borrowed), **spot(at)))
    name = writer.fresh("h_")
    writer.add(function(name, arguments([event], at), body, at))
    listen = [constant(node.event, at), load(name, at)]
    writer.add(does(method("c_run", "listen", listen, at), at))
