"""Generated code of `q:set`."""

from __future__ import annotations

import ast
from typing import Any, Final

from ciranda.expressions.inline import Binary, Name

from .convert import convert
from .error import QuantumError
from .kinds import ANY, FLOAT, Kind, declared, infer, is_number, of_value
from .limits import ITEMS
from .literals import NOTHING, as_structure, untyped
from .nodes import Set
from .pieces import Place, assign, call, compare, constant, does, load, method, plain, spot, when
from .survey import IN_PLACE
from .tags import MAPS
from .values import Value
from .writer import Writer

_STARTS: Final[dict[str, Any]] = {
    **dict.fromkeys(
        ("increment", "decrement", "add", "subtract", "multiply", "divide", "modulo"), 0
    ),
    **{
        key: []
        for key in ("append", "prepend", "remove", "removeAt", "clear", "sort", "reverse", "unique")
    },
    **{key: {} for key in ("merge", "setProperty", "deleteProperty")},
    **dict.fromkeys(("uppercase", "lowercase", "trim"), ""),
    "toggle": False,
}
LISTED: Final = 1
KEYED: Final = 2
_LISTS: Final = frozenset(["append", "prepend", "remove", "removeAt", "sort", "reverse", "unique"])
_OBJECTS: Final = frozenset(["merge", "setProperty", "deleteProperty"])
_SIGNS: Final[dict[str, Any]] = {
    "increment": ast.Add, "decrement": ast.Sub, "add": ast.Add, "subtract": ast.Sub,
    "multiply": ast.Mult,
}  # fmt: skip


def write_set(writer: Writer, node: Set) -> None:
    """Write `q:set`."""
    if node.operation == "assign":
        code, kind = _assigned(writer, node)
    elif node.operation in {"append", "setProperty"} and _in_place(writer, node):
        return
    else:
        code, kind = _changed(writer, node)
        if node.type and node.operation not in IN_PLACE and not _same(kind, node.type):
            arguments = [code, constant(node.type, node.at), constant(node.name, node.at)]
            code = writer.paid("convert", arguments)
            kind = declared(node.type) if node.operation != "clone" else ANY
    if node.required or not node.nullable or node.rules:
        name = constant(node.name, node.at)
        flags = [constant(node.required, node.at), constant(not node.nullable, node.at)]
        code = writer.paid("checked", [code, name, *flags, constant(node.rules, node.at)])
    _store(writer, node, code, kind)


def _assigned(writer: Writer, node: Set) -> tuple[ast.expr, Kind]:
    if node.value is None:
        return literal(writer, node.default, node.type, node.name)
    if node.default is None:
        if _accumulates(writer, node):
            single = node.value.single
            assert single is not None
            writer.deferred.append((node.name, node.at))
            return writer.unchecked(single), infer(single.tree, writer.scope.kind)
        return literal(writer, node.value, node.type, node.name)
    code, _ = literal(writer, node.value, "", node.name)
    default, other = literal(writer, node.default, node.type, node.name)
    converted = writer.paid(
        "or_default",
        [code, constant(node.type, node.at), constant(node.name, node.at),
         ast.Lambda(args=_no_arguments(), body=default, **spot(node.at))],
    )  # fmt: skip
    return converted, declared(node.type) if other == declared(node.type) else ANY


def _no_arguments() -> ast.arguments:
    return ast.arguments(
        posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )


def _accumulates(writer: Writer, node: Set) -> bool:
    """Tell whether a loop only adds to the variable what stays bounded while it runs."""
    scope = writer.scope
    code = node.value.single if node.value is not None else None
    if code is None or not scope.loops or node.rules or scope.lexical(node.name) is not None:
        return False
    tree = code.tree
    if node.scope in MAPS or not isinstance(tree, Binary) or tree.operator not in {"+", "-"}:
        return False
    kind = scope.kind(node.name)
    unsure = kind == ANY and not node.type and node.scope != "component"
    if not unsure and not (is_number(kind) and _same(kind, node.type)):
        return False
    left, right = tree.left, tree.right
    if isinstance(left, Name) and left.name == node.name:
        return is_number(infer(right, scope.kind)) and scope.stable(right)
    return (
        tree.operator == "+"
        and isinstance(right, Name)
        and right.name == node.name
        and is_number(infer(left, scope.kind))
        and scope.stable(left)
    )


def _same(kind: Kind, declared_type: str) -> bool:
    """Tell whether a value of this kind is of the declared type already."""
    if not declared_type or declared_type == "any":
        return True
    if declared_type == "number":
        return is_number(kind)
    wanted = declared(declared_type)
    return wanted != ANY and wanted[0] == kind[0] and declared_type not in {"date", "datetime"}


