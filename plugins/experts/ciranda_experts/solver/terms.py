"""The terms of one context of z3 that everything else is built from; runs in workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from . import binding as z3
from .formula import BOOL, INT

__all__ = ["Terms"]


@final
class Terms:
    """Variables, literals and connectives of one context; equal ones are made once.

    Variables are known by index and sort: no name of a user ever reaches z3.
    """

    __slots__ = (
        "_declarations",
        "_fresh",
        "_limits",
        "_numbers",
        "_sorts",
        "_switches",
        "_variables",
        "context",
        "false",
        "true",
    )

    def __init__(self, context: int) -> None:
        self.context = context
        self.true: int = z3.mk_true(context)
        self.false: int = z3.mk_false(context)
        self._sorts = (
            z3.mk_bool_sort(context),
            z3.mk_int_sort(context),
            z3.mk_real_sort(context),
        )
        self._variables: dict[tuple[int, int], int] = {}
        self._declarations: dict[tuple[int, int], int] = {}
        self._numbers: dict[tuple[int, int | str, int | str], int] = {}
        self._switches: list[int] = []
        self._limits: dict[int, tuple[int, int]] = {}
        self._fresh = 0

    def variable(self, index: int, sort: int) -> int:
        """Return the variable of an intent with this index and sort."""
        found = self._variables.get((index, sort))
        if found is None:
            symbol = z3.mk_int_symbol(self.context, 4 * index + sort)
            found = z3.mk_const(self.context, symbol, self._sorts[sort])
            self._variables[(index, sort)] = found
        return found

    def declaration(self, index: int, sort: int) -> int:
        """Return what a model has the value of a variable under."""
        found = self._declarations.get((index, sort))
        if found is None:
            found = z3.get_app_decl(self.context, self.variable(index, sort))
            self._declarations[(index, sort)] = found
        return found

    def switch(self, index: int) -> int:
        """Return a boolean that turns a condition on when it is assumed."""
        while index >= len(self._switches):
            symbol = z3.mk_int_symbol(self.context, 4 * len(self._switches) + 3)
            self._switches.append(z3.mk_const(self.context, symbol, self._sorts[BOOL]))
        return self._switches[index]

    def fresh(self, sort: int) -> int:
        """Return a variable that is in no program."""
        self._fresh += 1
        symbol = z3.mk_string_symbol(self.context, b"a%d" % self._fresh)
        found: int = z3.mk_const(self.context, symbol, self._sorts[sort])
        return found

    def number(self, above: int | str, below: int | str = 1, sort: int = INT) -> int:
        """Return a literal of this value; large numbers are given in hexadecimal."""
        key = (sort, above, below)
        found = self._numbers.get(key)
        if found is None:
            if isinstance(above, int) and below == 1:
                found = z3.mk_int64(self.context, above, self._sorts[sort])
            else:
                text = _decimal(above) if below == 1 else f"{_decimal(above)}/{_decimal(below)}"
                found = z3.mk_numeral(self.context, text.encode(), self._sorts[sort])
            self._numbers[key] = found
        return found

    def in_range(self, term: int, bits: int) -> int:
        """Return that an integer fits a signed machine integer."""
        limits = self._limits.get(bits)
        if limits is None:
            half = 1 << (bits - 1)
            limits = self.number(format(-half, "x")), self.number(format(half - 1, "x"))
            self._limits[bits] = limits
        low, high = limits
        return self.all((z3.mk_le(self.context, low, term), z3.mk_le(self.context, term, high)))

    def all(self, terms: Sequence[int]) -> int:
        """Return the conjunction of terms, at least one."""
        if len(terms) == 1:
            return terms[0]
        found: int = z3.mk_and(self.context, len(terms), z3.array(terms))
        return found

    def any(self, terms: Sequence[int]) -> int:
        """Return the disjunction of terms, at least one."""
        if len(terms) == 1:
            return terms[0]
        found: int = z3.mk_or(self.context, len(terms), z3.array(terms))
        return found

    def negation(self, term: int) -> int:
        """Return what holds where `term` does not."""
        found: int = z3.mk_not(self.context, term)
        return found


def _decimal(given: int | str) -> str:
    return str(int(given, 16) if isinstance(given, str) else given)
