"""What the checks of a Python program share: the program, its names and constants, the hits."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from ..page import Page
from ..rule import Hit
from .folding import Folding
from .program import Program
from .resolving import Resolver

__all__ = ["Subject"]


@dataclass(slots=True)
class Subject:
    """A program under examination.

    Args:
        page: Its text.
        program: Its nodes and scopes.
        folding: Its constants.
        resolver: Its names.
        int_bits: The declared width of integers, or None.
        hits: What was found.
        payloads: Constant code that it runs, with the language and the node that runs it.
    """

    page: Page
    program: Program
    folding: Folding
    resolver: Resolver
    int_bits: int | None = None
    hits: list[Hit] = field(default_factory=list)
    payloads: list[tuple[str, str, ast.AST]] = field(default_factory=list)

    def hit(self, rule: str, node: ast.AST, what: str = "") -> None:
        """Note that a rule is met at a node; its column is in bytes until it is reported."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
        self.hits.append(Hit(line, column, rule, what))
