"""Work that ends, though nobody lives to see it: long loops, long sleeps, patterns that explode."""

from __future__ import annotations

import ast
import math
from typing import Any, Final

from .explosive import explodes
from .folding import UNKNOWN
from .loops import CONSUMERS, leaves
from .report import Subject
from .shape import keyword

__all__ = ["check_excess", "range_length"]

_LONG: Final = 10**9  # turns: a minute of a loop that does nothing
_HUGE: Final = 10**12  # hours
_DAY: Final = 86_400  # seconds
_SLEEPING: Final = frozenset({"time.sleep", "asyncio.sleep", "trio.sleep", "anyio.sleep"})
_MATCHING: Final = frozenset(
    f"re.{name}"
    for name in ("compile", "match", "search", "fullmatch", "findall", "finditer", "sub", "subn",
                 "split")
)  # fmt: skip


def check_excess(subject: Subject) -> None:
    """Look for loops of too many turns, sleeps of more than a day, explosive patterns."""
    lengths: dict[ast.AST, int] = {}
    for loop in subject.program.of(ast.For):
        length = range_length(subject, loop.iter)
        if length is not None:
            lengths[loop] = length
    for node in lengths:
        if isinstance(node, ast.For):
            _turns(subject, node, lengths)
    made: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    for made in (
        *subject.program.of(ast.ListComp, ast.SetComp, ast.DictComp),
        *(each for each in subject.program.of(ast.GeneratorExp) if _used_up(subject, each)),
    ):
        turns = math.prod(range_length(subject, part.iter) or 1 for part in made.generators)
        _said(subject, made, turns, left=False)
    for counting in subject.program.of(ast.While):
        _counted(subject, counting)
    for call in subject.program.of(ast.Call):
        names = subject.resolver.names(call.func)
        if _SLEEPING.intersection(names) and call.args:
            seconds = subject.folding.value(call.args[0])
            if _number(seconds) and seconds > _DAY:
                subject.hit("long-sleep", call, "it sleeps for more than a day")
        elif _MATCHING.intersection(names):
            _pattern(subject, call)


def range_length(subject: Subject, node: ast.expr) -> int | None:
    """Return how many turns `range(...)` of constants gives, or None."""
    if not isinstance(node, ast.Call) or not 0 < len(node.args) < 4 or node.keywords:  # noqa: PLR2004  # start, stop, step
        return None
    if "builtins.range" not in subject.resolver.names(node.func):
        return None
    ends = [subject.folding.value(each) for each in node.args]
    if not all(type(each) is int for each in ends) or ends[2:] == [0]:
        return None
    whole: tuple[int, int, int] = (0, ends[0], 1) if len(ends) == 1 else (*ends, 1)[:3]
    start, stop, step = whole
    return max(0, -((start - stop) // step))  # len() refuses more than a machine word


def _used_up(subject: Subject, node: ast.GeneratorExp) -> bool:
    user = subject.program.parents.get(node)
    return isinstance(user, ast.Call) and not CONSUMERS.isdisjoint(
        subject.resolver.names(user.func)
    )


def _turns(subject: Subject, loop: ast.For, lengths: dict[ast.AST, int]) -> None:
    """Look at a loop with those around it, whose turns multiply."""
    turns, left = lengths[loop], leaves(subject, loop.body)
    for outer in subject.program.ancestors(loop):
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            break
        if outer in lengths:
            if lengths[outer] * turns >= _LONG <= max(turns, lengths[outer]):
                break  # said of the other
            turns *= lengths[outer]
    _said(subject, loop, turns, left=left)


def _said(subject: Subject, node: ast.AST, turns: int, *, left: bool) -> None:
    if turns >= _LONG and not left:
        rule = "huge-loop" if turns >= _HUGE else "long-loop"
        subject.hit(rule, node, f"it takes {float(min(turns, 10**300)):.0e} turns")


def _counted(subject: Subject, loop: ast.While) -> None:
    """Look at `while i < 10 ** 18: i += 1`."""
    test = loop.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return
    name, end = test.left, subject.folding.value(test.comparators[0])
    if not isinstance(name, ast.Name) or not _number(end) or abs(end) < _LONG:
        return
    steps = [
        subject.folding.value(step)
        for each in loop.body
        for step in (_step(each, name.id),)
        if step is not None
    ]
    if len(steps) == 1 and type(steps[0]) is int and steps[0]:
        turns = int(min(abs(end), 10**300)) // abs(steps[0])
        _said(subject, loop, turns, left=leaves(subject, loop.body))


def _step(node: ast.stmt, name: str) -> ast.expr | None:
    """Return what `i += 1` and `i = i + 1` count by."""
    match node:
        case ast.AugAssign(target=ast.Name(id=target), op=ast.Add() | ast.Sub()):
            return node.value if target == name else None
        case ast.Assign(
            targets=[ast.Name(id=target)],
            value=ast.BinOp(left=ast.Name(id=left), op=ast.Add() | ast.Sub(), right=step),
        ):
            return step if target == left == name else None
    return None


def _number(value: Any) -> bool:
    return value is not UNKNOWN and isinstance(value, (int, float)) and value == value  # noqa: PLR0124  # not NaN


def _pattern(subject: Subject, call: ast.Call) -> None:
    given = call.args[0] if call.args else keyword(call, "pattern")
    pattern = subject.folding.value(given) if given is not None else None
    if isinstance(pattern, bytes):
        pattern = pattern.decode("latin-1")
    if isinstance(pattern, str) and explodes(pattern):
        subject.hit("explosive-pattern", call, "a repetition within a repetition")
