"""One branch of a search: everything that is taken to be so, taken apart as far as it goes."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from .goal import Alternative, Fact, Goal, Mode, Split, definitions, integers, undefined
from .linear import Relation, System, decided, normal
from .polynomial import ONE, Polynomial, combine, scale, whole
from .problem import DIVISIONS, can_be_undefined
from .value import Values, constant

__all__ = ["Apart", "Branch", "Proof"]

EQUAL, AT_LEAST, ABOVE = Relation.EQUAL, Relation.AT_LEAST, Relation.ABOVE

# Looking a member up in its class takes longer than the comparison itself.
BOOL = Sort.BOOL
LESS, LESS_EQUAL, GREATER = Op.LESS, Op.LESS_EQUAL, Op.GREATER
IS, IS_NOT = Op.EQUAL, Op.NOT_EQUAL
DEFINED, UNDEFINED, TRUTH = Mode.DEFINED, Mode.UNDEFINED, Mode.TRUE


class Proof(NamedTuple):
    """Why a branch cannot be, as a node of a certificate; and the facts that it stands on."""

    node: dict[str, Any]
    used: set[str]


class Apart(NamedTuple):
    """A polynomial is not 0: below it at `path`/0, or above it at `path`/1."""

    path: str
    polynomial: Polynomial


class Branch:
    """What is taken to be so.

    `splits` wait until nothing else is left to do. A branch that was refuted is of no more use.
    """

    __slots__ = ("apart", "known", "ranged", "splits", "system", "truths", "values")

    def __init__(self, values: Values) -> None:
        self.values = values
        self.system = System(values.book)
        self.ranged: set[str] = set()  # the machine integers whose range the system knows
        self.truths: dict[str, tuple[bool, str]] = {}
        self.splits: list[Split] = []
        self.apart: list[Apart] = []
        self.known: set[int] = set()  # the terms, by identity, that were taken to be defined

    def copy(self) -> Branch:
        """Give a branch that may grow on its own."""
        twin = Branch.__new__(Branch)  # a branch of nothing would be made in vain
        twin.values = self.values
        twin.system = self.system.copy()
        twin.ranged = self.ranged.copy()
        twin.truths = self.truths.copy()
        twin.splits = self.splits.copy()
        twin.apart = self.apart.copy()
        twin.known = self.known.copy()
        return twin

    def take(self, alternative: Alternative) -> Proof | None:
        """Take goals to be so, and all that follows from how they are built.

        Returns:
            A proof that it cannot be, if that is plain.
        """
        waiting: Alternative = alternative[::-1]
        while waiting:
            item = waiting.pop()
            self.values.book.spend(5)
            if isinstance(item, Fact):
                proof = self.fact(*item)
            elif isinstance(item, Split):
                proof = self._split(item, waiting)
            elif item.mode is DEFINED:
                proof = self._defined(item.term, item.path, waiting)
            elif item.mode is UNDEFINED:
                proof = self._undefined(item.term, item.path, waiting)
            else:
                proof = self._truth(item.term, item.mode is TRUTH, item.path, waiting)
            if proof is not None:
                return proof
        return None

    def fact(self, polynomial: Polynomial, relation: Relation, path: str) -> Proof | None:
        """Take a polynomial to compare with 0."""
        book = self.values.book
        polynomial, relation = normal(polynomial, relation, book.all_whole(polynomial))
        holds = decided(polynomial, relation)
        if holds is not None:
            return None if holds else _false(path)
        conflict = self.system.add(polynomial, relation, {book.note(path): 1})
        return None if conflict is None else Proof(*book.write(conflict))

    def separate(self, polynomial: Polynomial, path: str) -> Proof | None:
        """Take a polynomial not to be 0."""
        number = constant(polynomial)
        if number is None:
            self.apart.append(Apart(path, whole(polynomial)))
            return None
        return None if number else _false(path)

    def _split(self, split: Split, waiting: Alternative) -> Proof | None:
        left = [ways for ways in split.alternatives if ways is not None]
        if not left:
            return _false(split.path)
        if len(left) == 1:
            waiting.extend(left[0])
        else:
            self.splits.append(split)
        return None

    def _truth(self, term: Term, holds: bool, path: str, waiting: Alternative) -> Proof | None:
        if isinstance(term, Variable):
            known = self.truths.setdefault(term.name, (holds, path))
            if known[0] is holds:
                return None
            return Proof({"clash": [known[1], path]}, {known[1], path})
        if isinstance(term, Literal):
            return None if term.value is holds else _false(path)
        op, arguments = term.op, term.arguments
        if arguments[0].sort is not BOOL:
            return self._comparison(term, holds, path, waiting)
        mode = Mode.TRUE if holds else Mode.FALSE
        match op:
            case Op.NOT:
                mode = Mode.FALSE if holds else Mode.TRUE
                waiting.append(Goal(mode, arguments[0], f"{path}/0"))
            case Op.AND | Op.OR if holds is (op is Op.AND):
                waiting.extend(
                    Goal(mode, argument, f"{path}/{index}")
                    for index, argument in reversed(list(enumerate(arguments)))
                )
            case Op.AND | Op.OR:
                self.splits.append(self._one_of(arguments, mode, path))
            case Op.IMPLIES if not holds:
                waiting.append(Goal(Mode.FALSE, arguments[1], f"{path}/1"))
                waiting.append(Goal(Mode.TRUE, arguments[0], f"{path}/0"))
            case Op.IMPLIES:
                first: Alternative = [Goal(Mode.FALSE, arguments[0], f"{path}/0/0")]
                both = (Mode.TRUE, arguments[0]), (Mode.TRUE, arguments[1])
                self.splits.append(Split(path, [first, _goals(f"{path}/1", *both)]))
            case Op.ITE:
                test, then, other = arguments
                chosen = _goals(f"{path}/0", (Mode.TRUE, test), (mode, then))
                passed = _goals(f"{path}/1", (Mode.FALSE, test), (mode, other))
                self.splits.append(Split(path, [chosen, passed]))
            case _:
                self.splits.append(_alike(arguments, holds is (op is IS), path))
        return None

    def _one_of(self, arguments: tuple[Term, ...], mode: Mode, path: str) -> Split:
        """Split over the first argument that decides an `and` or `or`."""
        other = Mode.FALSE if mode is Mode.TRUE else Mode.TRUE
        before: list[tuple[int, Term]] = []
        alternatives: list[Alternative | None] = []
        for index, argument in enumerate(arguments):
            place = f"{path}/{index}"
            way: Alternative = [Goal(mode, argument, f"{place}/{index}")]
            way.extend(Goal(other, term, f"{place}/{earlier}") for earlier, term in before)
            alternatives.append(way)
            if can_be_undefined(argument, self.values.int_bits):
                before.append((index, argument))  # otherwise it adds nothing that is needed
        return Split(path, alternatives)

    def _comparison(
        self, term: Operation, holds: bool, path: str, waiting: Alternative
    ) -> Proof | None:
        values = self.values
        left, right = term.arguments
        values.special = False
        difference = values.difference(left, right)
        if values.special:
            waiting.append(Goal(Mode.DEFINED, right, f"{path}/1"))
            waiting.append(Goal(Mode.DEFINED, left, f"{path}/0"))
        op = term.op
        if op is IS or op is IS_NOT:
            if holds is (op is IS):
                return self.fact(difference, EQUAL, path)
            return self.separate(difference, f"{path}/2")
        strict = op is LESS or op is GREATER
        if holds is (op is LESS or op is LESS_EQUAL):  # the right side is the larger one
            difference = {column: -value for column, value in difference.items()}
        return self.fact(difference, ABOVE if strict is holds else AT_LEAST, path)

    def _defined(self, term: Term, path: str, waiting: Alternative) -> Proof | None:
        """Take a numeric term to be defined, and its columns to mean what they mean."""
        values = self.values
        bits = values.int_bits
        if not isinstance(term, Operation):
            return _false(path) if can_be_undefined(term, bits) else None
        if id(term) in self.known:
            return None
        values.special = False
        values.of(term)
        if not values.special:
            return None
        self.known.add(id(term))
        if term.op is Op.ITE:
            waiting.append(self._choice(term, path))
            return None
        count = len(term.arguments)
        waiting.extend(
            Goal(Mode.DEFINED, argument, f"{path}/{index}")
            for index, argument in enumerate(term.arguments)
        )
        if term.op in DIVISIONS:
            proof = self.separate(values.of(term.arguments[1]), f"{path}/{count}")
            if proof is not None:
                return proof
        waiting.extend(definitions(values, term, f"{path}/{count + 1}"))
        for index, integer in enumerate(integers(values, term)):
            assert bits is not None
            half = 1 << (bits - 1)
            place = f"{path}/{count + 2}"
            below = combine(scale(integer, -1), 1, {ONE: 1}, half)
            waiting.append(Fact(below, ABOVE, f"{place}/{2 * index}"))
            above = combine(integer, 1, {ONE: 1}, half)
            waiting.append(Fact(above, AT_LEAST, f"{place}/{2 * index + 1}"))
        return None

    def _choice(self, term: Operation, path: str) -> Split:
        test, *branches = term.arguments
        column = self.values.of(term)
        alternatives: list[Alternative | None] = []
        for index, (mode, branch) in enumerate(zip((Mode.TRUE, Mode.FALSE), branches, strict=True)):
            place = f"{path}/{index}"
            way: Alternative = _goals(place, (mode, test), (Mode.DEFINED, branch))
            equation = combine(column, 1, self.values.of(branch), -1)
            way.append(Fact(equation, EQUAL, place))
            alternatives.append(way)
        return Split(path, alternatives)

    def _undefined(self, term: Term, path: str, waiting: Alternative) -> Proof | None:
        bits = self.values.int_bits
        if not isinstance(term, Operation):
            return None if can_be_undefined(term, bits) else _false(path)
        arguments = term.arguments
        match term.op:
            case Op.NOT:
                waiting.append(Goal(Mode.UNDEFINED, arguments[0], f"{path}/0"))
                return None
            case Op.AND | Op.OR | Op.IMPLIES:
                mode = Mode.FALSE if term.op is Op.OR else Mode.TRUE
                ways = [
                    self._unless(
                        (Mode.UNDEFINED, argument),
                        f"{path}/{index}",
                        *((mode, earlier) for earlier in arguments[:index]),
                    )
                    for index, argument in enumerate(arguments)
                ]
            case Op.ITE:
                test, then, other = arguments
                ways = [
                    self._unless((Mode.UNDEFINED, test), f"{path}/0"),
                    self._unless((Mode.UNDEFINED, then), f"{path}/1", (Mode.TRUE, test)),
                    self._unless((Mode.UNDEFINED, other), f"{path}/2", (Mode.FALSE, test)),
                ]
            case _ if term.sort is Sort.BOOL:
                ways = [
                    [Goal(Mode.UNDEFINED, argument, f"{path}/{index}")]
                    if can_be_undefined(argument, bits)
                    else None
                    for index, argument in enumerate(arguments)
                ]
            case _:
                ways = undefined(self.values, term, path)
        return self._split(Split(path, ways), waiting)

    def _unless(
        self, last: tuple[Mode, Term], path: str, *before: tuple[Mode, Term]
    ) -> Alternative | None:
        """Take the last after those before it, unless it can never be undefined."""
        if not can_be_undefined(last[1], self.values.int_bits):
            return None
        return _goals(path, *before, last)


def _goals(path: str, *parts: tuple[Mode, Term]) -> Alternative:
    return [Goal(mode, term, f"{path}/{index}") for index, (mode, term) in enumerate(parts)]


def _alike(arguments: tuple[Term, ...], alike: bool, path: str) -> Split:
    """Split over the two ways in which conditions are equal, or are not."""
    first, second = arguments
    same = (Mode.TRUE, Mode.FALSE)
    return Split(
        path,
        [
            _goals(f"{path}/{index}", (mode, first), (mode if alike else same[1 - index], second))
            for index, mode in enumerate(same)
        ],
    )


def _false(path: str) -> Proof:
    return Proof({"false": path}, {path})
