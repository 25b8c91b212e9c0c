"""The values of numeric terms as polynomials; what is no polynomial gets a column of its own."""

from __future__ import annotations

from fractions import Fraction

from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from .book import Book
from .polynomial import ONE, Number, Polynomial, add, combine, power, product, scale

__all__ = ["Values", "constant"]

SUM, NEGATE = Op.SUM, Op.NEGATE  # looking a member up in its class takes longer than comparing it


def constant(polynomial: Polynomial) -> Number | None:
    """Give the number that a polynomial is, or None."""
    if not polynomial:
        return 0
    return polynomial.get(ONE) if len(polynomial) == 1 else None


class Values:
    """Polynomials of terms.

    `special` is set when a term was met whose definedness says something: a division, a choice,
    an integer that must stay in its range. Polynomials handed out must not be changed.
    """

    __slots__ = ("book", "columns", "int_bits", "known", "special")

    def __init__(self, book: Book, int_bits: int | None) -> None:
        self.book = book
        self.int_bits = int_bits
        self.columns: dict[Operation, str] = {}
        # By identity, since hashing is deep: the term, its value, whether it is special.
        self.known: dict[int, tuple[Operation, Polynomial, bool]] = {}
        self.special = False

    def difference(self, left: Term, right: Term) -> Polynomial:
        """Give `left - right`."""
        result: Polynomial = {}
        self.gather(left, 1, result)
        self.gather(right, -1, result)
        return result

    def of(self, term: Term) -> Polynomial:
        """Give the value of one term."""
        result: Polynomial = {}
        self.gather(term, 1, result)
        return result

    def gather(self, term: Term, factor: Number, into: Polynomial) -> None:
        """Add `factor` times the value of a term to a polynomial."""
        if isinstance(term, Variable):
            total = into.get(term.name, 0) + factor
            if total:
                into[term.name] = total
            else:
                del into[term.name]  # it was there: `factor` is not 0
            return
        if self.int_bits is not None:
            self.special = True
        if isinstance(term, Literal):
            number: Number = term.value
            if type(number) is Fraction and number.denominator == 1:
                number = number.numerator
            if number:
                add(into, {ONE: number}, factor)
        elif term.op is SUM:
            for sign, argument in zip(term.signs, term.arguments, strict=True):
                self.gather(argument, factor if sign == "+" else -factor, into)
        elif term.op is NEGATE:
            self.gather(term.arguments[0], -factor, into)
        else:
            self._gather_other(term, factor, into)

    def _gather_other(self, term: Operation, factor: Number, into: Polynomial) -> None:
        """Add a value that is worth remembering."""
        known = self.known.get(id(term))
        if known is None:
            outside, self.special = self.special, term.op not in (Op.MULTIPLY, Op.POWER)
            value = self._operation(term)
            known = (term, value, self.special)  # the term is kept, or its id might be reused
            self.known[id(term)] = known
            self.special = outside
        _, value, special = known
        self.special = self.special or special
        self.book.spend(len(value) + 1)
        add(into, value, factor)

    def column(self, operation: Operation) -> Polynomial:
        """Give the column that stands for an operation; equal operations share one."""
        self.book.spend(10)
        name = self.columns.get(operation)
        if name is None:
            name = f"#{len(self.columns)}"
            self.columns[operation] = name
            self.book.operations[name] = operation
            if operation.sort is not Sort.INT and operation.op is not Op.FLOOR_DIVIDE:
                self.book.reals.add(name)
        return {name: 1}

    def quotient(self, operation: Operation) -> Polynomial:
        """Give the value of `x // y` for an operation `x // y` or `x % y`."""
        if operation.op is Op.FLOOR_DIVIDE:
            return self._folded(operation)
        return self._folded(Operation(Op.FLOOR_DIVIDE, operation.arguments, operation.sort))

    def _operation(self, term: Operation) -> Polynomial:
        op = term.op
        if op is Op.MULTIPLY:
            result = self.of(term.arguments[0])
            for argument in term.arguments[1:]:
                factor = self.of(argument)
                self.book.spend(len(result) * len(factor))
                result = product(result, factor)
            return result
        if op is Op.POWER:
            exponent = term.arguments[1]
            assert isinstance(exponent, Literal)  # by construction
            result = power(self.of(term.arguments[0]), int(exponent.value))
            self.book.spend(len(result) ** 2)
            return result
        if op is Op.DIVIDE:
            divisor = constant(self.of(term.arguments[1]))
            if divisor:
                return scale(self.of(term.arguments[0]), 1 / Fraction(divisor))
            return self.column(term)
        if op is Op.MODULO:
            back = product(self.of(term.arguments[1]), self.quotient(term))
            return combine(self.of(term.arguments[0]), 1, back, -1)
        return self._folded(term)

    def _folded(self, term: Operation) -> Polynomial:
        """Compute a choice or a quotient of constants, or give its column."""
        if term.op is Op.ITE:
            return self.column(term)
        numbers = [constant(self.of(argument)) for argument in term.arguments]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            return self.column(term)
        value: Number
        match term.op:
            case Op.MIN | Op.MAX:
                value = sorted(known)[0 if term.op is Op.MIN else -1]
            case Op.ABS:
                value = known[0] if known[0] >= 0 else -known[0]
            case _:
                if not known[1]:
                    return self.column(term)
                value = Fraction(known[0]) // known[1]
        return {ONE: value} if value else {}
