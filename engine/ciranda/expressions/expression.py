"""Source to callable: compiled once, kept in a bounded cache, evaluated over plain data."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Final

from .budget import checked_result, is_container
from .check import check
from .dialect import YAML, Dialect
from .emit import Emitter
from .error import ExpressionError
from .explain import RAISED, explain
from .function import Function, built_in_functions
from .grammar import parse
from .references import Reference, calls, references
from .runtime import FILE, NAMESPACE
from .schema import Schema
from .tree import Binary, Call, Comprehension, Mapping as Mapping_, Method, Node, Sequence, walk

_KEPT: Final = 2048  # compiled expressions of ordinary length
_KEPT_LONG: Final = 64
_ORDINARY: Final = 1024  # characters


class Expression:
    """A compiled expression; call it with a scope. It is immutable and safe to share."""

    __slots__ = (
        "_builds",
        "_functions",
        "_run",
        "calls",
        "constant",
        "dialect",
        "references",
        "source",
        "tree",
    )

    def __init__(
        self, source: str, dialect: Dialect, functions: Mapping[str, Function] | None
    ) -> None:
        self.source: Final = source
        self.dialect: Final = dialect
        self._functions = functions or {}
        self.tree: Final = parse(source, dialect)
        self.references: Final[tuple[Reference, ...]] = references(self.tree)
        self.calls: Final[tuple[tuple[str, int], ...]] = calls(self.tree)
        try:
            self._run = _compiled(self.tree, dialect, self._functions)
        except ExpressionError as fault:
            raise fault.placed(fault.offset, source) from None
        self.constant: Final = not self.references and all(
            self._is_pure(name) for name, _ in self.calls
        )
        # What only reads the data is as large as the data; what is written out here may not be.
        self._builds: Final = any(_builds(node) for node, _ in walk(self.tree))

    def __call__(self, scope: Mapping[str, Any]) -> Any:
        """Evaluate with the variables of `scope`, which stays as it is.

        Raises:
            ExpressionError: With the place; its text holds no value of the scope.
        """
        try:
            value = self._run(scope)
            if self._builds and is_container(value):
                return checked_result(value)
        except ExpressionError as fault:
            raise explain(fault, self.tree, self.source, scope) from fault.__cause__
        except RAISED as error:
            raise explain(error, self.tree, self.source, scope) from None
        return value

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def check(
        self, names: Mapping[str, Schema], *, closed: bool = True
    ) -> tuple[list[ExpressionError], Schema]:
        """Check the expression against the types of its names, without evaluating it.

        Args:
            names: JSON Schema of each variable; `{}` is anything. `$defs` beside a `$ref` is read.
            closed: Whether a name that is not among them is a fault.

        Returns:
            Every fault found, in the order of the source, and the schema of the result (`{}` when
            it is not known).
        """
        faults, schema = check(self.tree, names, closed, self._function, self.dialect.loose)
        placed = [fault.placed(fault.offset, self.source) for fault in faults]
        return sorted(placed, key=lambda fault: fault.offset), schema

    def _function(self, name: str) -> Function | None:
        return self._functions.get(name) or built_in_functions(self.dialect).get(name)

    def _is_pure(self, name: str) -> bool:
        function = self._function(name)
        return function is not None and function.pure


def _builds(node: Node) -> bool:
    if isinstance(node, Sequence):
        return bool(node.items)
    if isinstance(node, Binary):
        return node.operator in {"+", "*", "|"}
    return isinstance(node, (Call, Comprehension, Mapping_, Method))


def _compiled(
    tree: Node, dialect: Dialect, functions: Mapping[str, Function]
) -> Callable[[Mapping[str, Any]], Any]:
    """Return the function of one scope that the tree stands for."""
    used: dict[str, Callable[..., Any]] = {}

    def resolve_name(name: str, offset: int) -> ast.expr:
        scope = ast.Name(id="c_scope", ctx=ast.Load())
        return ast.Subscript(value=scope, slice=ast.Constant(value=name), ctx=ast.Load())

    def resolve_function(name: str, offset: int) -> ast.expr:
        call = functions[name].call
        if call is not None:
            used[f"h_{name}"] = call
            return ast.Name(id=f"h_{name}", ctx=ast.Load())
        arguments: list[ast.expr] = [
            ast.Name(id="c_scope", ctx=ast.Load()),
            ast.Constant(value=name),
        ]
        return ast.Call(func=ast.Name(id="c_context", ctx=ast.Load()), args=arguments, keywords=[])

    emitter = Emitter(resolve_name, functions.get, resolve_function, dialect, None, "c_budget")
    code = emitter.visit(tree)
    body: list[ast.stmt] = [ast.Return(value=code, **emitter.spot(0))]
    if emitter.pays:
        turns = ast.List(elts=[emitter.local("c_iterations", 0)], ctx=ast.Load(), **emitter.spot(0))
        target = ast.Name(id="c_budget", ctx=ast.Store(), **emitter.spot(0))
        body.insert(0, ast.Assign(targets=[target], value=turns, **emitter.spot(0)))
    return _function_of(emitter, body, used)


def _function_of(
    emitter: Emitter, body: list[ast.stmt], used: dict[str, Callable[..., Any]]
) -> Callable[[Mapping[str, Any]], Any]:
    shell = emitter.function(("c_scope", *used), emitter.constant(None, 0), 0)
    # Python 3.12 gives functions type parameters.
    newer: dict[str, Any] = {"type_params": []} if hasattr(ast, "TypeAlias") else {}
    definition = ast.FunctionDef(
        name="expression", args=shell.args, body=body, decorator_list=[],
        returns=None, type_comment=None, **emitter.spot(0), **newer,
    )  # fmt: skip
    module = ast.Module(body=[definition], type_ignores=[])
    compiled = builtins.compile(module, FILE, "exec", dont_inherit=True)
    code = next(each for each in compiled.co_consts if isinstance(each, CodeType))
    return FunctionType(code, NAMESPACE, "expression", tuple(used.values()) or None)


class _Functions:
    """A mapping of functions as part of a cache key: by identity, and kept alive."""

    __slots__ = ("mapping",)

    def __init__(self, mapping: Mapping[str, Function]) -> None:
        self.mapping = mapping

    def __hash__(self) -> int:
        return id(self.mapping)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Functions) and other.mapping is self.mapping


@lru_cache(maxsize=_KEPT)
def _ordinary(source: str, dialect: Dialect, functions: _Functions | None) -> Expression:
    return Expression(source, dialect, None if functions is None else functions.mapping)


@lru_cache(maxsize=_KEPT_LONG)
def _long(source: str, dialect: Dialect, functions: _Functions | None) -> Expression:
    return Expression(source, dialect, None if functions is None else functions.mapping)


def compile(  # noqa: A001 - the word that `re` uses, and the one that callers know
    source: str, *, dialect: Dialect = YAML, functions: Mapping[str, Function] | None = None
) -> Expression:
    """Compile an expression, or return the one compiled before.

    Args:
        source: The expression alone, without `${{ }}`.
        dialect: `YAML`, `Q` or `Q_CONDITION`.
        functions: What the expression may call besides the built-in functions, by name. The
            mapping must not change afterwards: it is known by identity.

    Raises:
        ExpressionError: With kind, place and a sentence.
        TypeError: `source` is no text.
    """
    if not isinstance(source, str):
        raise TypeError(f"an expression is text, not {type(source).__name__}")
    key = None if functions is None else _Functions(functions)
    if len(source) > _ORDINARY:
        return _long(source, dialect, key)
    return _ordinary(source, dialect, key)
