"""Functions that call themselves on every path, alone or round a ring."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from ..rings import in_rings
from .program import children
from .report import Subject
from .scope import Scope

__all__ = ["check_recursion"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Calls = frozenset[ast.AST]
_NONE: _Calls = frozenset()


def check_recursion(subject: Subject) -> None:
    """Look for rings of calls that nothing leaves: what a function always calls, followed."""
    functions = subject.program.of(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    always: dict[ast.AST, _Calls] = {}
    generators = set(_generators(subject))
    for function in functions:
        always[function] = _Paths(subject, function, generators).always()
    for each in in_rings(always):
        name = getattr(each, "name", "a lambda")
        subject.hit("endless-recursion", each, f"{name} calls itself on every path")
    for made in subject.program.of(ast.Lambda):
        call = made.body
        if isinstance(call, ast.Call) and _applies_itself(call, made):
            subject.hit("self-application", made, "a function is given to itself")


def _applies_itself(call: ast.Call, made: ast.Lambda) -> bool:
    names = {each.arg for each in made.args.args}
    return (
        isinstance(call.func, ast.Name)
        and call.func.id in names
        and any(isinstance(each, ast.Name) and each.id == call.func.id for each in call.args)
    )


class _Paths:
    """Collects what a function calls on every path from its start to its end."""

    def __init__(self, subject: Subject, function: _Function, generators: set[ast.AST]) -> None:
        self._subject = subject
        self._function = function
        self._generators = generators
        self._exits: list[_Calls] = []
        self._owner = subject.program.parents.get(function)

    def always(self) -> _Calls:
        """Return the functions called on every path; a generator calls nothing by itself."""
        function = self._function
        if isinstance(function, ast.Lambda):
            return self._expression(function.body)
        if function in self._generators:
            return _NONE
        end = self._body(function.body, _NONE)
        paths = [*self._exits, *([] if end is None else [end])]
        return frozenset.intersection(*paths) if paths else _NONE

    def _body(self, body: Sequence[ast.stmt], calls: _Calls) -> _Calls | None:
        """Return what has been called after statements, or None where none gets there."""
        after: _Calls | None = calls
        for each in body:
            if after is None:
                return None
            after = self._statement(each, after)
        return after

    def _statement(self, node: ast.stmt, calls: _Calls) -> _Calls | None:  # noqa: PLR0911, PLR0912  # one answer a statement
        match node:
            case ast.Return() | ast.Raise():
                value = node.value if isinstance(node, ast.Return) else node.exc
                self._exits.append(calls | self._expression(value))
                return None
            case ast.If():
                return self._branches(node, calls)
            case ast.While():
                calls |= self._expression(node.test)
                truth = self._subject.folding.truth(node.test)
                if truth is False:
                    return self._body(node.orelse, calls)
                self._body(node.body, calls)  # a loop without an end is another rule's
                return calls
            case ast.For() | ast.AsyncFor():
                calls |= self._expression(node.iter)
                self._body(node.body, calls)
                return calls
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    calls |= self._expression(item.context_expr)
                return self._body(node.body, calls)
            case ast.Try() | ast.TryStar():
                return self._try(node, calls)
            case ast.Match():
                calls |= self._expression(node.subject)
                ends = [self._body(case.body, calls) for case in node.cases]
                return _common([*ends, calls])
            case ast.Break() | ast.Continue():
                return None
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return calls
            case ast.Assert():
                self._exits.append(calls)  # it may fail
                return calls
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.expr):
                calls |= self._expression(each)
        return calls

    def _branches(self, node: ast.If, calls: _Calls) -> _Calls | None:
        ends: list[_Calls | None] = []
        at = node
        while True:  # an elif stands in the orelse of the if before it
            calls |= self._expression(at.test)
            truth = self._subject.folding.truth(at.test)
            if truth is not False:
                ends.append(self._body(at.body, calls))
            if truth is True:
                break
            if len(at.orelse) == 1 and isinstance(at.orelse[0], ast.If):
                at = at.orelse[0]
                continue
            ends.append(self._body(at.orelse, calls))
            break
        return _common(ends)

    def _try(self, node: ast.Try | ast.TryStar, calls: _Calls) -> _Calls | None:
        if node.handlers:
            # the body may stop anywhere, and RecursionError is caught as well
            self._body(node.body, calls)
            ends = [self._body(each.body, calls) for each in node.handlers]
            end = _common([calls, *ends])
        else:
            end = self._body([*node.body, *node.orelse], calls)
        return None if end is None else self._body(node.finalbody, end)

    def _expression(self, node: ast.expr | None) -> _Calls:
        """Return what is called whatever is true."""
        found: set[ast.AST] = set()
        stack: list[ast.AST] = [] if node is None else [node]
        while stack:
            each = stack.pop()
            match each:
                case ast.Call():
                    found.update(self._called(each.func))
                case ast.BoolOp():
                    stack.append(each.values[0])
                    continue
                case ast.IfExp():
                    both = self._expression(each.body) & self._expression(each.orelse)
                    found.update(both)
                    stack.append(each.test)
                    continue
                case ast.Compare() if len(each.ops) > 1:
                    stack += [each.left, each.comparators[0]]
                    continue
                case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                    stack.append(each.generators[0].iter)
                    continue
                case ast.Lambda():
                    continue
                case ast.Attribute():
                    found.update(self._property(each))
            stack.extend(children(each))
        return frozenset(found)

    def _called(self, func: ast.expr) -> Iterable[ast.AST]:
        program = self._subject.program
        if isinstance(func, ast.Name):
            owner = program.scope(func).owner(func.id)
            return () if owner is None else _defined(func.id, owner)
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            of = self._class_of(func.value)
            if of is not None:
                return _defined(func.attr, of)
        return ()

    def _property(self, node: ast.Attribute) -> Iterable[ast.AST]:
        if not isinstance(node.value, ast.Name) or not isinstance(node.ctx, ast.Load):
            return ()
        of = self._class_of(node.value)
        if of is None:
            return ()
        return [
            each
            for each in _defined(node.attr, of)
            if isinstance(each, ast.FunctionDef)
            and any(isinstance(d, ast.Name) and d.id == "property" for d in each.decorator_list)
        ]

    def _class_of(self, node: ast.Name) -> Scope | None:
        """Return the class whose method this is, where a name is the method's first argument."""
        function = self._function
        if isinstance(function, ast.Lambda) or not isinstance(self._owner, ast.ClassDef):
            return None
        first = next(iter([*function.args.posonlyargs, *function.args.args]), None)
        if first is None or first.arg != node.id:
            return None
        if any(
            isinstance(each, ast.Name) and each.id == "staticmethod"
            for each in function.decorator_list
        ):
            return None
        return self._subject.program.scope(function)


def _common(ends: Sequence[_Calls | None]) -> _Calls | None:
    reached = [each for each in ends if each is not None]
    return frozenset.intersection(*reached) if reached else None


def _defined(name: str, owner: Scope) -> Iterable[ast.AST]:
    """Return the one function that a name is in a scope; of several definitions, the last."""
    bindings = owner.bindings.get(name, ())
    if not bindings or (len(bindings) > 1 and any(not each.definition for each in bindings)):
        return ()
    only = bindings[-1].definition or bindings[-1].value
    if isinstance(only, ast.ClassDef):
        return ()
    return (only,) if isinstance(only, _Function) else ()


def _generators(subject: Subject) -> Iterator[ast.AST]:
    """Yield the functions that yield."""
    for node in subject.program.of(ast.Yield, ast.YieldFrom):
        for outer in subject.program.ancestors(node):
            if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                yield outer
                break
