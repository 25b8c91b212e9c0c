"""Generated code of HTML, text, components and slots."""

from __future__ import annotations

import ast
from typing import Any, Final

from .escape import cleaner, count_loads, escape, url
from .kinds import is_number
from .nodes import Body, Raw, Slot, Tag, Use, Words
from .pieces import arguments, assign, call, compare, constant, does, function, load, spot, when
from .scope import Scope
from .tags import VOID
from .values import Value
from .writer import Opened, Writer


def write_words(writer: Writer, node: Words) -> None:
    """Write text between elements."""
    for part in node.value.parts:
        if isinstance(part, str):
            writer.text(part if node.raw else escape(part))
            continue
        code, kind = writer.expression(part)
        before, writer.at = writer.at, part.place(0)
        writer.parts.append(writer.escaped(code, kind))
        writer.at = before


def write_tag(writer: Writer, node: Tag) -> None:
    """Write an element."""
    writer.text(f"<{node.name}")
    refreshes = node.name.lower() == "meta" and any(
        name.lower() == "http-equiv" for name, _ in node.attributes
    )
    for name, value in node.attributes:
        clean = cleaner(node.name.lower(), name.lower(), refreshes)
        _attribute(writer, name, value, clean)
    if node.name.lower() in VOID and not node.body:
        writer.text(" />")
        return
    writer.text(">")
    writer.open.append(Opened("tag", node.name))
    writer.body(node.body)
    writer.open.pop()
    writer.text(f"</{node.name}>")


def _attribute(writer: Writer, name: str, value: Value, clean: str) -> None:
    literal = value.literal
    if literal is not None:
        writer.text(f' {name}="{escape(literal)}"')
    elif name.lower().startswith("on"):
        _script(writer, name, value)
    elif clean:
        _cleaned(writer, name, value, clean)
    elif value.single is not None:
        code, kind = writer.expression(value.single)
        if is_number(kind):
            writer.text(f' {name}="')
            writer.put(code, number=True)
            writer.text('"')
        else:
            writer.put(writer.paid("attribute", [constant(name, writer.at), code]))
    else:
        writer.text(f' {name}="')
        for part in value.parts:
            if isinstance(part, str):
                writer.text(escape(part))
            else:
                writer.parts.append(writer.escaped(*writer.expression(part)))
        writer.text('"')


def _cleaned(writer: Writer, name: str, value: Value, clean: str) -> None:
    """Write an attribute whose whole value is looked at: an address or a style."""
    at = writer.at
    if value.single is not None:
        code, _ = writer.expression(value.single)
        arguments_ = [constant(name, at), code, load(f"c_{clean}", at)]
        writer.put(writer.paid("safe_attribute", arguments_))
        return
    first = value.parts[0]
    fixed = (
        clean == "url"
        and isinstance(first, str)
        and any(mark in first for mark in "/?#")
        and url(first) == first
    )
    writer.text(f' {name}="')
    if fixed:  # no value can give the address another scheme
        for part in value.parts:
            if isinstance(part, str):
                writer.text(escape(part))
            else:
                writer.parts.append(writer.escaped(*writer.expression(part)))
    else:
        whole = [writer.string(value)]
        if clean == "style":
            fixed_text = "x".join(part for part in value.parts if isinstance(part, str))
            whole.append(constant(count_loads(fixed_text), at))
        writer.put(call("c_escape", [call(f"c_{clean}", whole, at)], at))
    writer.text('"')


def _script(writer: Writer, name: str, value: Value) -> None:
    """Write an event's attribute; a value becomes a literal of the script's language."""
    at = writer.at
    writer.text(f' {name}="')
    quote = ""
    for part in value.parts:
        if isinstance(part, str):
            writer.text(escape(part))
            quote = _quote_after(part, quote)
            continue
        code, _ = writer.expression(part)
        made = writer.paid("script", [code, constant(bool(quote), at)])
        writer.put(call("c_escape", [made], at))
    writer.text('"')


def _quote_after(text: str, quote: str) -> str:
    """Return the quote that is open after a piece of script."""
    escaped = False
    for each in text:
        if escaped:
            escaped = False
        elif each == "\\":
            escaped = True
        elif quote:
            quote = "" if each == quote else quote
        elif each in "'\"`":
            quote = each
    return quote


def write_raw(writer: Writer, node: Raw) -> None:
    """Write HTML that the host vouched for."""
    code, _ = writer.expression(node.value)
    writer.put(call("c_raw", [code], writer.at))


def closure(writer: Writer, body: Body, name: str) -> None:
    """Write a function of one buffer for what is handed to a component; it sees all around it."""
    at = writer.at
    outer = writer.scope
    inner = Scope(
        outer.names, outer.prefix, outer.local, outer, list(outer.layers), set(), {"c_out"}
    )
    kept = writer.open, writer.out, writer.deferred
    writer.scope, writer.open, writer.out, writer.deferred = inner, [], "c_out", []
    made = writer.block(lambda: writer.body(body))
    writer.open, writer.out, writer.deferred = kept
    writer.scope = outer
    made.insert(0, _appender(at))
    if inner.borrowed:
        made.insert(0, ast.Nonlocal(names=sorted(inner.borrowed), **spot(at)))
        for each in sorted(inner.borrowed):
            outer.binds(each)
    writer.add(function(name, arguments(["c_out"], at), made, at))


def _appender(at: tuple[int, int]) -> ast.stmt:
    adds = ast.Attribute(value=load("c_out", at), attr="append", ctx=ast.Load(), **spot(at))
    return assign("c_out_w", adds, at)


def write_use(writer: Writer, node: Use) -> None:
    """Write the use of a component."""
    at = node.at
    names: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for name, value in node.props:
        names.append(constant(name, at))
        values.append(writer.value(value, kept=True)[0])
    props = ast.Dict(keys=names, values=values, **spot(at))
    slots = ast.Dict(keys=[], values=[], **spot(at))
    held = writer.fresh("c_t")
    writer.add(assign(held, props, at))
    for name, body in node.fills:
        local = writer.fresh("s_")
        closure(writer, body, local)
        slots.keys.append(constant(name, at))
        slots.values.append(load(local, at))
    component = load(f"k_{node.name}", at)
    given = [component, load("c_run", at), load(writer.out, at), load(held, at), slots]
    writer.add(does(call("c_use", given, at), at))


def write_slot(writer: Writer, node: Slot) -> None:
    """Write `q:slot`: what was handed in, else what stands there by default."""
    at = node.at
    name = constant(node.name, at)
    filled = ast.Subscript(value=load("c_slots", at), slice=name, ctx=ast.Load(), **spot(at))
    show = ast.Call(func=filled, args=[load(writer.out, at)], keywords=[], **spot(at))
    test = compare(name, ast.In(), load("c_slots", at), at)
    default = writer.block(lambda: writer.body(node.body))
    writer.add(when(test, [does(show, at)], at, default))


WRITERS: Final[dict[type, Any]] = {
    Words: write_words, Tag: write_tag, Raw: write_raw, Use: write_use, Slot: write_slot,
}  # fmt: skip
