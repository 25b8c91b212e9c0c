"""What all branches of one search share: the names of facts, the steps taken, what is whole."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, TypeAlias

from ..exact import written
from ..intent.tree import Operation
from ..intent.writing import write
from .polynomial import ONE, Column, Polynomial

__all__ = ["Book", "ExhaustedError", "Origin"]

Origin: TypeAlias = dict[int, int]  # multipliers of the facts that a row is the sum of


class ExhaustedError(Exception):
    """The search would take more work than it may."""


class Book:
    """The facts of a search by number, and its budget.

    A fact is a place in the problem, such as `pre[0]/1`, or a step that derives it from others.

    Args:
        budget: Units of work, each about a coefficient looked at.
    """

    __slots__ = ("budget", "cases", "dull", "facts", "operations", "primes", "reals")

    def __init__(self, budget: int) -> None:
        self.facts: Final[list[str | dict[str, Any]]] = []
        self.reals: Final[set[str]] = set()  # the columns that are not whole numbers
        self.operations: Final[dict[str, Operation]] = {}  # what columns such as `#0` stand for
        self.cases = 0  # names given to cases
        self.dull: Final[set[Hashable]] = set()  # what need not be looked at for residues again
        self.primes: Final[dict[int, dict[int, int] | None]] = {}  # factors; None: it takes long
        self.budget = budget

    def note(self, fact: str | dict[str, Any]) -> int:
        """Enter a fact and give its number."""
        self.facts.append(fact)
        return len(self.facts) - 1

    def spend(self, units: int) -> None:
        """Take from the budget.

        Raises:
            ExhaustedError: Nothing is left.
        """
        self.budget -= units
        if self.budget < 0:
            raise ExhaustedError

    def whole(self, column: Column) -> bool:
        """Say whether a column has whole values only."""
        if not self.reals:
            return True
        if isinstance(column, str):
            return column not in self.reals
        return self.reals.isdisjoint(column)

    def all_whole(self, polynomial: Polynomial) -> bool:
        """Say whether all columns have whole values only."""
        return not self.reals or all(map(self.whole, polynomial))

    def case(self) -> str:
        """Give a name to cases that are no place in the problem."""
        self.cases += 1
        return f"case:{self.cases}"

    def text(self, column: str) -> str:
        """Give what a certificate calls a column."""
        operation = self.operations.get(column)
        return column if operation is None else write(operation)

    def terms(self, polynomial: Polynomial) -> list[list[bool | str]]:
        """Write a polynomial."""
        return [
            [written(number), *map(self.text, _names(column))]
            for column, number in polynomial.items()
        ]

    def write(self, origin: Origin) -> tuple[dict[str, Any], set[str]]:
        """Write a sum of facts as a leaf of a certificate, and name the facts it stands on."""
        steps: list[dict[str, Any]] = []
        used: set[str] = set()
        numbers: dict[int, str] = {}

        def weights(summands: Origin) -> dict[str, bool | str]:
            return {name(fact): written(times) for fact, times in summands.items() if times}

        def name(fact: int) -> str:
            entry = self.facts[fact]
            if isinstance(entry, str):
                used.add(entry)
                return entry
            if fact not in numbers:
                step: dict[str, Any] = {}
                for key, value in entry.items():
                    match key:
                        case "sum":
                            step[key] = weights(value)
                        case "product":
                            step[key] = [name(part) for part in value]
                        case "within":
                            step[key] = [[name(part) for part in window] for window in value]
                        case "times" | "square":
                            step[key] = [self.text(part) for part in value]
                        case "of":
                            step[key] = self.text(value)
                        case "descent":
                            step[key] = name(value)
                        case _:
                            step[key] = value
                numbers[fact] = f"#{len(steps)}"
                steps.append(step)
            return numbers[fact]

        leaf: dict[str, Any] = {"sum": weights(origin)}
        if steps:
            leaf["steps"] = steps
        return leaf, used


def _names(column: Column) -> tuple[str, ...]:
    if column == ONE:
        return ()
    return (column,) if isinstance(column, str) else column
