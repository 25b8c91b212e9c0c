"""What a template does with its names, found before any code is written.

Everything here errs to the safe side: a name that might be read before it is set is read from
the inputs, and a value whose kind is not certain is of any kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ciranda.expressions.inline import Call, Name, walk

from .kinds import ANY, CALLS, COUNT, LARGE, Kind, declared, infer, is_number, join, of_value
from .literals import untyped
from .nodes import (
    Ask,
    Body,
    Choice,
    Component,
    Data,
    Dispatch,
    Dump,
    EachLoop,
    Log,
    Param,
    Query,
    RangeLoop,
    Raw,
    Return,
    Set,
    Slot,
    Tag,
    Throw,
    Transaction,
    Try,
    Use,
    WhileLoop,
    Words,
    bodies,
)
from .tags import MAPS
from .values import Code, Value

Lexical = Mapping[str, Kind]
"""Names that loops around bind, with their kinds."""

IN_PLACE = frozenset(
    ["append", "prepend", "remove", "removeAt", "setProperty", "deleteProperty", "merge"]
)
_ARITHMETIC = frozenset(["increment", "decrement", "add", "subtract", "multiply"])


@dataclass
class Names:
    """The names of one component or of one function."""

    read: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)  # read or changed before they are surely set
    sets: dict[str, list[tuple[Set, Lexical]]] = field(default_factory=dict)
    other: set[str] = field(default_factory=set)  # bound by something else than q:set
    changed: set[str] = field(default_factory=set)  # lists and objects changed in place
    outside: list[Set] = field(default_factory=list)  # with scope component, of a function
    calls: set[str] = field(default_factory=set)
    kinds: dict[str, Kind] = field(default_factory=dict)
    returns_in_loops: bool = False

    @property
    def assigned(self) -> set[str]:
        """Every name that is bound here."""
        return set(self.sets) | self.other


def survey(component: Component) -> tuple[Names, dict[str, Names]]:
    """Return the names of a component and those of its functions."""
    functions: dict[str, Names] = {}
    own = {f"{function.name}()" for function in component.functions}
    calls = {name: kind for name, kind in CALLS.items() if name not in own}
    for function in component.functions:
        names = Names()
        reader = _Reader(names, function=True)
        reader.sure = {param.name for param in function.params}
        reader.body(function.body, sure=True, shadow={})
        names.kinds = _kinds(names, {**calls, **_of_params(function.params)})
        functions[function.name] = names
    names = Names()
    reader = _Reader(names, function=False)
    reader.sure = {param.name for param in component.params}
    for function in component.functions:
        for param in function.params:
            reader.value(param.default, {})
        inner = functions[function.name]
        local = inner.assigned | {param.name for param in function.params}
        outer = (inner.read - local) | (inner.early & inner.assigned)
        names.read |= outer
        names.early |= outer
        for each in inner.outside:
            names.sets.setdefault(each.name, []).append((each, {}))
            names.early.add(each.name)
            if each.operation in IN_PLACE:
                names.changed.add(each.name)
    for param in component.params:
        reader.value(param.default, {})
    for handler in component.handlers:
        reader.body(handler.body, sure=False, shadow={handler.var: ANY})
    reader.body(component.body, sure=True, shadow={})
    for inner in functions.values():  # what changes a name anywhere counts everywhere
        names.changed |= inner.changed
    for inner in functions.values():
        inner.changed = names.changed
    names.kinds = _kinds(names, {**calls, **_of_params(component.params)})
    return names, functions


def _of_params(params: tuple[Param, ...]) -> dict[str, Kind]:
    """Return the kinds of parameters that are never null."""
    return {
        param.name: declared(param.type)
        if (param.default.literal is not None if param.default is not None else param.required)
        else ANY
        for param in params
    }


def _kinds(names: Names, params: dict[str, Kind]) -> dict[str, Kind]:
    """Find the kinds of variables that are set before they are read; a fixed point from below."""
    certain = {name for name in names.sets if name not in names.early and name not in names.other}
    known: dict[str, Kind | None] = {name: params.get(name) for name in certain}
    fixed = {name: kind for name, kind in params.items() if name not in names.assigned}

    def lookup(name: str) -> Kind:
        if name in certain:
            return known[name] or ("integer", 0)
        return fixed.get(name, ANY)

    for _ in range(len(certain) * 3 + 3):
        before = dict(known)
        for name in certain:
            for each, lexical in names.sets[name]:

                def within(other: str, lexical: Lexical = lexical) -> Kind:
                    return lexical[other] if other in lexical else lookup(other)

                kind = _kind_of_set(each, within)
                if is_number(kind):
                    kind = (kind[0], LARGE)
                known[name] = join(known[name], kind)
        if known == before:
            break
    else:
        return fixed
    return {**fixed, **{name: kind or ANY for name, kind in known.items()}}


def _kind_of_set(node: Set, lookup: Any) -> Kind:
    if node.type:
        if node.operation == "assign":  # the type of null is null
            value = node.default if node.default is not None else node.value
            return ANY if _kind_of_value(value, lookup) == ANY else declared(node.type)
        if node.operation in IN_PLACE or node.operation == "clone":
            return ANY
        return declared(node.type)
    if node.operation in _ARITHMETIC:
        current = lookup(node.name)
        operand = _kind_of_value(node.value, lookup) if node.value is not None else current
        step = _kind_of_value(node.step, lookup) if node.step is not None else current
        kind = join(join(operand, step), current)
        return kind if is_number(kind) else ANY
    if node.operation != "assign" or node.default is not None:
        return ANY
    return _kind_of_value(node.value, lookup)


def _kind_of_value(value: Value | None, lookup: Any) -> Kind:
    if value is None:
        return ANY
    if value.single is not None:
        return infer(value.single.tree, lookup)
    literal = value.literal
    return of_value(untyped(literal)) if literal is not None else ("text", 0)


class _Reader:
    """Walks the statements in document order."""

    def __init__(self, names: Names, *, function: bool) -> None:
        self.names = names
        self.function = function
        self.sure: set[str] = set()

    def code(self, code: Code, shadow: Lexical) -> None:
        for node, _ in walk(code.tree):
            if isinstance(node, Name) and node.name not in shadow:
                self.read(node.name)
            elif isinstance(node, Call):
                self.names.calls.add(node.function)

    def read(self, name: str) -> None:
        self.names.read.add(name)
        if name not in self.sure:
            self.names.early.add(name)

    def value(self, value: Value | None, shadow: Lexical) -> None:
        for code in value.codes if value is not None else ():
            self.code(code, shadow)

    def bind(self, name: str, sure: bool, shadow: Lexical) -> None:
        if name in shadow:
            return
        self.names.other.add(name)
        self.names.read.add(name)
        if sure:
            self.sure.add(name)

    def body(self, body: Body, *, sure: bool, shadow: Lexical) -> None:
        for node in body:
            self.node(node, sure, shadow)

    def node(  # noqa: PLR0912 - one arm a kind of node
        self, node: Any, sure: bool, shadow: Lexical
    ) -> None:
        for code in codes(node):
            self.code(code, shadow)
        if isinstance(node, Set):
            self.set(node, sure, shadow)
        elif isinstance(node, Tag):
            self.body(node.body, sure=sure, shadow=shadow)
        elif isinstance(node, (Query, Data, Ask)) and node.name:
            if isinstance(node, Query) and node.source and node.source not in shadow:
                self.read(node.source)
            self.bind(node.name, sure, shadow)
        elif isinstance(node, (RangeLoop, EachLoop, WhileLoop)):
            within = {**shadow, **_bound_by(node)}
            self.names.returns_in_loops = self.names.returns_in_loops or _returns(node.body)
            self.body(node.body, sure=False, shadow=within)
        elif isinstance(node, Try):
            self.body(node.body, sure=False, shadow=shadow)
            for catch in node.catches:
                within = {**shadow, catch.var: ANY} if catch.var else {**shadow}
                self.body(catch.body, sure=False, shadow=within)
            self.body(node.final, sure=False, shadow=shadow)
        elif isinstance(node, Transaction):
            self.body(node.body, sure=sure, shadow=shadow)
        elif isinstance(node, Choice):
            for _, body in node.arms:
                self.body(body, sure=False, shadow=shadow)
            self.body(node.other, sure=False, shadow=shadow)
        elif isinstance(node, Use):
            for _, body in node.fills:
                self.body(body, sure=False, shadow=shadow)
        elif isinstance(node, Slot):
            self.body(node.body, sure=False, shadow=shadow)

    def set(self, node: Set, sure: bool, shadow: Lexical) -> None:
        names = self.names
        if node.scope in MAPS:
            names.read.add(node.scope)
            return
        if node.name in shadow and node.scope == "local":
            if node.operation in IN_PLACE:
                names.changed.add(node.name)
            return
        if node.scope == "component" and self.function:
            names.outside.append(node)
            return
        if node.operation not in {"assign", "clone"} and not (
            node.value is not None and node.operation in {"uppercase", "lowercase", "trim"}
        ):
            self.read(node.name)
        names.sets.setdefault(node.name, []).append((node, shadow))
        if node.operation in IN_PLACE:
            names.changed.add(node.name)
        if sure:
            self.sure.add(node.name)
        elif node.name not in self.sure:
            names.early.add(node.name)


def _bound_by(node: RangeLoop | EachLoop | WhileLoop) -> dict[str, Kind]:
    """Return the names that a loop binds for its body."""
    bound: dict[str, Kind] = {}
    if isinstance(node, EachLoop) and node.row:
        bound = {node.row: ANY, "currentRow": ANY}
    if not isinstance(node, WhileLoop) and node.var:
        counts = isinstance(node, RangeLoop) and node.var not in set_within(node.body)
        bound[node.var] = COUNT if counts else ANY
    if node.index:
        counts = not isinstance(node, EachLoop) or node.kind != "object"
        bound[node.index] = COUNT if counts and node.index not in set_within(node.body) else ANY
    return bound


def set_within(body: Body) -> set[str]:
    """Return the names that statements bind, however deep."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, (Set, Query, Data, Ask)):
            found.add(node.name)
        for inner in bodies(node):
            found |= set_within(inner)
    return found


