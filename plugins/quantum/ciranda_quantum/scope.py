"""Which local of the generated code a name of the template is."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from ciranda.expressions.inline import (
    Binary,
    Call,
    Coalesce,
    Compare,
    Comprehension,
    Conditional,
    Logic,
    Mapping,
    Method,
    Name,
    Node,
    Sequence,
    Unary,
    children,
)

from .kinds import ANY, CALLS, COUNT, INTEGER, Kind, is_number
from .pieces import Place, compare, constant, load, spot
from .survey import Names
from .tags import MAPS
from .values import Code

_TAKES = frozenset(["len", "sum", "min", "max", "abs", "round", "str", "int", "float", "bool"])


@dataclass
class Local:
    """A name that a loop or a `q:catch` binds for what stands within it."""

    python: str
    kind: Kind = ANY


@dataclass
class Row:
    """The row of a query's loop: its fields can be named alone."""

    python: str
    hidden: frozenset[str]


@dataclass
class Scope:
    """One generated function: a component's, a function's, or what is handed to a component.

    `outer` is the scope around it, `borrowed` are the locals of that one which are bound here.
    """

    names: Names
    prefix: str = "v"
    local: set[str] | None = None
    outer: Scope | None = None
    layers: list[dict[str, Local] | Row] = field(default_factory=list)
    borrowed: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    loops: list[set[str]] = field(default_factory=list)  # names set within each open loop

    def python(self, name: str) -> str:
        """Return the local that a variable is."""
        found = self.lexical(name)
        if found is not None:
            return found.python
        if self.local is not None and name not in self.local:
            return f"v_{name}"
        return f"{self.prefix}_{name}"

    def lexical(self, name: str) -> Local | None:
        """Return what a loop around binds the name to."""
        for layer in reversed(self.layers):
            if isinstance(layer, dict) and name in layer:
                return layer[name]
        return None

    def kind(self, name: str) -> Kind:
        """Return the kind of a variable here, or of the call `name()`."""
        if name in CALLS:
            return self.names.kinds.get(name, ANY)
        found = self.lexical(name)
        if found is not None:
            return found.kind
        if any(isinstance(layer, Row) for layer in self.layers):
            return ANY
        if self.local is not None and name not in self.local:
            return ANY
        return self.names.kinds.get(name, ANY)

    def read(self, name: str, at: Place) -> ast.expr:
        """Write the reading of a variable."""
        for layer in reversed(self.layers):
            if isinstance(layer, dict):
                if name in layer:
                    return load(layer[name].python, at)
            elif name not in layer.hidden:
                key = constant(name, at)
                inside = compare(key, ast.In(), load(layer.python, at), at)
                value = ast.Subscript(
                    value=load(layer.python, at), slice=key, ctx=ast.Load(), **spot(at)
                )
                return ast.IfExp(
                    test=inside, body=value, orelse=load(self.variable(name), at), **spot(at)
                )
        return load(self.variable(name), at)

    def variable(self, name: str) -> str:
        """Return the local of a variable that no loop binds."""
        if name in MAPS:
            return f"v_{name}"
        if self.local is not None and name not in self.local:
            return f"v_{name}"
        return f"{self.prefix}_{name}"

    def binds(self, python: str) -> str:
        """Note that a local is bound here; in an inner function it may belong to an outer one."""
        if self.outer is not None and python not in self.own:
            self.borrowed.add(python)
        return python

    def tracked(self, name: str) -> bool:
        """Tell whether a variable's list or object is changed in place somewhere."""
        return name in self.names.changed and self.lexical(name) is None

    def stable(self, node: Node) -> bool:
        """Tell whether a number stays as it is while the outermost open loop runs."""
        for each, _ in ((node, 0),):
            waiting = [each]
            while waiting:
                here = waiting.pop()
                if isinstance(here, (Call, Method)):
                    return False
                if isinstance(here, Name) and not self.steady(here.name):
                    return False
                waiting.extend(children(here))
        return True

    def steady(self, name: str) -> bool:
        """Tell whether a name is a counter, or a number that no open loop sets."""
        found = self.lexical(name)
        if found is not None:
            return found.kind in {COUNT, INTEGER}
        return is_number(self.kind(name)) and not any(name in each for each in self.loops)


def escaping(code: Code, *, whole: bool) -> set[str]:
    """Return the names whose very value an expression may hand on.

    Args:
        code: The expression.
        whole: Whether its result is kept; else only what calls are given counts.
    """
    found: set[str] = set()
    waiting: list[tuple[Any, bool]] = [(code.tree, whole)]
    while waiting:
        node, kept = waiting.pop()
        if isinstance(node, Name):
            if kept:
                found.add(node.name)
        elif isinstance(node, Call):
            inner = node.function not in _TAKES
            waiting += [(each, inner) for each in children(node)]
        elif isinstance(node, Method):
            waiting.append((node.target, False))
            waiting += [(each, True) for each in children(node)[1:]]
        elif isinstance(node, Conditional):
            waiting += [(node.test, False), (node.then, kept), (node.other, kept)]
        elif isinstance(node, (Logic, Coalesce, Sequence, Mapping)):
            waiting += [(each, kept) for each in children(node)]
        elif isinstance(node, Comprehension):
            waiting += [(each, True) for each in children(node)]
        elif isinstance(node, (Binary, Unary, Compare)):
            waiting += [(each, False) for each in children(node)]
        else:  # a property, an item or a slice is not the thing itself
            waiting += [(each, False) for each in children(node)]
    return found
