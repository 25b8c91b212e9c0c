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
  `"times": [VARIABLE, ...]` (of equations alone); `{"product": [NAME, NAME]}` or
  `{"square": [VARIABLE, ...]}`.

A fact over whole numbers is as tight as it can be: `2*x > 3` is read as `x - 2 >= 0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ..intent.tree import Sort
from .formula import FALSE, ONE, Fact, Formula, Mode, Relation, Sum, combination, multiply
from .problem import Problem
from .reading import Reading

__all__ = ["check"]

UNDEFINED = "undefined"


def check(problem: Problem, certificate: Mapping[str, Any]) -> bool:
    """Say whether a certificate proves that a problem has no model; trust nothing in it."""
    try:
        return _Checker(problem).refutes(certificate["proof"], {})
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return False  # not of the form that is described above


class _Checker:
    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._reading = Reading(problem.sorts, problem.int_bits)
        self._places = {condition.where: index for index, condition in enumerate(problem.assume)}
        self._formulas: dict[str, Formula] = {}
        claimed = problem.violate
        names = len(problem.assume) + (claimed is not None)
        if len(self._places.keys() | ({claimed.where} if claimed else set())) < names:
            raise ValueError("two conditions have one name")

    def refutes(self, node: Mapping[str, Any], chosen: Mapping[str, int]) -> bool:
        """Say whether a node shows that what was chosen cannot be."""
        if "false" in node:
            return self._is_false(self._at(node["false"], chosen))
        if "clash" in node:
            first, second = (self._at(path, chosen).variable for path in node["clash"])
            return first is not None and second == (first[0], not first[1])
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
        steps: dict[str, Fact] = {}
        for index, step in enumerate(node.get("steps", ())):
            steps[f"#{index}"] = self._step(step, chosen, steps)
        return self._sum(node["sum"], chosen, steps).impossible

    def _at(self, path: str, chosen: Mapping[str, int]) -> Formula:
        """Find a place, which must hold under what was chosen."""
        root, *indexes = path.split("/")
        problem = self._problem
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
            value, one = _variables([variable]), Fraction(1)
            constant: Sum = {ONE: Fraction(half)}
            if edge == "high":
                return Fact(
                    combination((-1, value), (1, constant), (-1, {ONE: one})),
                    Relation.AT_LEAST,
                )
            return Fact(combination((1, value), (1, constant)), Relation.AT_LEAST)
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
            times = Fraction(weight)
            fact = self._fact(name, chosen, steps)
            if fact.relation is not Relation.EQUAL:
                if times <= 0:
                    raise ValueError(f"{name} is taken {weight} times")
                if relation is not Relation.ABOVE:
                    relation = fact.relation
            total = combination((1, total), (times, fact.sum))
        return Fact(total, relation)

    def _step(
        self, step: Mapping[str, Any], chosen: Mapping[str, int], steps: Mapping[str, Fact]
    ) -> Fact:
        """Derive a fact."""
        if "square" in step:
            half = self._monomial(step["square"])
            return Fact(multiply(half, half), Relation.AT_LEAST)
        if "product" in step:
            first, second = (self._fact(name, chosen, steps) for name in step["product"])
            relations = {first.relation, second.relation}
            relation = Relation.EQUAL if Relation.EQUAL in relations else Relation.AT_LEAST
            if relations == {Relation.ABOVE}:
                relation = Relation.ABOVE
            return Fact(multiply(first.sum, second.sum), relation)
        fact = self._sum(step["sum"], chosen, steps)
        if "times" in step:
            if fact.relation is not Relation.EQUAL:
                raise ValueError("only an equation can be multiplied by a variable")
            return Fact(multiply(fact.sum, self._monomial(step["times"])), Relation.EQUAL)
        if step.get("cut") is True:
            if not self._reading.whole(fact.sum):
                raise ValueError("only a sum over whole numbers can be rounded")
            strict = fact.relation is Relation.ABOVE
            relation = Relation.ABOVE if strict else Relation.AT_LEAST
            return self._reading.tight(Fact(fact.sum, relation))
        return fact

    def _monomial(self, names: list[str]) -> Sum:
        if any(self._problem.sorts[name] is Sort.BOOL for name in names):
            raise ValueError("a truth value is not a number")
        return _variables(names)


def _variables(names: list[str]) -> Sum:
    result: Sum = {ONE: Fraction(1)}
    for name in names:
        result = multiply(result, {frozenset({(name, 1)}): Fraction(1)})
    return result
