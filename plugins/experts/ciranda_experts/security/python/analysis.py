"""All checks of Python, one after the other."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from ..page import Page
from ..rule import Hit, Rule
from .dynamic import check_dynamic
from .excess import check_excess
from .folding import Folding
from .frames import check_frames
from .harm import check_harm
from .injection import check_injection
from .loops import check_loops
from .matching import check_rules
from .obfuscation import check_obfuscation
from .reading import UnreadableError, read_python
from .receding import check_receding
from .recursion import check_recursion
from .report import Subject
from .resolving import Resolver
from .secrets import check_secrets
from .sizes import check_sizes
from .spreading import check_spreading
from .surroundings import check_surroundings
from .taint import Taint
from .widths import check_widths

__all__ = ["Analysis", "UnreadableError", "analyse_python"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found: hits, and constant code that would be run.

    `payloads` are text, language, line and column (in bytes, from 1, as of the hits).
    """

    hits: tuple[Hit, ...]
    payloads: tuple[tuple[str, str, int, int], ...] = ()


def analyse_python(page: Page, rules: Sequence[Rule], int_bits: int | None) -> Analysis:
    """Look for attack patterns in a Python program.

    Args:
        page: The program.
        rules: Those that say by themselves what they look for.
        int_bits: The declared width of integers, or None.

    Raises:
        UnreadableError: When it is not Python, or nested too deeply.
    """
    program = read_python(page.text)
    folding = Folding(program)
    subject = Subject(page, program, folding, Resolver(program, folding), int_bits)
    taint = Taint(subject)
    check_loops(subject)
    check_recursion(subject)
    check_receding(subject)
    check_excess(subject)
    check_dynamic(subject, taint)
    check_frames(subject)
    check_rules(subject, rules)
    check_injection(subject, taint)
    check_harm(subject)
    check_spreading(subject)
    check_surroundings(subject, taint)
    check_obfuscation(subject)
    check_secrets(subject)
    check_widths(subject)
    check_sizes(subject)
    if folding.cut or subject.resolver.cut:
        subject.hit("too-indirect", program.tree, "a name or constant is too long a way to follow")
    payloads = tuple(
        (text, language, _line(node), getattr(node, "col_offset", 0) + 1)
        for text, language, node in subject.payloads
    )
    return Analysis(tuple(subject.hits), payloads)


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 1)
