"""Where names of a Python program are bound, and to what."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

__all__ = ["Binding", "Scope"]


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One place that gives a name a meaning.

    Args:
        line: Where.
        value: What is bound, where an expression says so.
        dotted: What is imported, or "".
        scope: Where `value` is looked up.
        source: What `value` is taken from, where the name gets a part of it (a loop, an unpacking).
        parameter: Whether callers decide; `value` is then its default.
        definition: Whether it is a function or class.
        certain: Whether it is bound on every path through its scope.
    """

    line: int
    value: ast.expr | None = None
    dotted: str = ""
    scope: Scope | None = None
    source: ast.expr | None = None
    parameter: bool = False
    definition: ast.AST | None = None
    certain: bool = True


@dataclass(slots=True, eq=False)
class Scope:
    """A module, class, function, lambda or comprehension, and the names bound in it."""

    node: ast.AST
    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    outer: dict[str, Scope] = field(default_factory=dict)  # declared global or nonlocal
    deleted: set[str] = field(default_factory=set)

    @property
    def is_class(self) -> bool:
        """Say whether functions within it do not see its names."""
        return isinstance(self.node, ast.ClassDef)

    def bind(self, name: str, binding: Binding) -> None:
        """Note a binding, in the scope that the name belongs to."""
        self.outer.get(name, self).bindings.setdefault(name, []).append(binding)

    def owner(self, name: str) -> Scope | None:
        """Return the scope in which a name that is used here is bound, or None."""
        scope: Scope | None = self.outer.get(name, self)
        while scope is not None:
            if name in scope.bindings and (scope is self or not scope.is_class):
                return scope
            scope = scope.parent
        return None

    @property
    def function(self) -> Scope:
        """Return the innermost function or module around comprehensions; itself if it is one."""
        scope = self
        while isinstance(
            scope.node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        ) and (scope.parent is not None):
            scope = scope.parent
        return scope
