"""Loops that nothing ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final, TypeGuard

from .report import Subject

__all__ = ["CONSUMERS", "check_loops", "is_endless", "leaves"]

_ENDLESS: Final = frozenset({"itertools.count()", "itertools.cycle()", "itertools.repeat()"})
CONSUMERS: Final = frozenset(
    f"builtins.{name}"
    for name in ("list", "tuple", "set", "frozenset", "sum", "max", "min", "sorted", "dict", "len")
) | {"collections.deque", "functools.reduce"}
_LAZY: Final = frozenset({"builtins.map", "builtins.filter", "builtins.enumerate"})
_LEAVERS: Final = frozenset(
    {"sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit", "os.execv", "os.execvp"}
)
_ANYTHING: Final = frozenset({"Exception", "BaseException"})
_UNENDING: Final = _ANYTHING | {"KeyboardInterrupt", "SystemExit", "GeneratorExit"}
_GROWING: Final = frozenset({"append", "extend", "insert", "appendleft"})
_Loop = ast.While | ast.For | ast.AsyncFor
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def check_loops(subject: Subject) -> None:
    """Look for loops without an end that can be reached, and for endless iterators used up."""
    for loop in subject.program.of(ast.While):
        if subject.folding.truth(loop.test) is True:
            _endless(subject, loop, "the condition always holds")
        elif _idle(subject, loop):
            _endless(subject, loop, "nothing in the loop changes its condition")
    for each in subject.program.of(ast.For, ast.AsyncFor):
        if is_endless(subject, each.iter):
            _endless(subject, each, "the iterator never ends")
        elif _grows(each) and not leaves(subject, each.body):
            subject.hit("growing-loop", each, "it lengthens what it walks over")
    for call in subject.program.of(ast.Call):
        names = subject.resolver.names(call.func)
        if any(name in CONSUMERS for name in names):
            for given in call.args:
                if is_endless(subject, given):
                    subject.hit("endless-iterator", call, "an endless iterator is used up")
    for made in subject.program.of(ast.ListComp, ast.SetComp, ast.DictComp):
        if any(is_endless(subject, part.iter) for part in made.generators):
            subject.hit("endless-iterator", made, "an endless iterator is used up")


def is_endless(subject: Subject, node: ast.expr) -> bool:  # noqa: PLR0911  # one answer a kind
    """Say whether an expression is an iterator without an end."""
    if isinstance(node, ast.GeneratorExp):
        return is_endless(subject, node.generators[0].iter)
    for name in subject.resolver.names(node):
        if name in _ENDLESS:
            call = _call_of(subject, node)
            if name != "itertools.repeat()" or call is None:
                return True
            return len(call.args) + len(call.keywords) == 1
    if not isinstance(node, ast.Call):
        return False
    called = subject.resolver.names(node.func)
    if any(name in _LAZY for name in called):
        given = node.args if "builtins.enumerate" in called else node.args[1:]
        return bool(given) and all(is_endless(subject, each) for each in given)
    if "builtins.zip" in called and node.args:
        return all(is_endless(subject, each) for each in node.args)
    if "builtins.iter" in called and len(node.args) == 2:  # noqa: PLR2004  # iter(int, 1)
        maker, sentinel = node.args
        made = {"builtins.int": 0, "builtins.str": "", "builtins.bool": False, "builtins.float": 0}
        end = subject.folding.value(sentinel)
        if isinstance(maker, ast.Lambda):
            value = subject.folding.value(maker.body)
            folded = isinstance(value, (str, int)) and isinstance(end, (str, int, type(None)))
            return folded and value != end
        return any(name in made and made[name] != end for name in subject.resolver.names(maker))
    return False


def _call_of(subject: Subject, node: ast.expr) -> ast.Call | None:
    if isinstance(node, ast.Call):
        return node
    if isinstance(node, ast.Name):
        owner = subject.program.scope(node).owner(node.id)
        value = owner.bindings[node.id][0].value if owner else None
        return value if isinstance(value, ast.Call) else None
    return None


def _endless(subject: Subject, loop: _Loop, why: str) -> None:
    if leaves(subject, loop.body) or _yields(loop.body):  # whoever iterates decides
        return
    rule = "loop-left-by-error" if _interrupted(subject, loop) else "unbounded-loop"
    subject.hit(rule, loop, f"{why}, and nothing leaves it")


def _interrupted(subject: Subject, loop: ast.AST) -> bool:
    """Say whether an exception that is meant to happen ends the loop from outside."""
    below = loop
    for node in subject.program.ancestors(loop):
        if isinstance(node, _Function):
            return False
        if isinstance(node, ast.Try) and below in node.body:
            for handler in node.handlers:
                names = set(_handled(handler))
                if names and not names & _UNENDING:
                    return True
        below = node
    return False


def _handled(handler: ast.ExceptHandler) -> Iterator[str]:
    caught = handler.type
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    for each in parts:
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr


def _yields(body: Sequence[ast.stmt]) -> bool:
    """Say whether statements yield, without entering functions."""
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, _Function):
            stack.extend(ast.iter_child_nodes(node))
    return False


def _grows(loop: ast.For | ast.AsyncFor) -> bool:
    """Say whether each turn adds to the list that is walked over."""
    if not isinstance(loop.iter, ast.Name):
        return False
    return any(
        isinstance(each, ast.Expr)
        and isinstance(each.value, ast.Call)
        and isinstance(each.value.func, ast.Attribute)
        and each.value.func.attr in _GROWING
        and isinstance(each.value.func.value, ast.Name)
        and each.value.func.value.id == loop.iter.id
        for each in loop.body
    )


def _idle(subject: Subject, loop: ast.While) -> bool:
    """Say whether a condition on one local number, true at first, is never changed.

    Numbers alone: a list changes without being bound again.
    """
    test = loop.test
    if not _compares(test):
        return False
    name = getattr(test.left, "id", "")
    scope = subject.program.scope(loop)
    owner = scope.owner(name)
    if owner is None or owner is not scope or name in subject.program.shared:
        return False
    values = []
    for binding in owner.bindings[name]:
        if loop.lineno <= binding.line <= (loop.end_lineno or loop.lineno):
            return False
        if not isinstance(binding.value, ast.Constant) or binding.parameter:
            return False
        values.append(binding.value)
    checked = ast.Compare(left=values[-1], ops=test.ops, comparators=test.comparators)
    return bool(values) and subject.folding.truth(checked) is True


def _compares(node: ast.expr) -> TypeGuard[ast.Compare]:
    return (
        isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Name)
        and all(isinstance(each, ast.Constant) for each in node.comparators)
    )


class _Exits:
    """Looks for a way out of one loop that can be reached."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def leaves(self, body: Sequence[ast.stmt], *, inner: bool, caught: frozenset[str]) -> bool:
        """Say whether statements can leave the loop.

        Args:
            body: The statements.
            inner: Whether they stand in a loop within, whose `break` is its own.
            caught: Names of exceptions that are caught within the loop.
        """
        for each in body:
            if self._leaves(each, inner, caught):
                return True
            if isinstance(each, (ast.Break, ast.Continue)):
                return False  # what follows is never reached
        return False

    def _leaves(self, node: ast.stmt, inner: bool, caught: frozenset[str]) -> bool:  # noqa: PLR0911  # one answer a statement
        match node:
            case ast.Break():
                return not inner
            case ast.Return():
                return True
            case ast.Raise():
                return not (caught & _ANYTHING or _raised(node) in caught)
            case ast.If():
                truth = self._subject.folding.truth(node.test)
                then = truth is not False and self.leaves(node.body, inner=inner, caught=caught)
                return then or (
                    truth is not True and self.leaves(node.orelse, inner=inner, caught=caught)
                )
            case ast.While():
                if self._subject.folding.truth(node.test) is False:
                    return self.leaves(node.orelse, inner=inner, caught=caught)
                return self._loop(node, inner, caught)
            case ast.For() | ast.AsyncFor():
                return self._loop(node, inner, caught)
            case ast.With() | ast.AsyncWith():
                return self.leaves(node.body, inner=inner, caught=caught)
            case ast.Try() | ast.TryStar():
                return self._try(node, inner, caught)
            case ast.Match():
                return any(self.leaves(c.body, inner=inner, caught=caught) for c in node.cases)
            case ast.Expr(value=ast.Call()) | ast.Expr(value=ast.Await(value=ast.Call())):
                call = node.value.value if isinstance(node.value, ast.Await) else node.value
                return isinstance(call, ast.Call) and self._exits(call, caught)
        return False

    def _exits(self, call: ast.Call, caught: frozenset[str]) -> bool:
        names = self._subject.resolver.names(call.func)
        return any(name in _LEAVERS for name in names) and "BaseException" not in caught

    def _loop(self, node: _Loop, inner: bool, caught: frozenset[str]) -> bool:
        return self.leaves(node.body, inner=True, caught=caught) or self.leaves(
            node.orelse, inner=inner, caught=caught
        )

    def _try(self, node: ast.Try | ast.TryStar, inner: bool, caught: frozenset[str]) -> bool:
        if node.finalbody and isinstance(node.finalbody[-1], ast.Continue) and not inner:
            return False  # whatever leaves is taken back
        within = set(caught)
        for handler in node.handlers:
            within.update(_handled(handler) if handler.type is not None else ["BaseException"])
        return (
            self.leaves(node.body, inner=inner, caught=frozenset(within))
            or any(self.leaves(each.body, inner=inner, caught=caught) for each in node.handlers)
            or self.leaves(node.orelse, inner=inner, caught=caught)
            or self.leaves(node.finalbody, inner=inner, caught=caught)
        )


def _raised(node: ast.Raise) -> str:
    made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if isinstance(made, ast.Name):
        return made.id
    return made.attr if isinstance(made, ast.Attribute) else ""


def leaves(subject: Subject, body: Sequence[ast.stmt]) -> bool:
    """Say whether the body of a loop can leave it."""
    return _Exits(subject).leaves(body, inner=False, caught=frozenset())
