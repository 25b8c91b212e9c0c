"""A search for what is about products of whole numbers: residues, divisors, signs of factors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, final

from .book import Origin
from .branch import Branch, Proof
from .divisor import divided, shared
from .elimination import complete, eliminate, near
from .goal import Alternative, Fact
from .linear import Relation, System
from .nonlinear import enrich, monomials, substituted
from .polynomial import ONE, Column, Number, Polynomial, combine, scale
from .residue import descend, sharpen
from .search import Model, Search, refuted
from .seeking import seek

__all__ = ["DeepSearch"]

EQUAL, ABOVE = Relation.EQUAL, Relation.ABOVE
MAX_CASES = 4


@final
class DeepSearch(Search):
    """Looks for a model of a problem, or for a proof that there is none, where `Search` gave up."""

    __slots__ = ()

    def settle(self, branch: Branch, depth: int) -> Proof | Model | None:
        """Decide a branch without splits."""
        if not monomials(branch):
            return super().settle(branch, depth)
        conflict: Origin | None = None
        model = self._plain(branch, branch.system, {})
        if model is None:
            conflict = sharpen(branch)
        if conflict is None and model is None:
            if branch.apart:
                return self.sides(branch, branch.apart[0], depth)
            found = self._divisors(branch, depth)
            if found is not None:
                return found
            conflict = _derived(branch)
        if conflict is not None:
            return Proof(*branch.values.book.write(conflict))
        return (
            model
            or self._signs(branch, _cofactors(branch), depth)
            or refuted(branch)
            or self._sought(branch)
            or self._signs(branch, _differences(branch), depth)
        )

    def _divisors(self, branch: Branch, depth: int) -> Proof | Model | None:
        """Split over the divisors of a number that is a product."""
        factors = divided(branch)
        if factors is None:
            return None
        book = branch.values.book
        name = book.case()
        ways: list[Alternative | None] = []
        for index, divisor in enumerate(factors.divisors):
            place = f"{name}/{index}"
            other = factors.number // divisor
            ways.append(
                [
                    Fact(combine(factors.left, 1, {ONE: 1}, -divisor), EQUAL, f"{place}/0"),
                    Fact(combine(factors.right, 1, {ONE: 1}, -other), EQUAL, f"{place}/1"),
                ]
            )
        leaf, used = book.write(factors.equation.origin)
        node: dict[str, Any] = {
            "factors": leaf,
            "left": book.terms(factors.left),
            "right": book.terms(factors.right),
            "primes": {str(prime): str(power) for prime, power in factors.primes.items()},
            "as": name,
        }
        return self.divide(branch, name, ways, depth + 1, Proof(node, used))

    def _signs(
        self, branch: Branch, candidates: Iterable[Polynomial], depth: int
    ) -> Proof | Model | None:
        """Split over the sign of the first of some polynomials for which that was not done."""
        book = branch.values.book
        if book.cases >= MAX_CASES:
            return None
        for rest in candidates:
            if self._known(branch, rest):
                continue
            case = book.case()
            ways: list[Alternative | None] = [
                [Fact(scale(rest, -1), ABOVE, f"{case}/0")],
                [Fact(rest, EQUAL, f"{case}/1")],
                [Fact(rest, ABOVE, f"{case}/2")],
            ]
            start = Proof({"cases": book.terms(rest), "as": case}, set())
            return self.divide(branch, case, ways, depth + 1, start)
        return None

    def _known(self, branch: Branch, polynomial: Polynomial) -> bool:
        """Say whether the sign of a polynomial was looked at."""
        if not branch.system.reduce(polynomial, {})[0].keys() - {ONE}:
            return True
        columns = {column: number for column, number in polynomial.items() if column != ONE}
        for row in branch.system.rows:
            known = {column: number for column, number in row.polynomial.items() if column != ONE}
            if known in (columns, scale(columns, -1)):
                return True
        return False

    def _sought(self, branch: Branch) -> Model | None:
        """Look for whole numbers that satisfy an equation."""
        for values in seek(branch):
            system = branch.system
            for name, value in values.items():
                straight = substituted(system, name, value)
                if straight is None:
                    break
                system = straight
            else:
                model = self._plain(branch, system, values)
                if model is not None:
                    return model
        return None

    def _plain(
        self, branch: Branch, system: System, values: Mapping[Column, Number]
    ) -> Model | None:
        """Make a model of some values and others near to 0."""
        point = near(system, (0,), ())
        full = None if point is None else complete(system, point)
        return None if full is None else self.checked(branch, {**full, **values})


def _derived(branch: Branch) -> Origin | None:
    """Look for a sum of facts that cannot be, with all that follows for products."""
    for look in (_enriched, _eliminated, sharpen, descend, _eliminated):
        conflict = look(branch)
        if conflict is not None:
            return conflict
    return None


def _enriched(branch: Branch) -> Origin | None:
    return enrich(branch, deep=True)


def _eliminated(branch: Branch) -> Origin | None:
    return eliminate(branch.system)[0]


def _cofactors(branch: Branch) -> Iterator[Polynomial]:
    """Yield sums that stand in a row times a column whose sign is known."""
    system = branch.system
    for row in list(system.rows):
        found = shared(row.polynomial)
        if found is None or len(found[1].keys() - {ONE}) == 1:
            continue
        lower, upper = system.lower.get(found[0]), system.upper.get(found[0])
        if (lower and lower.value >= 0) or (upper and upper.value <= 0):
            yield found[1]


def _differences(branch: Branch) -> Iterator[Polynomial]:
    """Yield differences and sums of columns whose squares are compared."""
    squares = {name for name, *rest in monomials(branch) if rest == [name]}
    for first, second in combinations(sorted(squares), 2):
        yield {first: 1, second: -1}
        yield {first: 1, second: 1}
