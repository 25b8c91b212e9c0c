"""Comprehensions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from .tree import Comprehension, size

if TYPE_CHECKING:
    from .emit import Emitter

_BODY: Final = 16  # nodes of a comprehension's body that one turn pays for


def write_comprehension(emitter: Emitter, node: Comprehension) -> ast.expr:
    """Write it natively; every loop pays for all its turns when it begins."""
    emitter.plain += 1
    depth = len(emitter.bound)
    weight = 1 + size(node) // _BODY
    loops = []
    for loop in node.loops:
        items = emitter.visit(loop.items)
        arguments = [
            items,
            emitter.local(emitter.budget, loop.offset),
            emitter.constant(weight, loop.offset),
        ]
        emitter.bound += loop.names
        spot = emitter.spot(loop.offset)
        names: list[ast.expr] = [
            ast.Name(id=f"v_{name}", ctx=ast.Store(), **spot) for name in loop.names
        ]
        target = names[0] if loop.single else ast.Tuple(elts=names, ctx=ast.Store(), **spot)
        tests = [emitter.visit(test) for test in loop.tests]
        iterable = emitter.call("each", arguments, loop.items.offset)
        loops.append(ast.comprehension(target=target, iter=iterable, ifs=tests, is_async=0))
    element = emitter.visit(node.element)
    value = None if node.value is None else emitter.visit(node.value)
    del emitter.bound[depth:]
    emitter.plain -= 1
    spot = emitter.spot(node.offset)
    if node.kind == "dict" and value is not None:
        return ast.DictComp(
            key=emitter.hashed(element, node.offset), value=value, generators=loops, **spot
        )
    if node.kind == "set":
        return ast.SetComp(elt=emitter.hashed(element, node.offset), generators=loops, **spot)
    return ast.ListComp(elt=element, generators=loops, **spot)
