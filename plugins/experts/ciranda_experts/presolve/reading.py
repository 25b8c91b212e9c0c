"""What conditions say, as formulas: the reading that certificates rely on.

It is written for its plainness and shares no code with what finds certificates. Every formula has
its parts in a fixed order, so that a path of indexes names one (see `certificate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor, gcd, lcm

from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from .formula import (
    FALSE,
    ONE,
    TRUE,
    Atom,
    Computed,
    Fact,
    Formula,
    Mode,
    Part,
    Relation,
    Sum,
    Sums,
    number_of,
)

__all__ = ["Reading"]

EQUAL, AT_LEAST, ABOVE = Relation.EQUAL, Relation.AT_LEAST, Relation.ABOVE
TRUTH, LIE, DEFINED, UNDEFINED = Mode.TRUE, Mode.FALSE, Mode.DEFINED, Mode.UNDEFINED
MAX_PARTS = 100_000


class Reading:
    """Reads the terms of one problem.

    Args:
        sorts: Of the variables.
        int_bits: Width of machine integers, if there are any.
        sums: Calculates, and counts what it takes.
    """

    def __init__(self, sorts: Mapping[str, Sort], int_bits: int | None, sums: Sums) -> None:
        self._sorts = sorts
        self._sums = sums
        # By identity, with what it belongs to: an id is free again when its term is gone.
        self._values: dict[int, tuple[Term, Sum]] = {}
        self._quotients: dict[int, tuple[Operation, Operation]] = {}
        self._computed: dict[Operation, Computed] = {}
        self.half = None if int_bits is None else 1 << (int_bits - 1)
        self._left = MAX_PARTS

    def formula(self, part: Part) -> Formula:
        """Take one level of a part apart.

        Raises:
            ValueError: That was asked too often: a certificate may be made to take long.
        """
        if isinstance(part, Formula):
            return part
        self._left -= 1
        if self._left < 0:
            raise ValueError("the certificate takes too long to check")
        mode, term = part
        if isinstance(term, Operation):
            self._sums.spend(len(term.arguments) ** 2)  # what is said of one may tell of all others
        if mode is UNDEFINED:
            return self._undefined(term)
        if mode is DEFINED:
            return self._defined(term)
        return self._truth(term, mode is TRUTH)

    def tight(self, fact: Fact) -> Fact:
        """Give a fact with coprime whole coefficients, rounded where all its atoms are whole."""
        coefficients = [number for monomial, number in fact.sum.items() if monomial != ONE]
        if not coefficients:
            return fact
        common = 1
        for number in fact.sum.values():
            common = lcm(common, number.denominator)
            # A number that is too large is refused here, before others are multiplied by it.
            self._sums.combination((Fraction(1, common), {ONE: number}))
        unit = Fraction(1, common)
        if self.whole(fact.sum):
            unit *= gcd(*(int(number / unit) for number in coefficients))
        result = self._sums.combination((1 / unit, fact.sum))
        if not self.whole(fact.sum):
            return Fact(result, fact.relation)
        number = result.pop(ONE, Fraction(0))
        if fact.relation is EQUAL:
            if number.denominator > 1:
                return Fact({ONE: Fraction(1)}, EQUAL)
            self._sums.plus(result, {ONE: number}, Fraction(1))
            return Fact(result, EQUAL)
        least = floor(number) if fact.relation is AT_LEAST or number.denominator > 1 else number - 1
        self._sums.plus(result, {ONE: Fraction(least)}, Fraction(1))
        return Fact(result, AT_LEAST)

    def whole(self, summand: Sum) -> bool:
        """Say whether all atoms of a sum have whole values only."""
        return all(self._integral(atom) for monomial in summand for atom, _ in monomial)

    def value(self, term: Term) -> Sum:
        """Give the value of a numeric term, wherever it is defined."""
        known = self._values.get(id(term))
        if known is None:
            known = self._values[id(term)] = term, self._value(term)
        return known[1]

    def atom(self, operation: Operation) -> Computed:
        """Give what stands for the value of an operation, the same for all that are equal."""
        return self._computed.setdefault(operation, Computed(operation))

    def quotient(self, operation: Operation) -> Operation:
        """Give the `x // y` that an `x // y` or `x % y` is about."""
        if operation.op is Op.FLOOR_DIVIDE:
            return operation
        known = self._quotients.get(id(operation))
        if known is None:
            made = Operation(Op.FLOOR_DIVIDE, operation.arguments, operation.sort)
            known = self._quotients[id(operation)] = operation, made
        return known[1]

    def _value(self, term: Term) -> Sum:  # noqa: PLR0911  (one for each operator)
        self._sums.spend(1)
        if isinstance(term, Variable):
            return {frozenset({(term.name, 1)}): Fraction(1)}
        if isinstance(term, Literal):
            return {ONE: Fraction(term.value)} if term.value else {}
        values = [
            self.value(argument) for argument in term.arguments if argument.sort is not (Sort.BOOL)
        ]
        match term.op:
            case Op.NEGATE:
                return self._sums.combination((-1, values[0]))
            case Op.SUM:
                signs = [1 if sign == "+" else -1 for sign in term.signs]
                return self._sums.combination(*zip(signs, values, strict=True))
            case Op.MULTIPLY:
                result = values[0]
                for factor in values[1:]:
                    result = self._sums.multiply(result, factor)
                return result
            case Op.POWER:
                result = {ONE: Fraction(1)}
                for _ in range(int(values[1].get(ONE, 0))):
                    result = self._sums.multiply(result, values[0])
                return result
            case Op.MODULO:
                back = self._sums.multiply(values[1], self.value(self.quotient(term)))
                return self._sums.combination((1, values[0]), (-1, back))
            case Op.DIVIDE:
                divisor = number_of(values[1])
                if divisor:
                    return self._sums.combination((1 / divisor, values[0]))
        return self._folded(term, values)

    def _folded(self, term: Operation, values: list[Sum]) -> Sum:
        """Give an operation of numbers by its result, any other by an atom of its own."""
        known = [number for number in map(number_of, values) if number is not None]
        if len(known) == len(values):
            match term.op:
                case Op.MIN:
                    return self._sums.combination((min(known), {ONE: Fraction(1)}))
                case Op.MAX:
                    return self._sums.combination((max(known), {ONE: Fraction(1)}))
                case Op.ABS:
                    return self._sums.combination((abs(known[0]), {ONE: Fraction(1)}))
                case Op.FLOOR_DIVIDE if known[1]:
                    return self._sums.combination((known[0] // known[1], {ONE: Fraction(1)}))
        return {frozenset({(self.atom(term), 1)}): Fraction(1)}

    def _integral(self, atom: Atom) -> bool:
        if isinstance(atom, str):
            return self._sorts[atom] is Sort.INT
        operation = atom.operation
        return operation.sort is Sort.INT or operation.op is Op.FLOOR_DIVIDE

    def _fact(self, relation: Relation, *summands: tuple[int, Sum]) -> Formula:
        return Formula(fact=self.tight(Fact(self._sums.combination(*summands), relation)))

    def _apart(self, summand: Sum) -> Formula:
        """Say that a sum is not 0: below it, or above."""
        return Formula(
            (self._fact(ABOVE, (-1, summand)), self._fact(ABOVE, (1, summand))), any=True
        )

    def _truth(self, term: Term, true: bool) -> Formula:  # noqa: PLR0911  (one for each operator)
        """Say that a condition is defined and true, or defined and false."""
        if isinstance(term, Literal):
            return TRUE if term.value is true else FALSE
        if isinstance(term, Variable):
            return Formula(variable=(term.name, true))
        arguments = term.arguments
        same, other = (TRUTH, LIE) if true else (LIE, TRUTH)
        match term.op:
            case Op.NOT:
                return Formula(((other, arguments[0]),))
            case Op.AND | Op.OR if true is (term.op is Op.AND):
                return Formula(tuple((same, argument) for argument in arguments))
            case Op.AND | Op.OR:
                return Formula(_first(arguments, other, same), any=True)
            case Op.IMPLIES:
                first, second = arguments
                if not true:
                    return Formula(((TRUTH, first), (LIE, second)))
                both = Formula(((TRUTH, first), (TRUTH, second)))
                return Formula((Formula(((LIE, first),)), both), any=True)
            case Op.ITE:
                test, then, rest = arguments
                chosen = Formula(((TRUTH, test), (same, then)))
                return Formula((chosen, Formula(((LIE, test), (same, rest)))), any=True)
        left, right = arguments
        if left.sort is Sort.BOOL:
            alike = true is (term.op is Op.EQUAL)
            ways = ((TRUTH, LIE), (LIE, TRUTH))
            return Formula(
                tuple(
                    Formula(((mode, left), (mode if alike else opposite, right)))
                    for mode, opposite in ways
                ),
                any=True,
            )
        return self._comparison(term.op, left, right, true)

    def _comparison(self, op: Op, left: Term, right: Term, true: bool) -> Formula:
        defined: tuple[Part, ...] = ((DEFINED, left), (DEFINED, right))
        first, second = self.value(left), self.value(right)
        if op in (Op.EQUAL, Op.NOT_EQUAL):
            if true is (op is Op.EQUAL):
                return Formula(defined, fact=self._fact(EQUAL, (1, first), (-1, second)).fact)
            return Formula(
                (*defined, self._apart(self._sums.combination((1, first), (-1, second))))
            )
        if op in (Op.LESS, Op.LESS_EQUAL):
            first, second = second, first
        strict = op in (Op.LESS, Op.GREATER)
        if not true:
            first, second, strict = second, first, not strict
        relation = ABOVE if strict else AT_LEAST
        return Formula(defined, fact=self._fact(relation, (1, first), (-1, second)).fact)

    def _defined(self, term: Term) -> Formula:
        """Say that a numeric term is defined, and what the atoms in it are."""
        if not isinstance(term, Operation):
            return FALSE if isinstance(term, Literal) and self._outside(term) else TRUE
        arguments = term.arguments
        if term.op is Op.ITE:
            value = self.value(term)
            return Formula(
                tuple(
                    Formula(
                        ((mode, arguments[0]), (DEFINED, branch)),
                        fact=self._fact(EQUAL, (1, value), (-1, self.value(branch))).fact,
                    )
                    for mode, branch in zip((TRUTH, LIE), arguments[1:], strict=True)
                ),
                any=True,
            )
        divides = term.op in (Op.DIVIDE, Op.FLOOR_DIVIDE, Op.MODULO)
        nonzero = self._apart(self.value(arguments[1])) if divides else TRUE
        within = [
            self._fact(relation, (sign, integer), (1, {ONE: Fraction(self.half or 0)}))
            for integer in self._integers(term)
            for sign, relation in ((-1, ABOVE), (1, AT_LEAST))
        ]
        defined = tuple((DEFINED, argument) for argument in arguments)
        return Formula((*defined, nonzero, self._meaning(term), Formula(tuple(within))))

    def _undefined(self, term: Term) -> Formula:  # noqa: PLR0911  (one for each operator)
        """Say that a term is undefined."""
        if not isinstance(term, Operation):
            return TRUE if isinstance(term, Literal) and self._outside(term) else FALSE
        arguments = term.arguments
        inner: tuple[Part, ...] = tuple((UNDEFINED, argument) for argument in arguments)
        match term.op:
            case Op.NOT:
                return Formula(inner)
            case Op.AND | Op.IMPLIES:
                return Formula(_first(arguments, TRUTH, UNDEFINED), any=True)
            case Op.OR:
                return Formula(_first(arguments, LIE, UNDEFINED), any=True)
            case Op.ITE:
                test = arguments[0]
                chosen = Formula(((TRUTH, test), inner[1]))
                passed = Formula(((LIE, test), inner[2]))
                return Formula((Formula(inner[:1]), chosen, passed), any=True)
            case _ if term.sort is Sort.BOOL:
                return Formula(inner, any=True)
        defined: tuple[Part, ...] = tuple((DEFINED, argument) for argument in arguments)
        zero = outside = FALSE
        if term.op in (Op.DIVIDE, Op.FLOOR_DIVIDE, Op.MODULO):
            zero = Formula(defined, fact=self._fact(EQUAL, (1, self.value(arguments[1]))).fact)
        integers = self._integers(term)
        if integers:
            beyond = [
                self._fact(relation, (sign, integer), (-1, {ONE: Fraction(self.half or 0)}))
                for integer in integers
                for sign, relation in ((1, AT_LEAST), (-1, ABOVE))
            ]
            outside = Formula((*defined, self._meaning(term), Formula(tuple(beyond), any=True)))
        return Formula((*inner, zero, outside), any=True)

    def _outside(self, literal: Literal) -> bool:
        whole = literal.sort is Sort.INT and self.half is not None
        return whole and not -(self.half or 0) <= literal.value < (self.half or 0)

    def _integers(self, term: Operation) -> list[Sum]:
        """List the integers computed on the way to the value of a term, and it, if they matter."""
        if self.half is None:
            return []
        if term.op not in (Op.SUM, Op.MULTIPLY):
            return [self.value(term)] if term.sort is Sort.INT else []
        found: list[Sum] = []
        for count in range(2, len(term.arguments) + 1):
            if any(argument.sort is not Sort.INT for argument in term.arguments[:count]):
                break
            part = Operation(term.op, term.arguments[:count], Sort.INT, term.signs[:count])
            found.append(self.value(part))
        return found

    def _meaning(self, term: Operation) -> Formula:  # noqa: PLR0911  (one for each operator)
        """Say what the atom of an operation is, its arguments being defined."""
        op = term.op
        if op not in (Op.MIN, Op.MAX, Op.ABS, Op.DIVIDE, Op.FLOOR_DIVIDE, Op.MODULO):
            return TRUE
        values = [self.value(argument) for argument in term.arguments]
        atom = self.value(term)
        if op in (Op.MIN, Op.MAX, Op.ABS):
            if number_of(atom) is not None:
                return TRUE
            if op is Op.ABS:
                values.append(self._sums.combination((-1, values[0])))
            sign = -1 if op is Op.MIN else 1
            edges = [self._fact(AT_LEAST, (sign, atom), (-sign, value)) for value in values]
            equal = [self._fact(EQUAL, (1, atom), (-1, value)) for value in values]
            return Formula((*edges, Formula(tuple(equal), any=True)))
        left, right = values
        divisor = number_of(right)
        if op is Op.DIVIDE:
            if divisor is not None:
                return TRUE
            return Formula((self._fact(EQUAL, (1, self._sums.multiply(atom, right)), (-1, left)),))
        quotient = self.value(self.quotient(term))
        if number_of(quotient) is not None or divisor == 0:
            return TRUE
        rest = self._sums.combination((1, left), (-1, self._sums.multiply(quotient, right)))

        def remains(sign: int) -> list[Formula]:
            return [
                self._fact(AT_LEAST, (sign, rest)),
                self._fact(ABOVE, (sign, right), (-sign, rest)),
            ]

        if divisor is not None:
            return Formula(tuple(remains(1 if divisor > 0 else -1)))
        ways = [Formula((self._fact(ABOVE, (sign, right)), *remains(sign))) for sign in (1, -1)]
        return Formula(tuple(ways), any=True)


def _first(arguments: tuple[Term, ...], before: Mode, mode: Mode) -> tuple[Part, ...]:
    """Say which argument is the first of which something is so; it is not of those before."""
    return tuple(
        Formula((*((before, earlier) for earlier in arguments[:index]), (mode, argument)))
        for index, argument in enumerate(arguments)
    )
