"""Checking that a problem has no model, from a certificate and nothing else.

The conditions are read as formulas in which every place has a path: `pre[0]/1` is part 1 of what
`pre[0]` says when it is defined and true; `post[0]` is one of two: `/0` it is false, `/1` it is
undefined. Where a problem asks whether `assume` can be undefined, `undefined/2` says that its
condition number 2 is undefined, and those before it are true. A certificate is plain data,
`{"proof": NODE}`, where a NODE is one of

- `{"false": PATH}`: what stands there is false by itself;
- `{"clash": [PATH, PATH]}`: one variable, true at one and false at the other;
- `{"split": PATH, "branches": [NODE, ...]}`: one of the parts of that place holds, and none can;
- `{"sum": {NAME: "3/2", ...}, "steps": [STEP, ...]}`: facts, times numbers, add up to a falsehood
  such as 0 > 0. A NAME is a path, `low(x)` or `high(x)` for the range of a machine integer, or
  `#2` for a step. A STEP is a sum; a sum with `"cut": true` (whole numbers: rounded), or with
  `"times": [ATOM, ...]` (of equations alone); `{"product": [NAME, NAME]}`, `{"square": [ATOM,
  ...]}`, or one of the two below.
- `{"cases": POLYNOMIAL, "as": "case:1", "branches": [NODE, NODE, NODE]}`: the polynomial is below
  0 (the fact `case:1/0`), it is 0 (`case:1/1`), or it is above (`case:1/2`).
- `{"factors": NODE of a sum, "left": POLYNOMIAL, "right": POLYNOMIAL, "primes": {"5": "2", ...},
  "as": "case:2", "branches": [...]}`: the sum says that the product of two polynomials of whole
  numbers is a number other than 0 with these prime factors. There is a branch for each of its
  divisors, from the least to the greatest: the left one is that (`case:2/0/0`), the right one is
  the quotient (`case:2/0/1`).

An ATOM is a variable, or an operation such as `x // y` by its text, which stands for its value. A
POLYNOMIAL is a list of `["3/2", ATOM, ...]`. Two more steps are about whole numbers alone:

- a sum with `"modulus": 6, "within": [[NAME], [NAME, NAME], ...]`: what it leaves when divided by
  6 is one of a few residues, found by trying all, so it is at least the least of them. Those that
  break an equation `[NAME]`, or two bounds of one polynomial `[NAME, NAME]`, need no trying.
- `{"descent": NAME, "modulus": 8, "divisor": 2, "of": ATOM}`: the atom is 0, since the equation
  is homogeneous and leaves 0 for 8 only where all atoms are even: a solution could be halved
  without end.

A fact over whole numbers is as tight as it can be: `2*x > 3` is read as `x - 2 >= 0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from ..exact import number_of
from ..intent.tree import Op, Operation, Sort, Term
from ..intent.writing import write
from .congruence import Window, divisors, only_zero, residues
from .formula import FALSE, ONE, Atom, Fact, Formula, Mode, Relation, Sum, Sums
from .problem import Problem
from .reading import Reading

__all__ = ["check"]

UNDEFINED = "undefined"
EQ = Relation.EQUAL


WORK: Final = 1_000_000  # twenty times what those of the pre-solver take


def check(problem: Problem, certificate: Mapping[str, Any], sums: Sums | None = None) -> bool:
    """Say whether a certificate proves that a problem has no model; trust nothing in it.

    Args:
        problem: The problem.
        certificate: Plain data.
        sums: Calculates, with as much work as may be left; what takes more proves nothing.
    """
    try:
        return _Checker(problem, sums or Sums(WORK)).refutes(certificate["proof"], {})
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return False  # not of the form that is described above


class _Checker:
    def __init__(self, problem: Problem, sums: Sums) -> None:
        self._problem = problem
        self._sums = sums
        self._reading = Reading(problem.sorts, problem.int_bits, sums)
        self._places = {condition.where: index for index, condition in enumerate(problem.assume)}
        self._formulas: dict[str, Formula] = {}
        self._cases: dict[str, list[list[Fact]]] = {}  # the last ones of each name
        self._atoms: dict[str, Atom] = {}
        claimed = problem.violate
        names = len(problem.assume) + (claimed is not None)
        if len(self._places.keys() | ({claimed.where} if claimed else set())) < names:
            raise ValueError("two conditions have one name")

    def refutes(self, node: Mapping[str, Any], chosen: Mapping[str, int]) -> bool:
        """Say whether a node shows that what was chosen cannot be."""
        self._sums.spend(10 + len(chosen))
        if "false" in node:
            return self._is_false(self._at(node["false"], chosen))
        if "clash" in node:
            first, second = (self._at(path, chosen).variable for path in node["clash"])
            return first is not None and second == (first[0], not first[1])
        if "cases" in node or "factors" in node:
            cases = self._sides(node) if "cases" in node else self._factors(node, chosen)
            return self._none(node, cases, chosen)
        if "split" in node:
            path, branches = node["split"], node["branches"]
            if path == UNDEFINED and self._problem.undefined:
                count = len(self._problem.assume)
            else:
                place = self._at(path, chosen)
                if not place.any:
                    return False
                count = len(place.parts)
            return len(branches) == count and all(
                self.refutes(branch, {**chosen, path: index})
                for index, branch in enumerate(branches)
            )
        return self._total(node, chosen).impossible

    def _total(self, node: Mapping[str, Any], chosen: Mapping[str, int]) -> Fact:
        steps: dict[str, Fact] = {}
        for index, step in enumerate(node.get("steps", ())):
            steps[f"#{index}"] = self._step(step, chosen, steps)
        return self._sum(node["sum"], chosen, steps)

    def _none(
        self, node: Mapping[str, Any], cases: list[list[Fact]], chosen: Mapping[str, int]
    ) -> bool:
        """Say whether none of some cases can be, with what each of them says as facts."""
        name, branches = node["as"], node["branches"]
        if name in chosen or not name.startswith("case:") or len(branches) != len(cases):
            return False
        for index, branch in enumerate(branches):
            self._cases[name] = cases
            if not self.refutes(branch, {**chosen, name: index}):
                return False
        return True

    def _sides(self, node: Mapping[str, Any]) -> list[list[Fact]]:
        """Say that a polynomial is below 0, or is 0, or is above."""
        value = self._polynomial(node["cases"])
        below = Fact(self._sums.combination((-1, value)), Relation.ABOVE)
        above = Fact(value, Relation.ABOVE)
        equal = Fact(value, Relation.EQUAL)
        return [[self._reading.tight(fact)] for fact in (below, equal, above)]

    def _factors(self, node: Mapping[str, Any], chosen: Mapping[str, int]) -> list[list[Fact]]:
        """Say that the first of two factors of a number is one of its divisors."""
        equation = self._total(node["factors"], chosen)
        left, right = self._polynomial(node["left"]), self._polynomial(node["right"])
        factors = self._sums.multiply(left, right)
        for sign in (1, -1):
            number = self._sums.combination((1, factors), (sign, equation.sum))
            if set(number) == {ONE}:
                break
        else:
            raise ValueError("a product is not what it is said to be")
        whole = number[ONE].denominator == 1 and all(map(self._is_whole, (left, right)))
        if equation.relation is not Relation.EQUAL or not whole:
            raise ValueError("only whole numbers have divisors")
        primes = {int(prime): int(power) for prime, power in node["primes"].items()}
        return [
            [
                self._reading.tight(
                    Fact(self._sums.combination((1, side), (-value, {ONE: Fraction(1)})), EQ)
                )
                for side, value in ((left, divisor), (right, int(number[ONE]) // divisor))
            ]
            for divisor in divisors(int(number[ONE]), primes)
        ]

    def _is_whole(self, value: Sum) -> bool:
        return self._reading.whole(value) and all(
            number.denominator == 1 for number in value.values()
        )

    def _at(self, path: str, chosen: Mapping[str, int]) -> Formula:
        """Find a place, which must hold under what was chosen."""
        self._sums.spend(1 + len(path))
        root, *indexes = path.split("/")
        problem = self._problem
        if root in self._cases:
            if len(indexes) not in (1, 2) or chosen[root] != int(indexes[0]):
                raise LookupError(path)
            facts = self._cases[root][chosen[root]]
            return Formula(fact=facts[int(indexes[1]) if len(indexes) > 1 else 0])
        if root == UNDEFINED and problem.undefined:
            if chosen[UNDEFINED] != int(indexes[0]):
                raise LookupError(path)
            here = f"{root}/{indexes.pop(0)}"
            formula = self._formula(here, Mode.UNDEFINED, chosen[UNDEFINED])
        elif root in self._places:
            if problem.undefined and self._places[root] >= chosen[UNDEFINED]:
                raise LookupError(path)
            here = root
            formula = self._formula(here, Mode.TRUE, self._places[root])
        else:
            if problem.undefined or problem.violate is None or problem.violate.where != root:
                raise LookupError(path)
            here, term = root, problem.violate.term
            formula = Formula(((Mode.FALSE, term), (Mode.UNDEFINED, term)), any=True)
        for text in indexes:
            index = int(text)
            if not 0 <= index < len(formula.parts) or text != str(index):
                raise LookupError(path)
            if formula.any and chosen.get(here) != index and not self._alone(formula, index):
                raise LookupError(path)
            here = f"{here}/{index}"
            if here not in self._formulas:
                self._formulas[here] = self._reading.formula(formula.parts[index])
            formula = self._formulas[here]
        return formula

    def _formula(self, here: str, mode: Mode, index: int) -> Formula:
        if here not in self._formulas:
            term = self._problem.assume[index].term
            self._formulas[here] = self._reading.formula((mode, term))
        return self._formulas[here]

    def _alone(self, formula: Formula, index: int) -> bool:
        """Say whether all other parts are false by themselves."""
        return all(
            other == index or self._is_false(self._reading.formula(part))
            for other, part in enumerate(formula.parts)
        )

    def _is_false(self, formula: Formula) -> bool:
        if formula is FALSE or (formula.fact is not None and formula.fact.impossible):
            return True
        found = (self._is_false(self._reading.formula(part)) for part in formula.parts)
        return all(found) if formula.any else any(found)

    def _fact(self, name: str, chosen: Mapping[str, int], steps: Mapping[str, Fact]) -> Fact:
        if name in steps:
            return steps[name]
        edge, _, variable = name.rstrip(")").partition("(")
        half = self._reading.half
        if edge in ("low", "high") and half is not None:
            if self._problem.sorts[variable] is not Sort.INT:
                raise LookupError(name)
            value, one = self._monomial([variable]), Fraction(1)
            constant: Sum = {ONE: Fraction(half)}
            if edge == "high":
                return Fact(
                    self._sums.combination((-1, value), (1, constant), (-1, {ONE: one})),
                    Relation.AT_LEAST,
                )
            return Fact(self._sums.combination((1, value), (1, constant)), Relation.AT_LEAST)
        fact = self._at(name, chosen).fact
        if fact is None:
            raise LookupError(name)
        return fact

    def _sum(
        self, weights: Mapping[str, str], chosen: Mapping[str, int], steps: Mapping[str, Fact]
    ) -> Fact:
        """Add facts; all but equations only with numbers above 0."""
        total: Sum = {}
        relation = Relation.EQUAL
        for name, weight in weights.items():
            times = self._number(weight)
            fact = self._fact(name, chosen, steps)
            if fact.relation is not Relation.EQUAL:
                if times <= 0:
                    raise ValueError("what is no equation is taken less than once")
                if relation is not Relation.ABOVE:
                    relation = fact.relation
            total = self._sums.combination((1, total), (times, fact.sum))
        return Fact(total, relation)

    def _step(
        self, step: Mapping[str, Any], chosen: Mapping[str, int], steps: Mapping[str, Fact]
    ) -> Fact:
        """Derive a fact."""
        if "square" in step:
            half = self._monomial(step["square"])
            return Fact(self._sums.multiply(half, half), Relation.AT_LEAST)
        if "descent" in step:
            return self._descent(self._fact(step["descent"], chosen, steps), step)
        if "product" in step:
            first, second = (self._fact(name, chosen, steps) for name in step["product"])
            relations = {first.relation, second.relation}
            relation = Relation.EQUAL if Relation.EQUAL in relations else Relation.AT_LEAST
            if relations == {Relation.ABOVE}:
                relation = Relation.ABOVE
            return Fact(self._sums.multiply(first.sum, second.sum), relation)
        fact = self._sum(step["sum"], chosen, steps)
        if "times" in step:
            if fact.relation is not Relation.EQUAL:
                raise ValueError("only an equation can be multiplied by a variable")
            fact = Fact(
                self._sums.multiply(fact.sum, self._monomial(step["times"])), Relation.EQUAL
            )
        elif step.get("cut") is True:
            if not self._reading.whole(fact.sum):
                raise ValueError("only a sum over whole numbers can be rounded")
            strict = fact.relation is Relation.ABOVE
            relation = Relation.ABOVE if strict else Relation.AT_LEAST
            fact = self._reading.tight(Fact(fact.sum, relation))
        elif "modulus" in step:
            fact = self._sharper(fact, step, chosen, steps)
        return fact

    def _descent(self, form: Fact, step: Mapping[str, Any]) -> Fact:
        """Take an atom to be 0, since it could be divided without end if it were not."""
        if form.relation is not Relation.EQUAL or not self._is_whole(form.sum):
            raise ValueError("only an equation of whole numbers can be divided without end")
        atom = self._atom(step["of"])
        among = any(atom == one for each in form.sum for one, _ in each)
        if not among or not only_zero(form.sum, step["modulus"], step["divisor"], self._sums.spend):
            raise ValueError("the equation has other solutions")
        return Fact({frozenset({(atom, 1)}): Fraction(1)}, Relation.EQUAL)

    def _sharper(
        self,
        fact: Fact,
        step: Mapping[str, Any],
        chosen: Mapping[str, int],
        steps: Mapping[str, Fact],
    ) -> Fact:
        """Take a sum of whole numbers to be at least what it may leave for a modulus."""
        windows: list[Window] = []
        for names in step["within"]:
            facts = [self._fact(name, chosen, steps) for name in names]
            if len(facts) == 1 and facts[0].relation is Relation.EQUAL:
                windows.append(Window(facts[0].sum, 0))
                continue
            low, high = facts
            width = self._sums.combination((1, low.sum), (1, high.sum))
            if not width.keys() <= {ONE}:
                raise ValueError("two bounds are of different polynomials")
            windows.append(Window(low.sum, int(width.get(ONE, 0))))
        if not all(self._is_whole(each) for each in (fact.sum, *(one.sum for one in windows))):
            raise ValueError("only whole numbers have residues")
        found = residues(fact.sum, step["modulus"], windows, self._sums.spend)
        if not found:
            return Fact({ONE: Fraction(-1)}, Relation.AT_LEAST)
        least: Sum = {ONE: Fraction(min(found))}
        return Fact(self._sums.combination((1, fact.sum), (-1, least)), Relation.AT_LEAST)

    def _polynomial(self, given: list[list[str]]) -> Sum:
        terms = ((self._number(number), self._monomial(names)) for number, *names in given)
        return self._sums.combination(*terms)

    def _number(self, text: str) -> Fraction:
        self._sums.spend(1 + (len(text) ** 2 >> 19))
        number = number_of(text)
        if number is None:
            raise ValueError("what should be a number is none")
        return number

    def _monomial(self, names: list[str]) -> Sum:
        result: Sum = {ONE: Fraction(1)}
        for name in names:
            result = self._sums.multiply(result, {frozenset({(self._atom(name), 1)}): Fraction(1)})
        return result

    def _atom(self, name: str) -> Atom:
        """Find an atom by its name or text."""
        sort = self._problem.sorts.get(name)
        if sort is Sort.BOOL:
            raise ValueError("a truth value is not a number")
        if sort is not None:
            return name
        if not self._atoms:
            conditions = [*self._problem.assume]
            if self._problem.violate is not None:
                conditions.append(self._problem.violate)
            stack: list[Term] = [condition.term for condition in conditions]
            while stack:
                term = stack.pop()
                if not isinstance(term, Operation):
                    continue
                stack += term.arguments
                if term.sort is not Sort.BOOL:
                    if term.op is Op.MODULO:
                        term = self._reading.quotient(term)
                    self._atoms[write(term)] = self._reading.atom(term)
        return self._atoms[name]
