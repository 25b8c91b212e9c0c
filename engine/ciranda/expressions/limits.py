"""How much one expression may take; every figure is a hard stop, not a hint."""

from __future__ import annotations

from typing import Final

SOURCE: Final = 8 * 1024  # characters of one expression
TOKENS: Final = 4096
BRACKETS: Final = 64  # open at once
HEIGHT: Final = 100  # levels of the checked tree; a flat chain of operators is one level
ITERATIONS: Final = 1_000_000  # turns of loops in one evaluation, and work of a like size
TEXT: Final = 1024 * 1024  # characters of one text
BITS: Final = 4096  # of one integer
WIDTH: Final = 1000  # of one formatted field
PRECISION: Final = 100  # digits of one formatted field
RESULT: Final = 5_000_000  # values in one result, repeated ones counted each time
MOST: Final = 1 << BITS
LEAST: Final = -MOST
SMALL: Final = (1 << 30) - 1  # one digit of the host: compared fast, and seldom passed
