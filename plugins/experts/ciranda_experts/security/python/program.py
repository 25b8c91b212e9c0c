"""A Python program, surveyed once: its nodes by type, their scopes and parents, its names."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, TypeVar, overload

from ..limits import DEPTH, NODES
from .scope import Binding, Scope

__all__ = ["Program", "TooLargeError", "children"]

_A = TypeVar("_A", bound=ast.AST)
_B = TypeVar("_B", bound=ast.AST)
_C = TypeVar("_C", bound=ast.AST)
_Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Fields that hold no nodes that anybody looks for.
_PLAIN: Final = frozenset(
    {"ctx", "op", "ops", "id", "attr", "arg", "kind", "type_comment", "level", "module",
     "conversion", "simple", "is_async", "asname", "rest", "tag"}
)  # fmt: skip
_FIELDS: Final = {
    kind: tuple(name for name in kind._fields if name not in _PLAIN)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
} | {ast.Constant: (), ast.Name: (), ast.alias: ()}
# Whose case of `_enter` says nothing: most nodes are of these.
_SILENT: Final = frozenset(
    {ast.Constant, ast.Expr, ast.Call, ast.Attribute, ast.BinOp, ast.Compare, ast.Return, ast.If,
     ast.Subscript, ast.Tuple, ast.List, ast.keyword, ast.arguments, ast.arg, ast.BoolOp,
     ast.UnaryOp, ast.Dict, ast.JoinedStr, ast.FormattedValue, ast.alias}
)  # fmt: skip
_UNCERTAIN: Final = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match,
    ast.TryStar, ast.ExceptHandler, ast.match_case,
)  # fmt: skip


def children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below a node, operators and contexts left out."""
    for name in _FIELDS[type(node)]:
        value = getattr(node, name, None)
        if isinstance(value, list):
            for each in value:
                if isinstance(each, ast.AST):
                    yield each
        elif isinstance(value, ast.AST):
            yield value


class TooLargeError(Exception):
    """Nodes within each other beyond `DEPTH`, or more than `NODES`; the message says which."""