def literal(writer: Writer, value: Value | None, kind: str, name: str) -> tuple[ast.expr, Kind]:
    """Return the code of a value as its type; what is written out is converted right here."""
    at = writer.at
    text = value.literal if value is not None else None
    if text is None:
        code, found = writer.value(value)
        if _same(found, kind):
            return code, found
        arguments = [code, constant(kind, at), constant(name, at)]
        return writer.paid("convert", arguments), declared(kind) if found != ANY else ANY
    if not kind:
        plain_value = untyped(text)
        return constant(plain_value, at), of_value(plain_value)
    if kind in {"array", "object", "json"}:
        structure = as_structure(text)
        wanted = {"array": (list,), "object": (dict,), "json": (list, dict)}[kind]
        if structure is not NOTHING and isinstance(structure, wanted):
            assert value is not None
            found = structure if value.structure is None else value.structure
            return structured(writer, found), declared(kind)
    try:
        made = convert(text, kind, name, [ITEMS])
    except QuantumError:  # a run tells it, so that `q:try` can catch it
        arguments = [constant(text, at), constant(kind, at), constant(name, at)]
        return writer.paid("convert", arguments), ANY
    return plain(made, at), of_value(made) if made is not None else ANY


def structured(writer: Writer, structure: Any) -> ast.expr:
    """Return the code of a list or object in whose texts expressions may stand."""
    at = writer.at
    if isinstance(structure, list):
        items = [structured(writer, each) for each in structure]
        return ast.List(elts=items, ctx=ast.Load(), **spot(at))
    if isinstance(structure, dict):
        values = [structured(writer, each) for each in structure.values()]
        return ast.Dict(keys=[constant(key, at) for key in structure], values=values, **spot(at))
    if isinstance(structure, Value):
        return writer.value(structure)[0]
    return constant(structure, at)


def _store(writer: Writer, node: Set, code: ast.expr, kind: Kind) -> None:
    scope, at = writer.scope, node.at
    if node.scope in MAPS:
        target = ast.Subscript(
            value=load(f"v_{node.scope}", at), slice=constant(node.name, at), ctx=ast.Store(),
            **spot(at),
        )  # fmt: skip
        writer.add(ast.Assign(targets=[target], value=code, **spot(at)))
        return
    python = target_of(writer, node)
    numeric = is_number(scope.kind(node.name)) and node.scope != "component"
    repeats = bool(scope.loops) or scope.local is not None
    deferred = bool(writer.deferred) and writer.deferred[-1] == (node.name, at)
    writer.add(assign(python, code, at))
    if numeric and repeats and not deferred and kind[0] != "float" and kind[1] > 4096:  # noqa: PLR2004 - the limit of bits
        writer.add(bounded(python, at))
    if node.name in scope.names.changed and scope.lexical(node.name) is None:
        flag = scope.binds(f"o_{python}")
        writer.add(assign(flag, constant(_owned(node.operation, code), at), at))


def _owned(operation: str, code: ast.expr) -> int:
    """Return what a variable's own list or object is; 0 where others may hold it too."""
    if operation in _LISTS or isinstance(code, ast.List):
        return LISTED
    if operation in _OBJECTS or isinstance(code, ast.Dict):
        return KEYED
    return 0


def bounded(python: str, at: tuple[int, int]) -> ast.stmt:
    """Write the check that a number has not grown too large."""
    test = ast.Compare(
        left=load("c_least", at),
        ops=[ast.Lt(), ast.Lt()],
        comparators=[load(python, at), load("c_most", at)],
        **spot(at),
    )
    negated = ast.UnaryOp(op=ast.Not(), operand=test, **spot(at))
    return when(negated, [does(call("c_bounded", [load(python, at)], at), at)], at)


def target_of(writer: Writer, node: Set) -> str:
    """Return the local that a `q:set` binds."""
    scope = writer.scope
    if node.scope == "component":
        python = f"v_{node.name}"
        if scope.local is not None:
            scope.borrowed.add(python)
            return python
        return scope.binds(python)
    found = scope.lexical(node.name)
    return scope.binds(found.python if found is not None else scope.variable(node.name))


def _current(writer: Writer, node: Set, start: Any) -> ast.expr:
    """Return the code of what the variable holds; an operation has something to begin with."""
    at = node.at
    if node.scope in MAPS:
        return method(f"v_{node.scope}", "get", [constant(node.name, at), plain(start, at)], at)
    python = target_of(writer, node)
    scope = writer.scope
    certain = scope.lexical(node.name) is not None or (
        node.name in scope.names.sets and node.name not in scope.names.early
    )
    if certain and node.scope != "component":
        return load(python, at)
    held = writer.fresh("c_t")
    writer.add(_begun(held, python, start, at))
    return load(held, at)


