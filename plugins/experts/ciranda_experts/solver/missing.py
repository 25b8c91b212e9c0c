"""What is said where the solver is not installed."""

from __future__ import annotations

from typing import Final

from ciranda.errors import PoolError

__all__ = ["MISSING", "NEEDED", "SolverMissingError"]

MISSING: Final = "solver-missing"  # the reason of what nobody can decide here
NEEDED: Final = "z3 is needed to decide this: pip install 'ciranda[experts]'"


class SolverMissingError(PoolError):
    """The solver is not installed."""

    def __init__(self) -> None:
        super().__init__(NEEDED)
