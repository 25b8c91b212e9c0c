"""From programs to terms of z3, with what makes each of them defined; runs in workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, final

from . import binding as z3
from .formula import BOOL, CODES, INT, REAL
from .terms import Terms

__all__ = ["Builder", "Built"]

_FLAT_POWER: Final = 64  # larger exponents are squared: only constants have them
_VARIABLE, _INT, _REAL, _BOOL = (CODES[name] for name in ("variable", "int", "real", "bool"))
_ARITHMETIC: Final = frozenset(CODES[op] for op in ("-x", "**", "abs", "//"))


class Built(NamedTuple):
    """A condition as terms of z3.

    `defined` is None where no assignment leaves it undefined. `axioms` hold whatever the
    variables are: they only say what auxiliary variables mean.
    """

    value: int
    defined: int | None
    axioms: tuple[int, ...]


class _Item(NamedTuple):
    """One operand; `number` is the value, or the numerator, of a literal that is not large."""

    term: int
    sort: int
    defined: int | None
    number: int | None = None


@final
class Builder:
    """Builds conditions in one context; equal programs are built once.

    `size` counts operands built so far.
    """

    def __init__(self, terms: Terms) -> None:
        self.size = 0
        self._terms = terms
        self._context = terms.context
        self._quotients: dict[tuple[int, int], tuple[int, int, tuple[int, ...]]] = {}
        self._built: dict[Any, Built] = {}
        self._bits: int | None = None
        self._axioms: list[int] = []
        self._operations = self._table()

    def build(self, program: Sequence[int | str], sorts: Sequence[int], bits: int | None) -> Built:
        """Build a condition.

        Args:
            program: As `formula.program` makes it.
            sorts: Of the variables, by index.
            bits: Width of machine integers, or None.
        """
        key = (bits, *sorts, None, *program)
        built = self._built.get(key)
        if built is None:
            built = self._built[key] = self._build(program, sorts, bits)
        return built

    def _build(self, program: Sequence[Any], sorts: Sequence[int], bits: int | None) -> Built:
        self._bits = bits
        self._axioms = []
        stack: list[_Item] = []
        tokens = iter(program)
        for code in tokens:
            if code == _VARIABLE:
                index = next(tokens)
                stack.append(_Item(self._terms.variable(index, sorts[index]), sorts[index], None))
            elif code == _INT:
                stack.append(self._integer(next(tokens)))
            elif code == _REAL:
                stack.append(self._exact(next(tokens), next(tokens)))
            elif code == _BOOL:
                stack.append(
                    _Item(self._terms.true if next(tokens) else self._terms.false, BOOL, None)
                )
            else:
                operand = next(tokens)
                count = operand if isinstance(operand, int) else len(operand)
                arguments = stack[-count:]
                del stack[-count:]
                self.size += count
                item = self._operations[code](arguments, operand)
                if code in _ARITHMETIC:
                    item = self._checked(item)
                stack.append(item)
        (result,) = stack
        return Built(result.term, result.defined, tuple(self._axioms))

    def _integer(self, given: int | str) -> _Item:
        defined = None
        if self._bits is not None:
            value = int(given, 16) if isinstance(given, str) else given
            half = 1 << (self._bits - 1)
            defined = None if -half <= value < half else self._terms.false
        return _Item(
            self._terms.number(given), INT, defined, given if isinstance(given, int) else None
        )

    def _exact(self, above: int | str, below: int | str) -> _Item:
        number = above if isinstance(above, int) else None
        return _Item(self._terms.number(above, below, REAL), REAL, None, number)

    def _both(self, *defined: int | None) -> int | None:
        needed = [one for one in dict.fromkeys(defined) if one is not None]
        return self._terms.all(needed) if needed else None

    def _checked(self, item: _Item) -> _Item:
        if self._bits is None or item.sort != INT:
            return item
        return item._replace(
            defined=self._both(item.defined, self._terms.in_range(item.term, self._bits))
        )

    # Each takes its operands and the number or signs that came with it

    def _table(self) -> dict[int, Callable[[list[_Item], Any], _Item]]:
        table: dict[str, Callable[[list[_Item], Any], _Item]] = {
            "-x": self._negate,
            "+": self._sum,
            "*": self._product,
            "/": self._divide,
            "//": lambda items, _: self._floor(items, quotient=True),
            "%": lambda items, _: self._floor(items, quotient=False),
            "**": self._power,
            "min": lambda items, _: self._choose(items, z3.mk_le),
            "max": lambda items, _: self._choose(items, z3.mk_ge),
            "abs": self._absolute,
            "ite": self._ite,
            "==": lambda items, _: self._compare(items, z3.mk_eq),
            "!=": self._differ,
            "<": lambda items, _: self._compare(items, z3.mk_lt),
            "<=": lambda items, _: self._compare(items, z3.mk_le),
            ">": lambda items, _: self._compare(items, z3.mk_gt),
            ">=": lambda items, _: self._compare(items, z3.mk_ge),
            "and": lambda items, _: self._connect(items, self._terms.all, go_on=lambda term: term),
            "or": lambda items, _: self._connect(
                items, self._terms.any, go_on=self._terms.negation
            ),
            "not": lambda items, _: items[0]._replace(term=self._terms.negation(items[0].term)),
            "=>": self._imply,
        }
        return {CODES[name]: function for name, function in table.items()}

    def _real(self, item: _Item) -> int:
        if item.sort == REAL:
            return item.term
        if item.number is not None:
            return self._terms.number(item.number, 1, REAL)
        found: int = z3.mk_int2real(self._context, item.term)
        return found

    def _same(self, items: list[_Item]) -> tuple[list[int], int]:
        """Return operands as terms of one sort, and that sort."""
        sort = max(item.sort for item in items)
        if sort == REAL:
            return [self._real(item) for item in items], REAL
        return [item.term for item in items], sort

    def _negate(self, items: list[_Item], _: int) -> _Item:
        (item,) = items
        return _Item(z3.mk_unary_minus(self._context, item.term), item.sort, item.defined)

    def _sum(self, items: list[_Item], signs: str) -> _Item:
        defined = [item.defined for item in items]
        if self._bits is not None:
            defined += self._prefixes(items, signs)
        terms, sort = self._same(items)
        context = self._context
        if "-" not in signs:
            term = z3.mk_add(context, len(terms), z3.array(terms))
        elif "+" not in signs[1:]:
            term = z3.mk_sub(context, len(terms), z3.array(terms))
        else:
            signed = [
                one if sign == "+" else z3.mk_unary_minus(context, one)
                for one, sign in zip(terms, signs, strict=True)
            ]
            term = z3.mk_add(context, len(signed), z3.array(signed))
        return _Item(term, sort, self._both(*defined))

    def _prefixes(self, items: list[_Item], signs: str) -> list[int | None]:
        """Return that each prefix of integers fits: `a+b`, `a+b-c`."""
        assert self._bits is not None
        found: list[int | None] = []
        so_far = items[0].term
        for item, sign in zip(items[1:], signs[1:], strict=True):
            if items[0].sort != INT or item.sort != INT:
                break
            step = z3.mk_add if sign == "+" else z3.mk_sub
            so_far = step(self._context, 2, z3.array((so_far, item.term)))
            found.append(self._terms.in_range(so_far, self._bits))
        return found

    def _product(self, items: list[_Item], _: int) -> _Item:
        defined = [item.defined for item in items]
        if self._bits is not None:
            so_far = items[0].term
            for item in items[1:]:
                if items[0].sort != INT or item.sort != INT:
                    break
                so_far = z3.mk_mul(self._context, 2, z3.array((so_far, item.term)))
                defined.append(self._terms.in_range(so_far, self._bits))
        terms, sort = self._same(items)
        term = z3.mk_mul(self._context, len(terms), z3.array(terms))
        return _Item(term, sort, self._both(*defined))

    def _power(self, items: list[_Item], _: int) -> _Item:
        base, exponent = items
        assert exponent.number is not None
        number = exponent.number
        if number == 0:
            return _Item(self._terms.number(1, 1, base.sort), base.sort, base.defined)
        if number <= _FLAT_POWER:
            term = z3.mk_mul(self._context, number, z3.array([base.term] * number))
            return _Item(term if number > 1 else base.term, base.sort, base.defined)
        term = base.term
        for bit in format(number, "b")[1:]:
            factors = [term, term, base.term] if bit == "1" else [term, term]
            term = z3.mk_mul(self._context, len(factors), z3.array(factors))
        return _Item(term, base.sort, base.defined)

    def _divide(self, items: list[_Item], _: int) -> _Item:
        over, under = items
        term = z3.mk_div(self._context, self._real(over), self._real(under))
        return _Item(term, REAL, self._both(over.defined, under.defined, self._not_zero(under)))

    def _not_zero(self, item: _Item) -> int | None:
        if item.number is not None:
            return None if item.number else self._terms.false
        zero = self._terms.number(0, 1, item.sort)
        return self._terms.negation(z3.mk_eq(self._context, item.term, zero))

    def _floor(self, items: list[_Item], *, quotient: bool) -> _Item:
        over, under = items
        defined = self._both(over.defined, under.defined, self._not_zero(under))
        (first, second), sort = self._same(items)
        pair = self._quotients.get((first, second))
        if pair is None:
            divide = self._divide_real if sort == REAL else self._divide_integer
            pair = self._quotients[(first, second)] = divide(first, second, under.number)
        floor, rest, axioms = pair
        self._axioms += axioms
        return _Item(floor if quotient else rest, sort, defined)

    def _divide_real(
        self, over: int, under: int, number: int | None
    ) -> tuple[int, int, tuple[int, ...]]:
        context = self._context
        exact = z3.mk_div(context, over, under)
        floor = z3.mk_int2real(context, z3.mk_real2int(context, exact))
        product = z3.mk_mul(context, 2, z3.array((under, floor)))
        return floor, z3.mk_sub(context, 2, z3.array((over, product))), ()

    def _divide_integer(
        self, over: int, under: int, number: int | None
    ) -> tuple[int, int, tuple[int, ...]]:
        # z3 rounds so that the remainder is never negative; here it has the divisor's sign.
        context = self._context
        if number is not None and number > 0:
            return z3.mk_div(context, over, under), z3.mk_mod(context, over, under), ()
        if number is not None and number < 0:
            turned = z3.mk_unary_minus(context, over)
            size = self._terms.number(-number)
            rest = z3.mk_unary_minus(context, z3.mk_mod(context, turned, size))
            return z3.mk_div(context, turned, size), rest, ()
        floor, rest = self._terms.fresh(INT), self._terms.fresh(INT)
        zero = self._terms.number(0)
        product = z3.mk_mul(context, 2, z3.array((under, floor)))
        whole = z3.mk_add(context, 2, z3.array((product, rest)))
        up = z3.mk_gt(context, under, zero)
        down = z3.mk_lt(context, under, zero)
        exact = z3.mk_implies(context, self._terms.any((up, down)), z3.mk_eq(context, over, whole))
        above = self._terms.all((z3.mk_le(context, zero, rest), z3.mk_lt(context, rest, under)))
        below = self._terms.all((z3.mk_le(context, rest, zero), z3.mk_lt(context, under, rest)))
        axioms = (exact, z3.mk_implies(context, up, above), z3.mk_implies(context, down, below))
        return floor, rest, axioms

    def _choose(self, items: list[_Item], better: Callable[..., int]) -> _Item:
        terms, sort = self._same(items)
        best = terms[0]
        for term in terms[1:]:
            best = z3.mk_ite(self._context, better(self._context, best, term), best, term)
        return _Item(best, sort, self._both(*(item.defined for item in items)))

    def _absolute(self, items: list[_Item], _: int) -> _Item:
        (item,) = items
        context = self._context
        positive = z3.mk_ge(context, item.term, self._terms.number(0, 1, item.sort))
        negated = z3.mk_unary_minus(context, item.term)
        return _Item(z3.mk_ite(context, positive, item.term, negated), item.sort, item.defined)

    def _ite(self, items: list[_Item], _: int) -> _Item:
        test, first, second = items
        terms, sort = self._same([first, second])
        term = z3.mk_ite(self._context, test.term, *terms)
        branches = None
        if first.defined is not None or second.defined is not None:
            one, other = first.defined or self._terms.true, second.defined or self._terms.true
            branches = z3.mk_ite(self._context, test.term, one, other)
        return _Item(term, sort, self._both(test.defined, branches))

    def _compare(self, items: list[_Item], compare: Callable[..., int]) -> _Item:
        (first, second), _ = self._same(items)
        defined = self._both(items[0].defined, items[1].defined)
        return _Item(compare(self._context, first, second), BOOL, defined)

    def _differ(self, items: list[_Item], _: int) -> _Item:
        equal = self._compare(items, z3.mk_eq)
        return equal._replace(term=self._terms.negation(equal.term))

    def _connect(
        self,
        items: list[_Item],
        join: Callable[[Sequence[int]], int],
        *,
        go_on: Callable[[int], int],
    ) -> _Item:
        """Join from the left; each operand needs to be defined only where evaluation goes on."""
        defined = items[-1].defined
        for item in reversed(items[:-1]):
            if defined is not None:
                defined = z3.mk_implies(self._context, go_on(item.term), defined)
            defined = self._both(item.defined, defined)
        return _Item(join([item.term for item in items]), BOOL, defined)

    def _imply(self, items: list[_Item], _: int) -> _Item:
        first, second = items
        later = second.defined
        if later is not None:
            later = z3.mk_implies(self._context, first.term, later)
        term = z3.mk_implies(self._context, first.term, second.term)
        return _Item(term, BOOL, self._both(first.defined, later))