def _begun(held: str, python: str, start: Any, at: Place) -> ast.stmt:
    """Write that a local holds the variable's value, or what an operation begins with."""
    handler = ast.ExceptHandler(
        type=load("c_unbound", at), name=None, body=[assign(held, plain(start, at), at)],
        **spot(at),
    )  # fmt: skip
    return ast.Try(
        body=[assign(held, load(python, at), at)],
        handlers=[handler],
        orelse=[],
        finalbody=[],
        **spot(at),
    )


def _changed(writer: Writer, node: Set) -> tuple[ast.expr, Kind]:
    """Write an operation; returns the code of the new value."""
    at, operation = node.at, node.operation
    if operation == "clone":
        assert node.source is not None
        return writer.expression(node.source, kept=True)
    value, kind = _operand(writer, node)
    if operation in {"increment", "decrement"}:
        step, step_kind = _step(writer, node)
        if node.value is not None:
            left, left_kind = value, kind
        else:
            left = _current(writer, node, 0)
            left_kind = writer.scope.kind(node.name)
        return _sum(writer, node, left, left_kind, step, step_kind)
    if operation in {"uppercase", "lowercase", "trim"}:
        source = value if node.value is not None else _current(writer, node, "")
        return writer.paid("textual", [constant(operation, at), source]), ("text", 0)
    current = _current(writer, node, _STARTS[operation])
    if operation in {"add", "subtract", "multiply", "divide", "modulo"}:
        return _sum(writer, node, current, writer.scope.kind(node.name), value, kind)
    extra = _text_or(writer, node.key if node.key is not None else node.index)
    owned: ast.expr = constant(0, at)
    if node.scope not in MAPS and writer.scope.tracked(node.name):
        owned = load(f"o_{target_of(writer, node)}", at)
    arguments = [constant(operation, at), current, owned, value, extra, constant(node.name, at)]
    return writer.paid("operate", arguments), ANY


def _operand(writer: Writer, node: Set) -> tuple[ast.expr, Kind]:
    if node.operation == "merge":
        return literal(writer, node.value, "object", node.name)
    if node.value is not None and node.value.structure is not None:
        return structured(writer, node.value.structure), ANY
    return literal(writer, node.value, "", node.name)


def _step(writer: Writer, node: Set) -> tuple[ast.expr, Kind]:
    if node.step is None:
        return constant(1, node.at), ("integer", 1)
    return literal(writer, node.step, "number", "step")


def _text_or(writer: Writer, value: Value | None) -> ast.expr:
    return writer.value(value)[0]


def _sum(
    writer: Writer, node: Set, left: ast.expr, left_kind: Kind, right: ast.expr, right_kind: Kind
) -> tuple[ast.expr, Kind]:
    """Write arithmetic, plainly where both are surely numbers."""
    at = node.at
    if node.operation in _SIGNS and is_number(left_kind) and is_number(right_kind):
        operator = _SIGNS[node.operation]()
        code: ast.expr = ast.BinOp(left=left, op=operator, right=right, **spot(at))
        steady = node.step is None or node.step.literal is not None
        if node.operation in {"increment", "decrement"} and node.value is None and steady:
            if writer.scope.loops and node.scope == "local":
                writer.deferred.append((node.name, at))
            return code, left_kind
        both_float = FLOAT in (left_kind, right_kind)
        return code, FLOAT if both_float else ("number", 4117 * 2)
    name = constant(node.name, at)
    return writer.paid("arithmetic", [constant(node.operation, at), left, right, name]), ANY


def _in_place(writer: Writer, node: Set) -> bool:
    """Write `append` and `setProperty` on a variable that owns its list or object."""
    at, scope = node.at, writer.scope
    plain_set = node.type or node.rules or node.required or not node.nullable
    if plain_set or node.scope in MAPS or not scope.tracked(node.name):
        return False
    value, _ = _operand(writer, node)
    key = _text_or(writer, node.key) if node.key is not None else None
    held, before = writer.fresh("c_t"), writer.fresh("c_t")
    writer.add(assign(held, value, at))
    python = target_of(writer, node)
    kind = LISTED if node.operation == "append" else KEYED
    flag = scope.binds(f"o_{python}")
    mine = writer.paid(
        "own_list" if node.operation == "append" else "own_dict",
        [load(before, at), constant(node.name, at)],
    )
    test = compare(load(flag, at), ast.NotEq(), constant(kind, at), at)
    take = [
        _begun(before, python, _STARTS[node.operation], at),
        assign(python, mine, at),
        assign(flag, constant(kind, at), at),
    ]
    writer.add(when(test, take, at))
    if key is None:
        writer.add(does(method(python, "append", [load(held, at)], at), at))
    else:
        slot = ast.Subscript(
            value=load(python, at), slice=writer.paid("keyed", [key]), ctx=ast.Store(), **spot(at)
        )
        writer.add(ast.Assign(targets=[slot], value=load(held, at), **spot(at)))
    return True