def _returns(body: Body) -> bool:
    return any(
        isinstance(node, Return) or any(_returns(inner) for inner in bodies(node)) for node in body
    )


def codes(node: Any) -> Iterator[Code]:  # noqa: PLR0912 - one arm a kind of node
    """Yield the expressions of a node itself, without those of what stands within it."""
    if isinstance(node, Set):
        for value in (node.value, node.default, node.step, node.index, node.key):
            yield from value.codes if value is not None else ()
        if node.source is not None:
            yield node.source
    elif isinstance(node, Words):
        yield from node.value.codes
    elif isinstance(node, Tag):
        for _, value in node.attributes:
            yield from value.codes
    elif isinstance(node, Use):
        for _, value in node.props:
            yield from value.codes
    elif isinstance(node, Choice):
        for test, _ in node.arms:
            yield test
    elif isinstance(node, RangeLoop):
        for bound in (node.start, node.stop, node.step):
            if isinstance(bound, Code):
                yield bound
    elif isinstance(node, EachLoop):
        if isinstance(node.items, Code):
            yield node.items
        elif isinstance(node.items, Value):
            yield from node.items.codes
    elif isinstance(node, WhileLoop):
        yield node.test
    elif isinstance(node, (Return, Throw, Log, Raw, Dump, Query, Data, Ask, Dispatch)):
        yield from _others(node)


def _others(node: Any) -> Iterator[Code]:
    values: list[Any] = []
    if isinstance(node, Return):
        values = [node.value]
    elif isinstance(node, Throw):
        values = [node.message]
    elif isinstance(node, Log):
        values = [node.message, node.when]
    elif isinstance(node, (Raw, Dump)):
        values = [node.value]
    elif isinstance(node, Query):
        values = [each for param in node.params for each in (param.value, param.default)]
    elif isinstance(node, Data):
        values = [node.content]
        for step in node.steps:
            values += [step.value, step.code]
    elif isinstance(node, Ask):
        values = [node.action, *(value for _, value in node.inputs)]
    elif isinstance(node, Dispatch):
        values = [node.event, node.data]
    for each in values:
        if isinstance(each, Code):
            yield each
        elif each is not None:
            yield from each.codes
