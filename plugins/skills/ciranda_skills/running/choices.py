"""The values of the enums that a script defines, by its text alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["Choices", "choices_in", "last_name"]

Choices = Mapping[str, tuple[Any, ...]]  # by the name of the class
_ENUMS: Final = frozenset(("Enum", "IntEnum", "StrEnum"))
_PLAIN: Final = (str, int)


def choices_in(body: Iterable[ast.stmt]) -> Choices:
    """Return the enums that are defined at the top level and have plain values only.

    Args:
        body: The statements of a script.
    """
    found = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            bases = [last_name(base) for base in node.bases]
            if not _ENUMS.isdisjoint(bases):
                values = _values(node.body, lower="StrEnum" in bases)
                if values:
                    found[node.name] = values
    return found


def _values(body: Iterable[ast.stmt], *, lower: bool) -> tuple[Any, ...]:
    """Return the values of members; nothing when one of them is not written down."""
    found: list[Any] = []
    for node in body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name, value = node.targets[0].id, node.value
        if name.startswith("_"):
            continue
        if isinstance(value, ast.Constant) and type(value.value) in _PLAIN:
            found.append(value.value)
        elif lower and isinstance(value, ast.Call) and last_name(value.func) == "auto":
            found.append(name.lower())
        else:
            return ()
    return tuple(dict.fromkeys(found))


def last_name(node: ast.expr) -> str:
    """Return the name that an expression ends with, `Literal` for `typing.Literal`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
