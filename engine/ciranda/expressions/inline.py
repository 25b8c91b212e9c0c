"""What a code generator of another language needs to write expressions among its own code.

Names become what that language says they are (locals, mostly); everything else an expression
needs is in `NAMESPACE`, and what it raises is told by `reason`.
"""

from __future__ import annotations

from typing import Any, Final

from .budget import bounded, checked_result, spend, text_of, weigh, word
from .calls import HOST as HOST_FUNCTIONS
from .emit import Emitter
from .error import ExpressionError, did_you_mean
from .explain import RAISED, unfit
from .function import Function, built_in_functions
from .grammar import parse
from .runtime import NAMESPACE
from .text import written
from .tokens import find_brace
from .tree import (
    Attribute,
    Binary,
    Call,
    Coalesce,
    Compare,
    Comprehension,
    Conditional,
    Index,
    Literal,
    Logic,
    Mapping,
    Method,
    Name,
    Node,
    Sequence,
    Slice,
    Text,
    Unary,
    children,
    walk,
)

__all__ = [
    "HOST_FUNCTIONS",
    "NAMESPACE",
    "RAISED",
    "Attribute",
    "Binary",
    "Call",
    "Coalesce",
    "Compare",
    "Comprehension",
    "Conditional",
    "Emitter",
    "ExpressionError",
    "Function",
    "Index",
    "Literal",
    "Logic",
    "Mapping",
    "Method",
    "Name",
    "Node",
    "Sequence",
    "Slice",
    "Text",
    "Unary",
    "bounded",
    "built_in_functions",
    "checked_result",
    "children",
    "did_you_mean",
    "find_brace",
    "parse",
    "reason",
    "spend",
    "text_of",
    "walk",
    "weigh",
    "word",
    "written",
]

_PREFIX: Final = "_"  # `v_total`: what stands before it belongs to the generator


def reason(error: BaseException, known: list[str] | None = None) -> tuple[str, str]:
    """Return kind and message for what code with inlined expressions raised.

    Args:
        error: One of `RAISED` or an ExpressionError.
        known: Names that could have been meant.
    """
    if isinstance(error, ExpressionError):
        return error.kind, error.message
    if isinstance(error, NameError):
        name = str(getattr(error, "name", None) or _quoted(error)).partition(_PREFIX)[2]
        return "undefined", f"unknown name '{name}'{did_you_mean(name, known or ())}"
    if isinstance(error, KeyError):
        key: Any = error.args[0] if error.args else ""
        return "undefined", f"there is no property {key!r}"
    if isinstance(error, IndexError):
        return "index", "the index is out of range"
    if isinstance(error, ZeroDivisionError):
        return "zero", "division by zero"
    if isinstance(error, (OverflowError, MemoryError, RecursionError)):
        return "limit", "a number or a value grows too large"
    return unfit(str(error) if isinstance(error, (TypeError, ValueError)) else "")


def _quoted(error: BaseException) -> str:
    """Return the name in the text of a NameError; before Python 3.10 it stands nowhere else."""
    return [*str(error).split("'"), ""][1]
