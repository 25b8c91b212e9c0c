"""How sure what was proven is.

A proof is as good as the program that made it. Its verdicts have been compared with what every
assignment of a small domain says, for random formulas, and were right each time. After `n` right
ones of `n` the chance that the next is right, when nothing else is known, is (n + 1) / (n + 2):
Laplace's rule of succession.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CHECKED", "PROVEN", "UNKNOWN", "after", "sure"]

CHECKED: Final = 2_000  # random formulas in the tests, all of them right
_ALMOST: Final = 0.99995  # what would be rounded to 1


def after(right: int, tried: int | None = None) -> float:
    """Return the chance that the next verdict is right, after `right` of `tried`.

    Raises:
        ValueError: More right ones than tried ones, or less than none.
    """
    tried = right if tried is None else tried
    if not 0 <= right <= tried:
        raise ValueError(f"{right} of {tried} verdicts cannot have been right")
    return (right + 1) / (tried + 2)


def sure(share: float) -> str:
    """Return a confidence with four digits; only certainty itself is 1."""
    return "0.9999+" if _ALMOST < share < 1 else f"{share:.4f}"


PROVEN: Final = after(CHECKED)
UNKNOWN: Final = after(0)  # nothing is known: 1/2