class Program:
    """What is known of a program after one walk over its tree.

    Raises:
        TooLargeError: When the tree has more than `NODES` nodes, or is deeper than `DEPTH`; the
            left sides of sums and the branches of `elif` do not count as deep.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.module = Scope(tree)
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {tree: self.module}
        self.shared: set[str] = set()  # names declared global or nonlocal anywhere
        self.stars: list[str] = []  # modules of which all names are imported
        self._by_type: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        self._survey()

    @overload
    def of(self, first: type[_A], /) -> Iterator[_A]: ...
    @overload
    def of(self, first: type[_A], second: type[_B], /) -> Iterator[_A | _B]: ...
    @overload
    def of(
        self, first: type[_A], second: type[_B], third: type[_C], /
    ) -> Iterator[_A | _B | _C]: ...
    def of(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        """Yield the nodes of these types, each type in the order of the text."""
        for kind in kinds:
            yield from self._by_type.get(kind, ())

    def scope(self, node: ast.AST) -> Scope:
        """Return the scope that a node is evaluated in."""
        return self.scopes[node]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, innermost first."""
        at = self.parents.get(node)
        while at is not None:
            yield at
            at = self.parents.get(at)

    def _survey(self) -> None:
        stack: list[tuple[ast.AST, Scope, int, bool]] = [(self.tree, self.module, 0, True)]
        while stack:
            node, scope, depth, certain = stack.pop()
            if depth > DEPTH:
                raise TooLargeError("nested too deeply to be judged")
            if len(self.scopes) > NODES:
                raise TooLargeError("too long to be judged in one piece")
            kind = type(node)
            self._by_type[kind].append(node)
            self.scopes[node] = scope
            if kind is ast.Name:
                if isinstance(node.ctx, ast.Del):  # type: ignore[attr-defined]
                    self._enter(node, scope, certain)
                continue
            inner = scope if kind in _SILENT else self._enter(node, scope, certain)
            if kind in _UNCERTAIN:
                certain = False
            below_it: list[tuple[ast.AST, Scope, int, bool]] = []
            for name in _FIELDS[kind]:
                value = getattr(node, name, None)
                if isinstance(value, list):
                    # elif is an If alone in the other's orelse
                    flat = name == "orelse" and kind is ast.If and len(value) == 1
                    below = depth if flat else depth + 1
                    for each in value:
                        if isinstance(each, ast.AST):
                            self.parents[each] = node
                            below_it.append(
                                (each, self._of(node, name, scope, inner), below, certain)
                            )
                elif isinstance(value, ast.AST):
                    self.parents[value] = node
                    below = depth if kind is ast.BinOp and name == "left" else depth + 1
                    below_it.append((value, self._of(node, name, scope, inner), below, certain))
            below_it.reverse()
            stack += below_it

    @staticmethod
    def _of(node: ast.AST, field: str, scope: Scope, inner: Scope) -> Scope:
        """Return the scope of a field: decorators, defaults and bases are outside."""
        if inner is scope:
            return scope
        if field in ("body", "elt", "key", "value", "generators"):
            return inner
        return inner if field == "args" and isinstance(node, _Function) else scope

    def _enter(self, node: ast.AST, scope: Scope, certain: bool) -> Scope:  # noqa: PLR0912  # one case a kind of node
        """Note what a node binds, and return the scope of its body."""
        match node:
            case ast.Name(ctx=ast.Del()):
                scope.outer.get(node.id, scope).deleted.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope.bind(node.name, Binding(node.lineno, definition=node, certain=certain))
                inner = Scope(node, scope)
                if not isinstance(node, ast.ClassDef):
                    _parameters(node.args, inner, scope)
                return inner
            case ast.Lambda():
                inner = Scope(node, scope)
                _parameters(node.args, inner, scope)
                return inner
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                inner = Scope(node, scope)
                for part in node.generators:
                    _bind(part.target, None, part.iter, inner, True)
                return inner
            case ast.Assign():
                for target in node.targets:
                    _bind(target, node.value, None, scope, certain)
            case ast.AnnAssign():
                if node.value is not None:
                    _bind(node.target, node.value, None, scope, certain)
            case ast.AugAssign():
                _bind(node.target, None, node.value, scope, False)
            case ast.NamedExpr():
                _bind(node.target, node.value, None, scope.function, False)
            case ast.For() | ast.AsyncFor():
                _bind(node.target, None, node.iter, scope, False)
            case ast.withitem():
                if node.optional_vars is not None:
                    _bind(node.optional_vars, node.context_expr, None, scope, certain)
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
                if node.name is not None:
                    scope.bind(node.name, Binding(node.lineno, certain=False))
            case ast.Import():
                for alias in node.names:
                    name, dotted = alias.asname, alias.name
                    if name is None:
                        name = dotted = alias.name.partition(".")[0]
                    scope.bind(name, Binding(node.lineno, dotted=dotted, certain=certain))
            case ast.ImportFrom():
                self._from(node, scope, certain)
            case ast.Global():
                self.shared.update(node.names)
                scope.outer.update(dict.fromkeys(node.names, self.module))
            case ast.Nonlocal():
                self.shared.update(node.names)
                for name in node.names:
                    owner = scope.parent.owner(name) if scope.parent else None
                    if owner is not None:
                        scope.outer[name] = owner
        return scope

    def _from(self, node: ast.ImportFrom, scope: Scope, certain: bool) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(module)
                continue
            dotted = f"{module}.{alias.name}"
            scope.bind(
                alias.asname or alias.name, Binding(node.lineno, dotted=dotted, certain=certain)
            )


def _parameters(arguments: ast.arguments, inner: Scope, outer: Scope) -> None:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *zip(positional, [*missing, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    pairs += [(each, None) for each in (arguments.vararg, arguments.kwarg) if each is not None]
    for each, default in pairs:
        inner.bind(each.arg, Binding(each.lineno, value=default, scope=outer, parameter=True))


def _bind(
    target: ast.expr, value: ast.expr | None, source: ast.expr | None, scope: Scope, certain: bool
) -> None:
    waiting = [(target, value, source)]
    while waiting:
        target, value, source = waiting.pop()
        if isinstance(target, ast.Name):
            scope.bind(
                target.id,
                Binding(target.lineno, value=value, scope=scope, source=source, certain=certain),
            )
        elif isinstance(target, ast.Starred):
            waiting.append((target.value, None, source or value))
        elif isinstance(target, (ast.Tuple, ast.List)):
            fits = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
            parts = value.elts if fits and isinstance(value, (ast.Tuple, ast.List)) else None
            for index, each in enumerate(target.elts):
                part = parts[index] if parts else None
                waiting.append((each, part, None if parts else (source or value)))
