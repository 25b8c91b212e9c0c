"""How much a template and one run of it may take; every figure is a hard stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Limits:
    """Bounds of one run.

    Args:
        iterations: Turns of all loops and calls together.
        recursion: Functions or components within each other.
        output: Characters of HTML.
    """

    iterations: int = 1_000_000
    recursion: int = 64
    output: int = 16 * 1024 * 1024


FILE: Final = 4 * 1024 * 1024  # characters of one file
DEPTH: Final = 64  # elements within each other
ELEMENTS: Final = 50_000
ATTRIBUTES: Final = 64  # of one element
ATTRIBUTE: Final = 64 * 1024  # characters of one attribute
NAME: Final = 128  # characters of a tag or of an attribute's name
PARTS: Final = 2000  # of one text
PATTERN: Final = 1000  # characters of one pattern
PATTERN_STEPS: Final = 200_000  # of matching; about 50 ms
ITEMS: Final = 1_000_000  # of the ranges that one result writes out
LINKS: Final = 500  # components that one template reaches
