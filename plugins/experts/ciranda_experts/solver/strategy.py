"""Ways to attack what is not easy: other engines of z3, other seeds; runs in workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from . import binding as z3
from .formula import REAL

__all__ = ["SMOOTH", "Strategy", "strategies"]


class Strategy(NamedTuple):
    """One way. `share` is the part of the time left that it may take.

    `cores` says whether it can name what a contradiction needs.
    """

    name: str
    share: float
    cores: bool
    make: Callable[[int], int]
    parameters: Mapping[str, int] = {}


# Integers of known bounds become bits: complete for them, and quick where numbers must differ
# pairwise; for others it finds small solutions only.
_BITS: Final = (
    "simplify",
    "propagate-values",
    "propagate-ineqs",
    "solve-eqs",
    "nla2bv",
    "simplify",
    "bit-blast",
    "sat",
)
_BRIEF: Final = 0.05  # what an independent way does not do soon it hardly does at all
SMOOTH: Final = "smooth"  # asked about real numbers for integers: contradictions alone count
_REALS: Final = ("simplify", "propagate-values", "solve-eqs", "qfnra-nlsat")


def _chain(names: Sequence[str]) -> Callable[[int], int]:
    def make(context: int) -> int:
        tactic = 0
        for name in reversed(names):
            one = z3.mk_tactic(context, name.encode())
            z3.tactic_inc_ref(context, one)
            if tactic:
                both = z3.tactic_and_then(context, one, tactic)
                z3.tactic_inc_ref(context, both)
                z3.tactic_dec_ref(context, one)
                z3.tactic_dec_ref(context, tactic)
                one = both
            tactic = one
        solver: int = z3.mk_solver_from_tactic(context, tactic)
        z3.tactic_dec_ref(context, tactic)
        return solver

    return make


def _simple(context: int) -> int:
    solver: int = z3.mk_simple_solver(context)
    return solver


def strategies(sorts: Sequence[int], seed: int, *, smooth: bool = False) -> list[Strategy]:
    """Return what to try, in order; with a seed an independent way comes first.

    Args:
        sorts: Of the variables.
        seed: 0 for what the warm solver could not do; another to check an answer again.
        smooth: Whether real numbers may be asked about in place of integers.
    """
    found: list[Strategy] = []
    if seed:
        other = {"arith.solver": 2, "random_seed": seed}
        found.append(Strategy("other-simplex", _BRIEF, True, _simple, other))
    if smooth:
        found.append(Strategy(SMOOTH, 0.2, False, _chain(_REALS)))
    if REAL not in sorts:
        found.append(Strategy("bits", 0.3, False, _chain(_BITS)))
        found.append(Strategy("simplex", 1.0, True, _simple, {"random_seed": seed + 1}))
    else:
        found.append(Strategy("reals", 0.4, False, _chain(_REALS)))
        found.append(Strategy("simplex", 1.0, True, _simple, {"random_seed": seed + 1}))
    return found
