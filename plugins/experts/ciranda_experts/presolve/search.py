"""A bounded search: branches are refuted one by one until a model is met or none is left."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from ..intent.tree import Sort
from .branch import Apart, Branch, Proof
from .elimination import Point, complete, eliminate, near, value_at
from .goal import Alternative, Fact
from .linear import Relation
from .nonlinear import enrich, monomials, pinned
from .polynomial import ONE, Column, Polynomial, scale
from .problem import Problem
from .witness import witnesses

__all__ = ["Model", "Search", "refuted"]

Model: TypeAlias = dict[str, bool | int | Fraction]

ZEROS: Sequence[int] = (0,)
SPREAD: Sequence[int] = (1, 2, 4, 7, 11, 16, 23, 31, 41, 53, 67, 83)
MAX_DEPTH = 60


class Search:
    """Looks for a model of one problem, or for a proof that there is none."""

    __slots__ = ("_problem", "bent")

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.bent = False  # whether products of columns were what stood in the way

    def explore(self, branch: Branch, depth: int = 0) -> Proof | Model | None:
        """Decide a branch; None when it is not easy."""
        proof = refuted(branch)
        if proof is not None:
            return proof
        if depth > MAX_DEPTH:
            return None
        if branch.splits:
            index = min(
                range(len(branch.splits)), key=lambda each: len(branch.splits[each].alternatives)
            )
            path, alternatives = branch.splits.pop(index)
            return self.divide(branch, path, alternatives, depth)
        return self.settle(branch, depth)

    def divide(
        self,
        branch: Branch,
        path: str,
        alternatives: Sequence[Alternative | None],
        depth: int = 0,
        reason: Proof | None = None,
    ) -> Proof | Model | None:
        """Decide a branch of which one of some alternatives holds.

        Args:
            branch: What is taken to be so.
            path: The place that says it.
            alternatives: One of them holds.
            depth: How many splits there were.
            reason: What begins the node of a certificate, where that is no split over a place.
        """
        proofs: list[Proof] = []
        unknown = False
        for index, alternative in enumerate(alternatives):
            place = f"{path}/{index}"
            found: Proof | Model | None
            if alternative is None:
                found = Proof({"false": place}, {place})
            else:
                twin = branch.copy()
                found = twin.take(alternative)
                if found is None:
                    found = self.explore(twin, depth + 1)
            if found is None:
                unknown = True
            elif isinstance(found, dict):
                return found
            elif not _within(found.used, place):
                return found  # it stands without the alternative
            else:
                proofs.append(found)
        if unknown:
            return None
        start, used = reason or Proof({"split": path}, {path})
        node: dict[str, Any] = {**start, "branches": [proof.node for proof in proofs]}
        return Proof(node, used.union(*(proof.used for proof in proofs)))

    def settle(self, branch: Branch, depth: int) -> Proof | Model | None:
        """Decide a branch without splits."""
        system = branch.system
        apart = [system.reduce(each.polynomial, {})[0] for each in branch.apart]
        if not all(apart):
            return self.sides(branch, branch.apart[apart.index({})], depth)
        columns = [column for polynomial in apart for column in polynomial if column != ONE]
        for wishes in (ZEROS, SPREAD):
            point = near(system, wishes, columns)
            if point is None:
                break
            model = self._model(branch, apart, point)
            if model is not None:
                return model
        return self._eliminated(branch, apart, columns, depth)

    def _eliminated(
        self,
        branch: Branch,
        apart: Sequence[Polynomial],
        columns: Sequence[Column],
        depth: int,
    ) -> Proof | Model | None:
        """Decide a branch for which no model lies near."""
        system = branch.system
        conflict, point = eliminate(system)
        if conflict is not None:
            return Proof(*branch.values.book.write(conflict))
        if point is not None:
            for column in columns:
                point.setdefault(column, 0)
        model = self._model(branch, apart, point)
        if model is not None:
            return model
        if monomials(branch):
            return self._bend(branch, depth)
        full = None if point is None else complete(system, point)
        for each, polynomial in zip(branch.apart, apart, strict=True):
            if full is not None and value_at(polynomial, full) == 0:
                return self.sides(branch, each, depth)
        return None

    def _bend(self, branch: Branch, depth: int) -> Proof | Model | None:
        """Decide a branch with products of columns."""
        self.bent = True
        system = branch.system
        conflict = enrich(branch)
        if conflict is None:
            conflict, _ = eliminate(system)
        if conflict is not None:
            return Proof(*branch.values.book.write(conflict))
        for each in branch.apart:
            if not system.reduce(each.polynomial, {})[0]:
                return self.sides(branch, each, depth)
        for wishes in (ZEROS, SPREAD, (-1,), (2,)):
            straight, values = pinned(branch, wishes)
            point = None if straight is None else near(straight, wishes, ())
            full = None if straight is None or point is None else complete(straight, point)
            model = None if full is None else self.checked(branch, {**full, **values})
            if model is not None:
                return model
        if branch.apart:
            return self.sides(branch, branch.apart[0], depth)
        return None

    def sides(self, branch: Branch, apart: Apart, depth: int) -> Proof | Model | None:
        """Split over a polynomial that is not 0: it is below, or above."""
        path, polynomial = apart
        branch.apart = [each for each in branch.apart if each.path != path]
        ways: list[Alternative | None] = [
            [Fact(scale(polynomial, -1), Relation.ABOVE, f"{path}/0")],
            [Fact(polynomial, Relation.ABOVE, f"{path}/1")],
        ]
        return self.divide(branch, path, ways, depth)

    def _model(
        self, branch: Branch, apart: Sequence[Polynomial], point: Point | None
    ) -> Model | None:
        full = None if point is None else complete(branch.system, point)
        if full is None or any(value_at(each, full) == 0 for each in apart):
            return None
        return self.checked(branch, full)

    def checked(self, branch: Branch, point: dict[Column, int | Fraction]) -> Model | None:
        """Make a model of a point; what is not a model by the reference semantics is dropped."""
        model: Model = {}
        for name, sort in self._problem.sorts.items():
            if sort is Sort.BOOL:
                model[name] = branch.truths[name][0] if name in branch.truths else False
            else:
                value = point.get(name, 0)
                model[name] = value if sort is Sort.INT else Fraction(value)
        branch.values.book.spend(20 * len(self._problem.assume))
        return model if witnesses(self._problem, model) else None


def refuted(branch: Branch) -> Proof | None:
    """Refute a branch by the bounds of its columns, if they contradict a row."""
    conflict = branch.system.refute()
    return None if conflict is None else Proof(*branch.values.book.write(conflict))


def _within(used: set[str], place: str) -> bool:
    return any(path == place or path.startswith(f"{place}/") for path in used)
