"""What the problems of one call say, as terms of z3; runs in workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, final

from .formula import INT
from .terms import Terms
from .translation import Built

__all__ = ["Posed", "Question"]

_UNDEFINED: Final = 1_000_000  # keys of claims from here on, and below, are of no one condition


class Posed(NamedTuple):
    """A problem as it came, its conditions by index."""

    assume: list[int]
    violate: int
    undefined: bool
    number: int

    def conditions(self, keys: Sequence[int] | None) -> list[int]:
        """Return the conditions behind keys of claims; None stands for all of them."""
        if keys is None or self.undefined:
            return [*self.assume, self.violate] if self.violate >= 0 else self.assume
        return [key if key >= 0 else -1 - key for key in keys]


@final
class Question:
    """The conditions of a call in one context.

    Args:
        terms: Of the context.
        built: The conditions.
        sorts: Of the variables.
        bits: Width of machine integers, or None.
    """

    __slots__ = ("_bits", "_built", "_terms", "sorts")

    def __init__(
        self, terms: Terms, built: Sequence[Built], sorts: Sequence[int], bits: int | None
    ) -> None:
        self._terms = terms
        self._built = built
        self.sorts = sorts
        self._bits = bits

    def frame(self) -> list[int]:
        """Return what holds in every problem: ranges of variables, meanings of auxiliary ones."""
        found: dict[int, None] = {}
        if self._bits is not None:
            for index, sort in enumerate(self.sorts):
                if sort == INT:
                    variable = self._terms.variable(index, sort)
                    found[self._terms.in_range(variable, self._bits)] = None
        for built in self._built:
            found.update(dict.fromkeys(built.axioms))
        return list(found)

    def claims(self, posed: Posed) -> dict[int, int]:
        """Return the terms that must hold together, by key.

        The key of a condition that is assumed is its index, of one that is violated -1 minus it.
        """
        if posed.undefined:
            key = _UNDEFINED + posed.number
            return {key: self._meets_undefined(posed.assume)}
        found = {at: self._holds(self._built[at]) for at in posed.assume}
        if posed.violate >= 0:
            found[-1 - posed.violate] = self._terms.negation(
                self._holds(self._built[posed.violate])
            )
        return found

    def claims_of_any(self, posed: Sequence[Posed]) -> dict[int, int]:
        """Return what says that one of some problems with equal assumptions has a solution."""
        found = {at: self._holds(self._built[at]) for at in posed[0].assume}
        violated = [self._terms.negation(self._holds(self._built[one.violate])) for one in posed]
        found[-_UNDEFINED] = self._terms.any(violated)
        return found

    def _holds(self, built: Built) -> int:
        if built.defined is None:
            return built.value
        return self._terms.all((built.defined, built.value))

    def _meets_undefined(self, assume: Sequence[int]) -> int:
        """Return that evaluation from the left meets an undefined condition before a false one."""
        terms = self._terms
        later = terms.false
        for at in reversed(assume):
            built = self._built[at]
            if later != terms.false:
                later = terms.all((built.value, later))
            if built.defined is not None:
                goes_on = () if later == terms.false else (later,)
                later = terms.any((terms.negation(built.defined), *goes_on))
        return later
