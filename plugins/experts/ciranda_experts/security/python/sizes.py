"""Values that no machine has room or time for."""

from __future__ import annotations

import ast
from typing import Final

from .report import Subject

__all__ = ["check_sizes"]

_LARGE: Final = 1 << 30  # elements, about a gigabyte
_EXPONENT: Final = 1_000_000  # bits, roughly
_WHOLE: Final = frozenset(
    f"builtins.{name}" for name in ("list", "tuple", "set", "bytearray", "bytes", "sum", "sorted")
)


def check_sizes(subject: Subject) -> None:
    """Look for texts and lists repeated, powers and ranges beyond reason."""
    for node in subject.program.of(ast.BinOp):
        right = subject.folding.value(node.right)
        if isinstance(node.op, ast.Mult):
            left = subject.folding.value(node.left)
            for count, made in ((right, node.left), (left, node.right)):
                if isinstance(count, int) and count >= _LARGE and _sequence(subject, made):
                    subject.hit("huge-value", node, "a sequence is repeated beyond reason")
        elif isinstance(node.op, (ast.Pow, ast.LShift)):
            tower = isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Pow)
            large = isinstance(right, int) and right >= _EXPONENT
            base = subject.folding.value(node.left)
            beyond = large or (tower and not isinstance(right, int))
            if beyond and isinstance(base, int) and base not in (0, 1, -1):
                subject.hit("huge-value", node, "a power beyond reason")
    for call in subject.program.of(ast.Call):
        if not call.args or not _WHOLE.intersection(subject.resolver.names(call.func)):
            continue
        size = subject.folding.value(call.args[0])
        if (
            isinstance(size, int)
            and size >= _LARGE
            and "builtins.sum" not in subject.resolver.names(call.func)
        ):
            subject.hit("huge-value", call, "more bytes than a machine has")
        elif _long_range(subject, call.args[0]):
            subject.hit("huge-value", call, "a range beyond reason is collected")


def _sequence(subject: Subject, node: ast.expr) -> bool:
    if isinstance(node, (ast.List, ast.Tuple, ast.JoinedStr)):
        return True
    return isinstance(subject.folding.value(node), (str, bytes, tuple))


def _long_range(subject: Subject, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not node.args:
        return False
    if "builtins.range" not in subject.resolver.names(node.func):
        return False
    end = subject.folding.value(node.args[-1 if len(node.args) == 1 else 1])
    return isinstance(end, int) and end >= _LARGE
