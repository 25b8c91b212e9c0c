"""One question to one solver of z3: what is assumed, what comes back; runs in workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, final

from . import binding as z3
from .formula import BOOL, INT, REAL, numeral
from .terms import Terms

__all__ = ["Asked", "Solving", "failed", "parameters"]

_ROUGH: Final = (1, 3, 8)  # decimal digits to which an irrational number is replaced
_ANY: Final[dict[int, Any]] = {BOOL: False, INT: 0, REAL: (0, 1)}
_EXACT: Final = 24  # decimal digits of the interval told when nothing rational does


class Asked(NamedTuple):
    """What is assumed, switches by key, and the sorts of the variables of a model."""

    switches: Mapping[int, int]
    sorts: Sequence[int]


def failed(context: int) -> None:
    """Raise what z3 has noted, if anything.

    Raises:
        MemoryError: The memory that it may use is exhausted.
        RuntimeError: Anything else.
    """
    code = z3.get_error_code(context)
    if code:
        message = z3.get_error_msg(context, code).decode("utf-8", "replace")
        if code == z3.OUT_OF_MEMORY or "memory" in message:
            raise MemoryError(f"z3: {message}")
        raise RuntimeError(f"z3: {message}")


def parameters(context: int, solver: int, values: Mapping[str, int]) -> None:
    """Set parameters of a solver."""
    params = z3.mk_params(context)
    z3.params_inc_ref(context, params)
    for name, value in values.items():
        symbol = z3.mk_string_symbol(context, name.encode())
        z3.params_set_uint(context, params, symbol, value)
    z3.solver_set_params(context, solver, params)
    z3.params_dec_ref(context, params)
    failed(context)


@final
class Solving:
    """A solver of z3 with its assertions. `close` gives it back."""

    __slots__ = ("_context", "_terms", "solver")

    def __init__(self, terms: Terms, solver: int) -> None:
        failed(terms.context)
        self._terms = terms
        self._context = terms.context
        self.solver = solver
        z3.solver_inc_ref(self._context, solver)

    def close(self) -> None:
        """Give the solver back; it is not to be used afterwards."""
        z3.solver_dec_ref(self._context, self.solver)

    def add(self, term: int) -> None:
        """Assert a term."""
        z3.solver_assert(self._context, self.solver, term)

    def check(self, switches: Sequence[int]) -> int:
        """Ask whether what is asserted and assumed can hold.

        Raises:
            MemoryError, RuntimeError: As `failed`.
        """
        context = self._context
        result: int = z3.solver_check_assumptions(
            context, self.solver, len(switches), z3.array(switches)
        )
        failed(context)
        if result == z3.UNKNOWN and "memory" in self.reason():
            raise MemoryError(f"z3: {self.reason()}")
        return result

    def reason(self) -> str:
        """Say why the last answer was unknown, in words of z3."""
        text: bytes = z3.solver_get_reason_unknown(self._context, self.solver)
        return text.decode("utf-8", "replace")

    def core(self, asked: Asked) -> list[int]:
        """Return the keys of what the last contradiction needs."""
        context = self._context
        vector = z3.solver_get_unsat_core(context, self.solver)
        z3.ast_vector_inc_ref(context, vector)
        size = z3.ast_vector_size(context, vector)
        found = {z3.ast_vector_get(context, vector, at) for at in range(size)}
        z3.ast_vector_dec_ref(context, vector)
        return [key for key, switch in asked.switches.items() if switch in found]

    def smaller(self, asked: Asked, core: list[int], checks: int) -> list[int]:
        """Return a core without conditions that it does not need, after so many checks at most."""
        kept = list(core)
        for condition in core:
            if checks <= 0 or len(kept) == 1:
                break
            checks -= 1
            rest = [one for one in kept if one != condition]
            if self.check([asked.switches[one] for one in rest]) == z3.UNSAT:
                kept = [one for one in self.core(asked) if one in rest] or rest
        return kept

    def model(self, asked: Asked) -> tuple[list[Any], bool]:
        """Return a value by variable, after an answer of satisfiable, and whether it is rational.

        Where z3 found irrational numbers, rational ones near them are tried. An irrational
        value is four numerals: the bounds of an interval that it lies in.
        """
        pushed = 0
        values, irrational = self._values(asked.sorts)
        first = values
        while irrational:
            z3.solver_push(self._context, self.solver)
            pushed += 1
            if not self._fix(asked, *next(iter(irrational.items()))):
                break
            values, irrational = self._values(asked.sorts)
        if pushed:
            z3.solver_pop(self._context, self.solver, pushed)
        return (first, False) if irrational else (values, True)

    def _fix(self, asked: Asked, index: int, number: int) -> bool:
        """Replace an irrational number by a rational one near it, if that is possible."""
        context = self._context
        variable = self._terms.variable(index, REAL)
        switches = list(asked.switches.values())
        for digits in _ROUGH:
            for bound in (z3.get_algebraic_number_lower, z3.get_algebraic_number_upper):
                near = z3.mk_eq(context, variable, bound(context, number, digits))
                z3.solver_push(context, self.solver)
                self.add(near)
                result = self.check(switches)
                z3.solver_pop(context, self.solver, 1)
                if result == z3.SAT:
                    self.add(near)
                    return self.check(switches) == z3.SAT
        return False

    def _values(self, sorts: Sequence[int]) -> tuple[list[Any], dict[int, int]]:
        context = self._context
        model = z3.solver_get_model(context, self.solver)
        z3.model_inc_ref(context, model)
        irrational: dict[int, int] = {}
        values: list[Any] = []
        for index, sort in enumerate(sorts):
            declaration = self._terms.declaration(index, sort)
            term = z3.model_get_const_interp(context, model, declaration)
            if term is None:  # any value will do
                values.append(_ANY[sort])
            elif sort == BOOL:
                values.append(z3.get_bool_value(context, term) == z3.TRUE)
            elif sort == INT:
                values.append(self._rational(term)[0])
            elif z3.is_algebraic_number(context, term):
                irrational[index] = term
                values.append(self._interval(term))
            else:
                values.append(self._rational(term))
        z3.model_dec_ref(context, model)
        failed(context)
        return values, irrational

    def _interval(self, number: int) -> tuple[int | str, ...]:
        context = self._context
        low = z3.get_algebraic_number_lower(context, number, _EXACT)
        high = z3.get_algebraic_number_upper(context, number, _EXACT)
        return (*self._rational(low), *self._rational(high))

    def _rational(self, number: int) -> tuple[int | str, int | str]:
        text = z3.get_numeral_string(self._context, number)
        above, _, below = text.partition(b"/")
        return numeral(int(above)), numeral(int(below)) if below else 1
